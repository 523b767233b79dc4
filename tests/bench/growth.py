"""How a batch's cost grows with its records."""
import math


def fit(points) -> dict:
    """a + b n through [(n, cost), ...], by the least squares of the relative errors: the small ones count as much as
    the large ones. farthest is the largest relative error. power is that of n by which the cost grows from the third
    point, where what a batch costs by itself no longer counts, to the last: 1 is linear."""
    weights = [1 / cost ** 2 for _, cost in points]
    total = sum(weights)
    mean_n = sum(w * n for w, (n, _) in zip(weights, points)) / total
    mean_cost = sum(w * cost for w, (_, cost) in zip(weights, points)) / total
    slope = (sum(w * (n - mean_n) * (cost - mean_cost) for w, (n, cost) in zip(weights, points)) /
             sum(w * (n - mean_n) ** 2 for w, (n, _) in zip(weights, points)))
    base = mean_cost - slope * mean_n
    farthest = max(abs(base + slope * n - cost) / cost for n, cost in points)
    (n, cost), (last_n, last_cost) = points[2], points[-1]
    return {"points": points, "perBatchMicros": base, "perRecordMicros": slope, "farthest": farthest,
            "power": math.log(last_cost / cost) / math.log(last_n / n)}

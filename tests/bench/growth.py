"""Whether a batch's cost grows linearly with its records."""


def fit(points) -> dict:
    """a + b n through [(n, cost), ...], by the least squares of the relative errors: the small ones count as much as
    the large ones. farthest is the largest relative error."""
    weights = [1 / cost ** 2 for _, cost in points]
    total = sum(weights)
    mean_n = sum(w * n for w, (n, _) in zip(weights, points)) / total
    mean_cost = sum(w * cost for w, (_, cost) in zip(weights, points)) / total
    slope = (sum(w * (n - mean_n) * (cost - mean_cost) for w, (n, cost) in zip(weights, points)) /
             sum(w * (n - mean_n) ** 2 for w, (n, _) in zip(weights, points)))
    base = mean_cost - slope * mean_n
    farthest = max(abs(base + slope * n - cost) / cost for n, cost in points)
    return {"points": points, "perBatchMicros": base, "perRecordMicros": slope, "farthest": farthest}

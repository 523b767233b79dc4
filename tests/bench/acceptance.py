"""What must hold, as ratios between figures of one run."""
import dataclasses

import inputs

KCLHOST, NONE, FLOOR, PEERS = "kclhost", "kclhost, isolation none", "floor", ("kclpy", "aws-kcl")
MIB = 1 << 20


@dataclasses.dataclass
class Check:
    what: str
    measured: float
    limit: float  # measured must not be over it
    unit: str = ""
    floors: float | None = None  # what the floor itself measures, where that says whether any child could hold the limit

    @property
    def passed(self):
        return self.measured <= self.limit


def cpu(results, source, child):
    return results["inputs"][source.name][child]["cpuNanosPerByte"]


def cpu_checks(results):
    for source in (inputs.SMALL, inputs.MEDIUM, inputs.LARGE, inputs.MANY, inputs.HUGE):
        large = source is not inputs.SMALL
        for peer in PEERS:
            yield Check(f"CPU per byte, {source.name}, of {peer}'s",
                        cpu(results, source, KCLHOST) / cpu(results, source, peer), 1 / 15 if large else 1 / 10,
                        floors=cpu(results, source, FLOOR) / cpu(results, source, peer))
        yield Check(f"CPU per byte, {source.name}, of the floor's",
                    cpu(results, source, KCLHOST) / cpu(results, source, FLOOR), 2 if large else 2.5)


def rate_checks(results):
    rates = {child: row["megabytesPerSecond"] for child, row in results["inputs"][inputs.MEDIUM.name].items()}
    for peer in PEERS:
        yield Check(f"{peer}'s MB/s, {inputs.MEDIUM.name}, of kclhost's", rates[peer] / rates[KCLHOST], 1 / 5)
    yield Check(f"the floor's MB/s, {inputs.MEDIUM.name}, of kclhost's", rates[FLOOR] / rates[KCLHOST], 2)


def latency_checks(results):
    p50 = {child: row["latencyP50Micros"] for child, row in results["inputs"][inputs.ONE.name].items()}
    wakeups = results["twoWakeupsMicros"]["p50"]
    yield Check("p50 of one record, isolation none, against kclpy", p50[NONE], p50["kclpy"], "us")
    yield Check("p50 of one record, against kclpy and two wake-ups", p50[KCLHOST], p50["kclpy"] + wakeups, "us")


def start_checks(results):
    start = {child: row["startMillis"]["best"] for child, row in results["children"].items()}
    yield Check("start to initialize's status, of kclpy's", start[KCLHOST] / start["kclpy"], 1 / 8)


def memory_checks(results):
    ours, kclpy = results["children"][KCLHOST], results["children"]["kclpy"]
    yield Check("idle PSS, of kclpy's", ours["idleBytes"] / kclpy["idleBytes"], 1 / 3)
    yield Check("peak PSS under 10 x 10 MB, of kclpy's", ours["peakBytes"] / kclpy["peakBytes"], 1 / 2)
    yield Check("PSS 5 s later, over idle", (ours["afterBytes"] - ours["idleBytes"]) / MIB, 1, "MiB")


def growth_checks(results):
    # Large batches fall out of the caches, whoever reads them: linear is what grows no faster than the floor.
    ours, floor = (results["growth"][child]["power"] for child in (KCLHOST, FLOOR))
    yield Check("the power of n by which a batch of n records grows, against the floor's", ours, max(1, floor) + 0.05)


def scale_checks(results):
    rows = {(row["child"], row["shards"]): row for row in results.get("scale", {}).get("rows", [])}
    if (KCLHOST, 500) not in rows:
        return
    ours = rows[KCLHOST, 500]["idlePssBytes"]
    yield Check("PSS of 500 shards, of kclpy's", ours / rows["kclpy", 500]["idlePssBytes"], 1 / 3)
    for figure, name in (("pssBytes", "PSS"), ("busyCpuPerSecond", "CPU at 100 records/s")):
        few, many = (rows[KCLHOST, shards][figure] / shards for shards in (10, 500))
        yield Check(f"{name} per shard, with 500 shards, of that with 10", many / few, 1.25)


def not_checked(results) -> list:
    """What this run had no figures for, and the option that it takes."""
    return [] if "scale" in results else ["memory and CPU of 500 shards: --scale"]


def all_checks(results) -> list:
    found = []
    for part in (cpu_checks, rate_checks, latency_checks, start_checks, memory_checks, growth_checks, scale_checks):
        found += part(results)
    return found

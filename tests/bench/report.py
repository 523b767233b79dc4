"""The results as Markdown."""
import inputs

MIB = 1 << 20
COLUMNS = [("CPU ns/byte", "cpuNanosPerByte", "{:.2f}"), ("CPU us/batch", "cpuMicrosPerBatch", "{:.1f}"),
           ("MB/s", "megabytesPerSecond", "{:.0f}"), ("p50 us", "latencyP50Micros", "{:.0f}"),
           ("p99 us", "latencyP99Micros", "{:.0f}")]


def table(head, rows) -> list:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def of_input(name, children) -> list:
    ours = children["kclhost"]["cpuNanosPerByte"]
    rows = [[child] + [form.format(row[figure]) for _, figure, form in COLUMNS] +
            [f"{row['cpuNanosPerByte'] / ours:.2f}"] for child, row in children.items()]
    return [f"### {name}", ""] + table(["child"] + [title for title, _, _ in COLUMNS] + ["CPU, of kclhost's"], rows)


def of_children(children) -> list:
    rows = [[child, f"{row['startMillis']['best']:.1f}", f"{row['startMillis']['median']:.1f}",
             f"{row['idleBytes'] / MIB:.1f}", f"{row['peakBytes'] / MIB:.1f}", f"{row['afterBytes'] / MIB:.1f}"]
            for child, row in children.items()]
    return ["### Start and memory", ""] + table(
        ["child", "start, ms", "its median", "idle, MiB", "peak under 10 x 10 MB, MiB", "5 s later, MiB"], rows)


def grown(child, growth) -> str:
    points = ", ".join(f"{n:,}: {cost:.1f}" for n, cost in growth["points"])
    return (f"- {child}: a batch of n records of 1 KiB costs {growth['perBatchMicros']:.1f} + "
            f"{growth['perRecordMicros']:.3f} n us of CPU (measured, n: us: {points}; the farthest is "
            f"{100 * growth['farthest']:.0f} % off; from 100 records on it grows by n to the {growth['power']:.2f})")


def of_scale(scale) -> list:
    rows = []
    for row in scale["rows"]:
        shards = row["shards"]
        rows.append([row["child"] + (" (extrapolated)" if row.get("extrapolated") else ""), str(shards),
                     f"{row['idlePssBytes'] / shards / MIB:.2f}", f"{row['pssBytes'] / shards / MIB:.2f}",
                     f"{1e6 * row['idleCpuPerSecond'] / shards:.0f}", f"{1e6 * row['busyCpuPerSecond'] / shards:.0f}",
                     f"{row['descriptors'] / shards:.0f}"])
    return ["## Many shards on one machine", ""] + table(
        ["child", "shards", "PSS per shard idle, MiB", "at 100 records/s", "CPU idle, us/s", "at 100 records/s",
         "descriptors"], rows)


def of_daemon(daemon) -> list:
    rows = [[child, f"{row['drainSeconds']:.1f}", f"{row['childrenCpuSeconds']:.2f}", f"{row['jvmCpuSeconds']:.1f}",
             f"{row['childrenPeakBytes'] / MIB:.0f}", f"{row['jvmPeakBytes'] / MIB:.0f}"]
            for child, row in daemon["children"].items()]
    backlog = f"{daemon['records']:,} records of {daemon['size']:,} bytes on {daemon['shards']} shards"
    head = ["child", "drained in, s", "children's CPU, s", "JVM's CPU, s", "children's peak, MiB", "JVM's peak, MiB"]
    return [f"## The real daemon: {backlog}", ""] + table(head, rows)


def of_checks(checks, not_checked=()) -> list:
    floors = any(check.floors is not None for check in checks)
    head = ["", "what", "measured", "at most"] + ["the floor's own"] * floors
    rows = [["pass" if check.passed else "**FAIL**", check.what, f"{check.measured:.3f} {check.unit}".strip(),
             f"{check.limit:.3f} {check.unit}".strip()] +
            [f"{check.floors:.3f}" if check.floors is not None else ""] * floors for check in checks]
    without = [f"- {what}" for what in not_checked]
    told = ["Not checked, because it takes an option:", "", *without, ""] if without else []
    return ["## What must hold", "", *table(head, rows), *told]


def markdown(results, checks) -> str:
    lines = ["# kclhost and its peers", "", f"Measured {results['when']} on {results['machine']}.", "",
             "CPU is of the child and its descendants, user and system; bytes are the protocol's. Of each figure the "
             "median of several interleaved rounds; of the start the best. Memory is PSS. All processors do nothing, "
             "but those that are said to read each record's data: kclpy and aws-kcl decode base64 only then, kclhost always "
             "has.", ""]
    lines += of_checks(checks, results["notChecked"]) + ["## One shard", ""]
    for name in [source.name for source in inputs.MAIN]:
        lines += of_input(name, results["inputs"][name])
    lines += of_children(results["children"])
    lines += [f"Two wake-ups: p50 {results['twoWakeupsMicros']['p50']:.1f} us, "
              f"p99 {results['twoWakeupsMicros']['p99']:.1f} us.", "",
              *(grown(child, growth) for child, growth in results["growth"].items()), ""]
    if "scale" in results:
        lines += of_scale(results["scale"])
    if "daemon" in results:
        lines += of_daemon(results["daemon"])
    return "\n".join(lines + ["![CPU per byte, and memory](report.svg)", ""])

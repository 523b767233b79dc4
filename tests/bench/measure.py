"""The measurements on one shard, each round with every child in turn: what disturbs one disturbs all."""
import statistics

import inputs
import memory

# What a replay sends, bytes of protocol; the slow children get less, or a run would be theirs alone.
ENOUGH_FAST, ENOUGH_SLOW = 150e6, 25e6
SINGLE_BATCHES = 2_000  # of one record
# A record's JSON around its data.
OVERHEAD = 200


def repeats(source, child, share) -> int:
    enough = (ENOUGH_FAST if child.fast else ENOUGH_SLOW) * share
    per_batch = source.records * OVERHEAD + source.data_bytes * 4 / 3
    # Below ten batches a kernel that is late once decides.
    return max(10, min(int(enough / per_batch), int(SINGLE_BATCHES * share)))


def deliver(driver, children, sources, rounds, share, say) -> dict:
    """{(input's name, child's name): [a replay's report for each round]}"""
    found = {}
    for number in range(rounds):
        for source in sources:
            for child in children:
                report = driver.run(child, source, repeat=repeats(source, child, share))
                found.setdefault((source.name, child.name), []).append(report)
        say(f"round {number + 1} of {rounds}")
    return found


def figures(reports: list) -> dict:
    """What an input cost a child: of each figure the rounds' median. The least is another thing: now and then the kernel
    puts a child beside its driver on one processor, where the same bytes cost a third."""
    def median(figure):
        return statistics.median(figure(report) for report in reports)

    return {
        "cpuNanosPerByte": median(lambda r: 1e9 * r["deliveryCpuSeconds"] / r["sentBytes"]),
        "cpuMicrosPerBatch": median(lambda r: 1e6 * r["deliveryCpuSeconds"] / r["batches"]),
        "megabytesPerSecond": median(lambda r: r["sentBytesPerSecond"] / 1e6),
        "latencyP50Micros": median(lambda r: r["latencyMicros"]["p50"]),
        "latencyP99Micros": median(lambda r: r["latencyMicros"]["p99"]),
        "rounds": len(reports),
    }


def start_millis(reports: list) -> dict:
    """From starting the child to initialize's status."""
    times = sorted(report["startMillis"] for report in reports)
    return {"best": times[0], "median": times[len(times) // 2], "worst": times[-1], "starts": len(times)}


def idle_memory(driver, child) -> int:
    """Bytes when the child has answered initialize and nothing has come since."""
    replay = driver.start(child, inputs.NONE, linger=2.5)
    samples = memory.Sampler(replay.process.pid, interval=0.1)
    replay.finish()
    settled = samples.finish()
    return settled[-3][1]  # the last ones may see it end


def large_batches(driver, child, linger=6.0) -> dict:
    """Memory under ten batches of 10 MB, and five seconds after them."""
    replay = driver.start(child, inputs.MANY, repeat=10, linger=linger)
    samples = memory.Sampler(replay.process.pid)
    replay.finish()
    seen = samples.finish()
    end = seen[-1][0]
    after = [pss for when, pss in seen if end - linger + 5.0 <= when <= end - 0.3]
    return {"peak": max(pss for _, pss in seen), "after": after[-1], "curve": thinned(seen)}


def thinned(samples, most=300) -> list:
    step = max(1, len(samples) // most)
    begin = samples[0][0]
    return [(round(when - begin, 3), pss) for when, pss in samples[::step]]

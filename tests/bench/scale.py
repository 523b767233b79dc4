"""Many shards on one machine: a driver for each, all at once."""
import os
import time
from pathlib import Path

import children
import cpu
import inputs
import memory
import replays

COUNTS = (1, 10, 100, 500)
RECORDS = inputs.Input("100 records a second", 100, inputs.KIB)
IDLE_SECONDS, BUSY_SECONDS = 5, 10
# Left alone for whatever else the machine does.
SPARE_MEMORY = 3 << 30
NEAR_START = 25  # so many start at once


def available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def trees(running) -> list:
    """The processes that the drivers have started."""
    return [process for replay in running for child in memory.children_of(replay.process.pid)
            for process in memory.tree(child)]


def start(driver, child, shards, source, options) -> list:
    """The shards' replays, each past its child's initialize when the next ones start."""
    running = []
    for number in range(shards):
        running.append(driver.start(child, source, **options))
        if number % NEAR_START == NEAR_START - 1:
            settle(running)
    settle(running)
    return running


def settle(running):
    """Waits until the children have been busy for no part of half a second worth speaking of: they are up."""
    while True:
        before = cpu.cpu_seconds(trees(running))
        time.sleep(0.5)
        if cpu.cpu_seconds(trees(running)) - before < 0.02 + 0.0002 * len(running):
            return


def stop(running):
    for replay in running:
        replay.process.terminate()
    for replay in running:
        replay.process.wait()


def cpu_per_second(pids, seconds) -> float:
    before = cpu.cpu_seconds(pids)
    begin = time.monotonic()
    time.sleep(seconds)
    return (cpu.cpu_seconds(pids) - before) / (time.monotonic() - begin)


def measure_one(driver, child, shards) -> dict:
    row = {"child": child.name, "shards": shards}
    running = start(driver, child, shards, inputs.NONE, {"linger": 3600})
    pids = trees(running)
    row["idlePssBytes"] = sum(memory.pss_of(pid) for pid in pids)
    row["descriptors"] = sum(descriptors(pid) for pid in pids)
    row["idleCpuPerSecond"] = cpu_per_second(pids, IDLE_SECONDS)
    stop(running)
    running = [driver.start(child, RECORDS, repeat=100_000, interval=1) for _ in range(shards)]
    time.sleep(3 + shards / 20)  # for all to start
    pids = trees(running)
    row["busyCpuPerSecond"] = cpu_per_second(pids, BUSY_SECONDS)
    row["pssBytes"] = sum(memory.pss_of(pid) for pid in pids)
    stop(running)
    return row


def extrapolated(row, shards) -> dict:
    """What more shards would take if each took as much."""
    factor = shards / row["shards"]
    more = {key: value * factor for key, value in row.items() if isinstance(value, (int, float)) and key != "shards"}
    return {**row, **more, "shards": shards, "extrapolated": True}


def measure(build, folder, say) -> dict:
    driver = replays.Driver(build, folder)
    compared = [child for child in children.all_children(build, folder) if child.name in ("kclhost", "kclpy")]
    rows = []
    for child in compared:
        last = None
        for shards in COUNTS:
            need = last["pssBytes"] / last["shards"] * shards * 1.2 + shards * (4 << 20) if last else 0
            if need > available_memory() - SPARE_MEMORY:
                say(f"{shards} shards of {child.name} would need {need / 2 ** 30:.0f} GiB: extrapolated")
                rows.append(extrapolated(last, shards))
                continue
            say(f"{shards} shards of {child.name}")
            last = measure_one(driver, child, shards)
            rows.append(last)
    return {"rows": rows}

"""A backlog drained by the real MultiLangDaemon, from a local Kinesis (moto): kclhost against kclpy."""
import concurrent.futures
import os
import random
import sys
import time
import uuid
from pathlib import Path

import children
import cpu
import memory

sys.path.insert(0, str(children.TOP / "tests" / "support"))

RECORDS, SIZE, SHARDS = 200_000, 1024, 4
PUT_AT_ONCE = 400
QUIET_SECONDS = 6  # without a batch for the children: all is delivered, and they have tidied up
LEAST_BATCH = 100_000  # bytes; children read a little for other reasons
PATIENCE = 600
ROUNDS = 2


def fill(kinesis, stream):
    source = random.Random(1)

    def put(first):
        records = [{"Data": source.randbytes(SIZE), "PartitionKey": f"key-{number}"}
                   for number in range(first, first + PUT_AT_ONCE)]
        assert kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"] == 0

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(put, range(0, RECORDS, PUT_AT_ONCE)))


def bytes_read(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/io").read_text().split()[1])  # rchar
    except OSError:
        return 0


class Watch:
    """What a daemon's children read and what all of them use, from the first batch on."""

    def __init__(self, daemon):
        self.jvm = daemon.pid
        self.daemon = daemon
        self.read = self.children_peak = self.jvm_peak = 0
        self.begin = self.end = None

    def children(self) -> list:
        return memory.tree(self.jvm)[1:]

    def usage(self) -> tuple:
        return time.monotonic(), cpu.cpu_seconds(self.children()), cpu.cpu_seconds([self.jvm])

    def look(self):
        read = sum(bytes_read(pid) for pid in memory.children_of(self.jvm))
        usage = self.usage()
        # Starting reads files too; a batch is larger than all of those.
        if self.begin is None and read > self.read + 1_000_000 and read > SHARDS * 1_000_000:
            self.begin = self.last
        if read > self.read + LEAST_BATCH:
            self.end = usage
        self.read = max(self.read, read)
        self.last = usage
        self.children_peak = max(self.children_peak, sum(memory.pss_of(pid) for pid in self.children()))
        self.jvm_peak = max(self.jvm_peak, memory.pss_of(self.jvm))

    def drained(self) -> bool:
        return self.read > RECORDS * SIZE * 4 / 3 and time.monotonic() - self.end[0] > QUIET_SECONDS


def drain(services, local, folder, child, stream) -> dict:
    application = f"bench-{uuid.uuid4().hex[:8]}"
    with services.Daemon(local, folder / application, child.command, stream, application, env=child.env) as daemon:
        watch = Watch(daemon)
        deadline = time.monotonic() + PATIENCE
        while not (watch.end and watch.drained()):
            time.sleep(0.2)
            watch.look()
            if not daemon.running() or time.monotonic() > deadline:
                raise RuntimeError(f"{child.name}: the backlog is not drained; the daemon's log:\n{daemon.tail()}")
    begin, end, last = watch.begin, watch.end, watch.last
    return {"drainSeconds": end[0] - begin[0], "childrenCpuSeconds": last[1] - begin[1],
            "jvmCpuSeconds": end[2] - begin[2], "childrenPeakBytes": watch.children_peak,
            "jvmPeakBytes": watch.jvm_peak, "bytesRead": watch.read}


def measure(build, folder, say) -> dict:
    import services
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    rows = {}
    with services.LocalServices(folder / "services", kinesis=services.MotoKinesis) as local:
        stream = local.create_stream(SHARDS)
        say(f"putting {RECORDS:,} records")
        fill(local.kinesis, stream)
        compared = [child for child in children.all_children(build, folder) if child.name in ("kclhost", "kclpy")]
        for number in range(ROUNDS):
            for child in compared:
                say(f"draining with {child.name}, round {number + 1} of {ROUNDS}")
                found = drain(services, local, folder, child, stream)
                best = rows.setdefault(child.name, found)
                rows[child.name] = {figure: min(best[figure], value) for figure, value in found.items()}
    return {"records": RECORDS, "size": SIZE, "shards": SHARDS, "children": rows}

"""A shard whose workers are killed at random while they hold records."""
import json
import math
import os
import random
import signal
import time
from pathlib import Path

from daemon import Daemon
from stream import Stream
from world import BIN, EMPTY, SHARD, SIGNALS

RECORDS_A_KILL = 100


class Killer:
    def __init__(self, choice: random.Random, is_busy, kills: int):
        """is_busy(): whether a worker is at that for which the test kills it."""
        self.choice, self.is_busy, self.kills = choice, is_busy, kills
        self.done, self.while_busy = 0, 0
        self._at = self._patience = math.inf

    def plan(self):
        """The next kill. Before its first initialize is answered a host gives up."""
        self._at = time.monotonic() + self.choice.expovariate(1 / 0.03)
        self._patience = self._at + self.choice.choice([0, 0.2])  # until it is busy

    def tick(self, daemon: Daemon):
        now = time.monotonic()
        if self.done >= self.kills or now < self._at:
            return
        busy = self.is_busy()
        workers = daemon.workers()
        if not workers or (not busy and now < self._patience):
            return
        try:
            os.kill(self.choice.choice(workers), signal.SIGKILL)
        except ProcessLookupError:  # the host has seen it end since we looked
            return
        self.done += 1
        self.while_busy += busy
        self.plan()


def live(directory: Path, configuration: dict, stream: Stream, killer: Killer, check) -> int:
    """One host from the stream's first record to the shard's end, with all the kills that are to be. check(count) is called
    when the first `count` records are about to be checkpointed. The number of checkpoints."""
    (directory / "kclhost.yaml").write_text(json.dumps({"version": 1, "state_dir": str(directory / "state"), **configuration}))
    checkpoints = []

    def on_checkpoint(number, sub):
        checkpoints.append(len(stream) if number is None else stream.index[int(number), sub] + 1)
        check(checkpoints[-1])

    daemon = Daemon([BIN, "run", "--config", directory / "kclhost.yaml"],
                    os.environ | {"ASAN_OPTIONS": SIGNALS, "NO_PROXY": "*"}, directory / "log", on_checkpoint, killer.tick,
                    ["setpriv", "--pdeathsig", "KILL", "--"])
    try:
        begin = {"action": "initialize", "shardId": SHARD, "sequenceNumber": "TRIM_HORIZON", "subSequenceNumber": 0}
        daemon.ask("initialize", json.dumps(begin).encode() + b"\n")
        killer.plan()
        position = 0
        while position < len(stream):
            limit = len(stream) * (killer.done + 1) // (killer.kills + 1) if killer.done < killer.kills else len(stream)
            last = min(limit, position + killer.choice.choice([1, 10, 60]))
            daemon.ask("processRecords", stream.batch(position, last) if last > position else EMPTY)
            if last == position:
                time.sleep(0.002)
            position = last
        daemon.ask("shardEnded")
        daemon.close_in("order")
        assert daemon.wait() == 0, daemon.tail()
    except BaseException:
        daemon.destroy()
        print(daemon.tail())
        raise
    assert killer.done == killer.kills and checkpoints[-1] == len(stream)
    return len(checkpoints)

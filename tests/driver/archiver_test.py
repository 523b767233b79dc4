"""The archiver, whose workers are killed at random: each record is in a whole file before it is checkpointed."""
import json
import math
import os
import random
import signal
import time
from pathlib import Path

import pytest

from conftest import SANITIZED
from daemon import Daemon
from stream import Stream
from world import BIN, EMPTY, SHARD, SIGNALS

PLUGINS = os.environ["KCLHOST_PLUGINS_DIR"]
RECORDS_A_KILL = 100


class Archive:
    """What the files hold; a file is read once, when it has its name."""

    def __init__(self, stream: Stream, folder: Path):
        self.stream, self.folder = stream, folder
        self.records, self.twice = set(), 0  # indexes
        self._read, self._complete = set(), 0

    def look(self):
        for name in sorted(set(os.listdir(self.folder)) - self._read):
            if name.startswith("."):
                continue
            self._read.add(name)
            text = (self.folder / name).read_text()
            assert text.endswith("\n"), f"{name} is not whole"
            numbers = [self._index_of(json.loads(line)) for line in text.splitlines()]
            first, last = self._places_in(name)
            assert (numbers[0], numbers[-1]) == (first, last), name
            self.twice += len(self.records & set(numbers))
            self.records |= set(numbers)

    def _index_of(self, line: dict) -> int:
        number = self.stream.index[int(line["sequenceNumber"]), line["subSequenceNumber"]]
        record = self.stream.records[number]
        assert (line["partitionKey"], line["text"]) == (record.key, record.data)
        assert line["approximateArrivalTimestamp"] == 1700000000000 + number
        return number

    def _places_in(self, name: str):
        places = name.removeprefix(SHARD + ".").split(".")[1:3]
        return [self.stream.index[int(number), int(sub)] for number, sub in (place.split("-") for place in places)]

    def check(self, count: int):
        """The first `count` records are about to be checkpointed."""
        self.look()
        while self._complete < count:
            assert self._complete in self.records, f"record {self._complete} is checkpointed, and in no file"
            self._complete += 1


class Killer:
    def __init__(self, choice: random.Random, folder: Path, kills: int):
        self.choice, self.folder, self.kills = choice, folder, kills
        self.done, self.with_partial = 0, 0
        self._at = self._patience = math.inf

    def plan(self):
        """The next kill. Before its first initialize is answered a host gives up."""
        self._at = time.monotonic() + self.choice.expovariate(1 / 0.03)
        self._patience = self._at + self.choice.choice([0, 0.2])  # until a file is being written

    def tick(self, daemon: Daemon):
        now = time.monotonic()
        if self.done >= self.kills or now < self._at:
            return
        writes = any(name.startswith(".") for name in os.listdir(self.folder))
        workers = daemon.workers()
        if not workers or (not writes and now < self._patience):
            return
        os.kill(self.choice.choice(workers), signal.SIGKILL)  # a zombie at worst: the host has not looked yet
        self.done += 1
        self.with_partial += writes
        self.plan()


@pytest.mark.parametrize("lanes", [1, 3])
def test_no_record_is_checkpointed_before_its_file_is_whole(directory, seed, request, lanes):
    kills = request.config.getoption("--kills") or (6 if SANITIZED else 30)
    choice = random.Random(f"{seed} {lanes}")
    stream = Stream(choice, ["ok"] * (RECORDS_A_KILL * kills))
    folder = directory / "archive"
    folder.mkdir()
    (directory / "kclhost.yaml").write_text(json.dumps({
        "version": 1, "plugins_dir": PLUGINS, "state_dir": str(directory / "state"), "concurrency": lanes,
        "plugin": {"path": "archiver.so", "config": {
            "output_dir": str(folder), "max_records": 150, "max_age_seconds": 0.02}},
        "in_flight": {"max_records": 100 * lanes},  # so that some files wait for their time
        "checkpoint": {"interval": "0s"},
        "on_error": {"retry": {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "5ms"}, "then": "block"}}))

    archive, killer = Archive(stream, folder), Killer(choice, folder, kills)
    checkpoints = []

    def on_checkpoint(number, sub):
        checkpoints.append(len(stream) if number is None else stream.index[int(number), sub] + 1)
        archive.check(checkpoints[-1])

    daemon = Daemon([BIN, "run", "--config", directory / "kclhost.yaml"], os.environ | {"ASAN_OPTIONS": SIGNALS},
                    directory / "log", on_checkpoint, killer.tick, ["setpriv", "--pdeathsig", "KILL", "--"])
    try:
        begin = {"action": "initialize", "shardId": SHARD, "sequenceNumber": "TRIM_HORIZON", "subSequenceNumber": 0}
        daemon.ask("initialize", json.dumps(begin).encode() + b"\n")
        killer.plan()
        position = 0
        while position < len(stream):
            limit = len(stream) * (killer.done + 1) // (kills + 1) if killer.done < kills else len(stream)
            last = min(limit, position + choice.choice([1, 10, 60]))
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
    print(f"\nseed {seed}, {lanes} lanes: {len(stream)} records, {killer.done} kills, {killer.with_partial} of them with a "
          f"partial file there, {len(checkpoints)} checkpoints, {len(os.listdir(folder))} files, {archive.twice} records twice")
    assert killer.done == kills and checkpoints[-1] == len(stream)
    assert len(archive.records) == len(stream)
    assert not [name for name in os.listdir(folder) if name.startswith(".")], "what was not whole is left"

"""The archiver, whose workers are killed at random: each record is in a whole file before it is checkpointed."""
import json
import os
import random
from pathlib import Path

import pytest

from killing import RECORDS_A_KILL, Killer, live
from stream import Stream
from world import SHARD

PLUGINS = os.environ["KCLHOST_PLUGINS_DIR"]


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


@pytest.mark.parametrize("lanes", [1, 3])
def test_no_record_is_checkpointed_before_its_file_is_whole(directory, seed, kills, lanes):
    choice = random.Random(f"{seed} {lanes}")
    stream = Stream(choice, ["ok"] * (RECORDS_A_KILL * kills))
    folder = directory / "archive"
    folder.mkdir()
    archive = Archive(stream, folder)
    killer = Killer(choice, lambda: any(name.startswith(".") for name in os.listdir(folder)), kills)
    checkpoints = live(directory, {
        "plugins_dir": PLUGINS, "concurrency": lanes,
        "plugin": {"path": "archiver.so", "config": {
            "output_dir": str(folder), "max_records": 150, "max_age_seconds": 0.02}},
        "in_flight": {"max_records": 100 * lanes},  # so that some files wait for their time
        "checkpoint": {"interval": "0s"},
        "on_error": {"retry": {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "5ms"}, "then": "block"}},
        stream, killer, archive.check)
    print(f"\nseed {seed}, {lanes} lanes: {len(stream)} records, {kills} kills, {killer.while_busy} of them with a "
          f"partial file there, {checkpoints} checkpoints, {len(os.listdir(folder))} files, {archive.twice} records twice")
    assert len(archive.records) == len(stream)
    assert not [name for name in os.listdir(folder) if name.startswith(".")], "what was not whole is left"

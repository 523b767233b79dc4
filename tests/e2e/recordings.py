"""Reads what the recorder plugins wrote; tests/fault_zoo/plugins/recorder.cpp describes the lines."""
import json
from pathlib import Path
from typing import NamedTuple

from records import Position, Record


class Delivered(NamedTuple):
    position: Position
    record: Record
    at: int  # microseconds on the machine's monotonic clock


class Instance:
    """One record processor: one worker process on one shard."""

    def __init__(self, shard: str, pid: int):
        self.shard = shard
        self.pid = pid
        self.start = None  # where it was told to begin: a Position, or TRIM_HORIZON
        self.hand_over = False
        self.records = []
        self.events = []

    def event(self, name: str):
        """The last event of that name, or None."""
        return next((event for event in reversed(self.events) if event["event"] == name), None)

    def __repr__(self):
        return f"{self.shard}'s processor {self.pid} from {self.start}"


def read(directory: Path) -> list:
    """The instances, each shard's in the order they began."""
    instances = {}
    for file in sorted(directory.glob("*.jsonl")):
        for line in lines(file):
            key = line["shard"], line["pid"]
            _add(instances.setdefault(key, Instance(*key)), line)
    return list(instances.values())


def _add(instance: Instance, line: dict):
    if "event" not in line:
        instance.records.append(Delivered(position(line), Record(line["partition_key"], line["sha256"], line["size"]),
                                          line["at"]))
        return
    instance.events.append(line)
    if line["event"] == "initialize":
        instance.start = position(line)
        instance.hand_over = line["hand_over"]


def position(line: dict):
    sequence = line["sequence_number"]
    return Position(int(sequence), line["sub_sequence_number"]) if sequence.isdigit() else sequence


def lines(file: Path):
    """The lines that are whole: a worker killed while it wrote leaves a piece of one, with the next writer's behind
    it or, as long as it is being written, nothing."""
    for text in file.read_text().split("\n")[:-1]:
        try:
            yield json.loads(text)
        except ValueError:
            try:
                yield json.loads(text[text.rindex('{"'):])
            except ValueError:
                pass

"""What processors said OK to, from the recorder's files: a call that failed has left records there too."""
from pathlib import Path
from typing import NamedTuple

import recordings
from records import Record


class Call(NamedTuple):
    """A call that said OK."""
    shard: str
    records: list  # of (Position, Record)
    attempt: int
    began: int  # microseconds on the machine's monotonic clock
    at: int


def calls(directory: Path) -> dict:
    """By shard, in their order. With one worker at a time on a shard, its file has one call after the other."""
    found = {}
    for file in sorted(directory.glob("*.jsonl")):
        written = []
        for line in recordings.lines(file):
            if "event" not in line:
                written.append((recordings.position(line),
                                Record(line["partition_key"], line["sha256"], line["size"])))
            elif line["event"] == "call" and line["records"]:
                # In front of them may stand what an earlier call wrote before it failed.
                found.setdefault(line["shard"], []).append(
                    Call(line["shard"], written[-line["records"]:], line["attempt"], line["began"], line["at"]))
                written = []
    return found


def check_all(calls_by_shard: dict, good: dict):
    """Every good record was accepted, byte for byte, and nothing else was."""
    got = {(shard, position): record for shard, calls in calls_by_shard.items() for call in calls
           for position, record in call.records}
    missing, extra = good.keys() - got.keys(), got.keys() - good.keys()
    assert not missing, f"{len(missing)} records were never accepted, the first of them {min(missing)}"
    assert not extra, f"{len(extra)} records were accepted that are poison or unknown, the first of them {min(extra)}"
    changed = [place for place in good if got[place] != good[place]]
    assert not changed, f"{changed[0]} was put as {good[changed[0]]}, accepted as {got[changed[0]]}"


def check_order(calls_by_shard: dict):
    """A key's records were accepted in its order, when only each record's first time counts."""
    for shard, calls in calls_by_shard.items():
        last, seen = {}, set()
        for position, record in (each for call in calls for each in call.records):
            if position not in seen:
                seen.add(position)
                before = last.get(record.partition_key)
                assert before is None or before < position, f"{shard}: {record} at {position} after {before}"
                last[record.partition_key] = position


def repeated(calls_by_shard: dict) -> int:
    """How many records were accepted again."""
    times = {shard: [position for call in calls for position, _ in call.records]
             for shard, calls in calls_by_shard.items()}
    return sum(len(all_) - len(set(all_)) for all_ in times.values())

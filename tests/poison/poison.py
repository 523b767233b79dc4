"""Records that break a processor, among many that do not; tests/fault_zoo/plugins/recorder.cpp has what they do."""
import base64
import hashlib
import json
import random
from pathlib import Path

from application import Application
from records import HASH_KEYS, Put, Position, Producer, record_of
from scenario import Stage

KINDS = ("throw", "segv", "exit", "hang", "memory")
KEYS = 1000

# What a worker may take before it counts as hanging or hoarding; so short that a test can wait for it. A machine that is
# busy makes no new file a bad one.
SETTINGS = {"timeouts": {"process_records": "1s", "swap": "1h"}, "worker": {"max_memory": "64MiB"},
            "rollout": {"undo_on": {"call_longer_than": "1h"}}}
# Full batches, so that those of two runs are alike, and a pause between two reads, so that what they measure is not a
# machine that is too small for eight shards at once.
PROPERTIES = {"maxRecords": 500, "idleTimeBetweenReadsInMillis": 100}


class Input:
    """Records for a new stream. `poison` has, by the number of a shard, the kinds that one record each of it is; they lie
    behind that share of the shard's records."""

    def __init__(self, stage: Stage, count: int, shards: int, poison: dict, seed: int = 1, behind: float = 0):
        choice = random.Random(seed)
        records = [[f"key-{choice.randrange(KEYS)}", b"%d %s" % (i, choice.randbytes(choice.randrange(100)))]
                   for i in range(count)]
        self.poison = {}  # data by its hash
        for shard, kinds in poison.items():
            places = [i for i, (key, _) in enumerate(records) if shard_of(key, shards) == shard]
            places = places[int(behind * len(places)):]
            for kind, place in zip(kinds, choice.sample(places, len(kinds)), strict=True):
                data = b"poison:%s %s" % (kind.encode(), choice.randbytes(40))
                records[place][1] = data
                self.poison[hashlib.sha256(data).hexdigest()] = data
        self.producer = Producer(stage.services, stage.services.create_stream(shards), seed)
        self.producer.put(Put(key, "", data, [record_of(key, data)]) for key, data in records)
        stage.note(f"{count} records put, {len(self.poison)} of them poison")

    def poisoned(self) -> dict:
        """(partition key, data) of the poison by (shard, Position)."""
        return {(shard, position): (record.partition_key, self.poison[record.sha256])
                for shard, records in self.producer.sent.items() for position, record in records.items()
                if record.sha256 in self.poison}

    def good(self) -> dict:
        """The Record of all the others by (shard, Position)."""
        return {(shard, position): record for shard, records in self.producer.sent.items()
                for position, record in records.items() if record.sha256 not in self.poison}


def application(stage: Stage, records: Input, on_error: dict, *, poison: bool = True, properties=None,
                **settings) -> Application:
    """One that is hurt by the poison, or not."""
    retry = {"max_attempts": 2, "initial_backoff": "10ms", "max_backoff": "100ms"}
    return Application(stage, producer=records.producer, plugin_config={"poison": poison, "calls": True},
                       properties={**PROPERTIES, **(properties or {})},
                       settings={**SETTINGS, "on_error": {"retry": retry, **on_error}, **settings})


def shard_of(partition_key: str, shards: int) -> int:
    """The number of the shard that a key belongs to."""
    return min(int(hashlib.md5(partition_key.encode()).hexdigest(), 16) // (HASH_KEYS // shards), shards - 1)


def dead_letters(state: Path) -> list:
    """((shard, Position), (partition key, data)) of each line, copies included."""
    letters = []
    for file in sorted((state / "dead-letters").glob("*.jsonl")):
        for line in map(json.loads, file.read_text().splitlines()):
            place = line["shard"], Position(int(line["sequence_number"]), line["sub_sequence_number"])
            letters.append((place, (line["partition_key"], base64.b64decode(line["data"]))))
    return letters

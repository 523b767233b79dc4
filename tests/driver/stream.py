"""The records of one shard, as the played daemon reads them: some share a sequence number, as those of a KPL aggregate
do; some are poison."""
import base64
import json
import random
from typing import NamedTuple

# What a record does to the plugin that meets it (plugins/writer.cpp).
POISON = ("throw", "partial", "segv", "raise", "abort", "exit", "exit_0")
IN_FLUSH = ("flush_segv", "flush_abort", "flush_exit")
HOSTILE = ("hostile_truncate", "hostile_scribble", "hostile_pipes", "hostile_forge", "hostile_fork")


class Record(NamedTuple):
    sequence: int
    sub: int
    key: str
    data: str  # INDEX:DEED
    json: str  # as it stands in a message

    @property
    def deed(self) -> str:
        return self.data.partition(":")[2]


class Stream:
    def __init__(self, choice: random.Random, deeds: list, keys: int = 20):
        """deeds: one for each record."""
        self.records = []
        self.index = {}  # by (sequence, sub)
        sequence, sub = 49600000000000000000000000000000000000000000000000000000, 0
        for number, deed in enumerate(deeds):
            if choice.random() < 0.3 and number:
                sub += 1
            else:
                sequence, sub = sequence + choice.randint(1, 1000), 0
            self.index[sequence, sub] = number
            key, data = f"key-{choice.randrange(keys)}", f"{number}:{deed}"
            text = json.dumps({"data": base64.b64encode(data.encode()).decode(), "partitionKey": key,
                               "sequenceNumber": str(sequence), "approximateArrivalTimestamp": 1700000000000 + number,
                               "subSequenceNumber": sub, "action": "record"})
            self.records.append(Record(sequence, sub, key, data, text))
        self.poison = {number for number, deed in enumerate(deeds) if deed in POISON + IN_FLUSH or deed.startswith("hang")}

    def __len__(self):
        return len(self.records)

    def batch(self, first: int, last: int) -> bytes:
        records = ",".join(record.json for record in self.records[first:last])
        return b'{"action":"processRecords","records":[%s],"millisBehindLatest":0}\n' % records.encode()


def deeds(choice: random.Random, count: int, poison, share: float, hostile: float = 0, later: float = 0) -> list:
    """One for each of count records; at least one is of each kind that is asked for."""
    made = ["ok"] * count
    for kinds, part in ((poison, share), (HOSTILE, hostile), (("later",), later)):
        if kinds and part:
            number = max(1, round(part * count))
            for place, kind in zip(choice.sample(range(count), number), choice.sample(kinds * number, number)):
                made[place] = kind
    return made

"""Records of every kind on a stream, and where each of them went."""
import hashlib
import random
import sys
import threading
from typing import NamedTuple

import fetch
import services

KIB = 1024
HASH_KEYS = 1 << 128
# One PutRecords. A megabyte is a second's work for kinesis-local, in which it answers nobody else.
MAX_RECORDS = 250
MAX_BYTES = 1 << 20

_importing = threading.Lock()

LETTERS = "abcxyz019 _-/\"\\äßñøЖя語鍵한🔑🏛\u0301\u200b"


class Position(NamedTuple):
    """A record's place in its shard."""
    sequence: int
    sub: int


class Record(NamedTuple):
    """What a processor is to get."""
    partition_key: str
    sha256: str
    size: int


class Put(NamedTuple):
    """One Kinesis record: a user record, or an aggregate of several that the KCL takes apart again."""
    partition_key: str
    hash_key: str  # "": by the partition key
    data: bytes
    contents: list  # of Record; an aggregate's user records in their order


class Producer:
    """Puts records on a stream. sent has, by shard, every record it put, in the shard's order."""

    def __init__(self, local: services.LocalServices, stream: str, seed: int):
        self.kinesis = local.kinesis
        self.stream = stream
        self.random = random.Random(seed)
        self.sent = {}
        self._count = 0

    def total(self) -> int:
        return sum(len(records) for records in self.sent.values())

    def put(self, puts):
        batch, size = [], 0
        for put in puts:
            if batch and (len(batch) == MAX_RECORDS or size + len(put.data) > MAX_BYTES):
                self._put(batch)
                batch, size = [], 0
            batch.append(put)
            size += len(put.data) + len(put.partition_key.encode())
        if batch:
            self._put(batch)

    def single(self, size: int) -> Put:
        data = self.random.randbytes(size)
        key = self._key()
        return Put(key, "", data, [record_of(key, data)])

    def aggregate(self, count: int, max_size: int = 300) -> Put:
        """A KPL aggregate of count user records. They share a hash key: the KCL drops what is not its shard's."""
        aggregator = _aggregator()
        hash_key = str(self.random.randrange(HASH_KEYS))
        contents = []
        for _ in range(count):
            key, data = self._key(), self.random.randbytes(self.random.randint(0, max_size))
            assert aggregator.add_user_record(key, data, hash_key) is None
            contents.append(record_of(key, data))
        key, _, data = aggregator.clear_and_get().get_contents()
        return Put(key, hash_key, data, contents)

    def mixed(self, count: int):
        """Kinesis records of every kind: from empty to 900 KiB, most of them small, one in fifty an aggregate."""
        yield from (self.single(size) for size in (0, 1, 900 * KIB))
        yield self.aggregate(100)
        for _ in range(count - 4):
            kind = self.random.random()
            if kind < 0.02:
                yield self.aggregate(self.random.randint(1, 40))
            elif kind < 0.027:
                yield self.single(self._about(64 * KIB, 900 * KIB))
            elif kind < 0.07:
                yield self.single(self._about(2 * KIB, 64 * KIB))
            elif kind < 0.15:
                yield self.single(self.random.randint(0, 1))
            else:
                yield self.single(self._about(2, 2 * KIB))

    def _about(self, least: int, most: int) -> int:
        """A size; every order of magnitude as likely as the others."""
        return int(least * (most / least) ** self.random.random())

    def _key(self) -> str:
        """A partition key no other record has."""
        self._count += 1
        return "".join(self.random.choices(LETTERS, k=self.random.randint(0, 60))) + str(self._count)

    def _put(self, batch):
        while batch:
            entries = [{"Data": put.data, "PartitionKey": put.partition_key,
                        **({"ExplicitHashKey": put.hash_key} if put.hash_key else {})} for put in batch]
            answers = self.kinesis.put_records(StreamName=self.stream, Records=entries)["Records"]
            for put, answer in zip(batch, answers):
                if "SequenceNumber" in answer:
                    shard = self.sent.setdefault(answer["ShardId"], {})
                    for sub, record in enumerate(put.contents):
                        shard[Position(int(answer["SequenceNumber"]), sub)] = record
            batch = [put for put, answer in zip(batch, answers) if "SequenceNumber" not in answer]


def record_of(partition_key: str, data: bytes) -> Record:
    return Record(partition_key, hashlib.sha256(data).hexdigest(), len(data))


def _aggregator():
    """A new RecordAggregator. Its module puts itself in front of sys.path, and tests run side by side."""
    with _importing:
        path = list(sys.path)
        sys.path.append(str(fetch.kpl()))
        import aws_kinesis_agg.aggregator
        sys.path[:] = path
    return aws_kinesis_agg.aggregator.RecordAggregator()

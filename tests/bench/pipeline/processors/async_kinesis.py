"""An application of async-kinesis for the benchmark of the pipeline. Its checkpoints and its shards' owners are in DynamoDB;
it checkpoints as often as kclhost does.

  python async_kinesis.py ENDPOINT STREAM REGION RECORDS PAUSE QUIET DYNAMODB_ENDPOINT TABLE

RECORDS a read; PAUSE milliseconds between two reads of a shard, QUIET when there was nothing to read. BENCH_ARRIVALS names a
file, which gets lines: CLOCK_MONOTONIC in nanoseconds, shard, records, bytes of data. The library tells no shard: it is "-".
"""
import asyncio
import os
import signal
import sys
import time

from kinesis import Consumer
from kinesis.aggregators import SimpleAggregator
from kinesis.dynamodb import DynamoDBCheckPointer
from kinesis.processors import Processor

CHECKPOINT_SECONDS = 10
NOTE_SECONDS = 0.05


class Bytes(Processor, SimpleAggregator):
    """Each record's data as it is."""

    def deserialize(self, data):
        return data


class Notes:
    """Records come one by one. The first is noted at once, and those that follow in a short while together."""

    def __init__(self, path: str):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.records = self.bytes = 0
        self.waiting = False

    def add(self, data: bytes):
        self.records += 1
        self.bytes += len(data)
        if not self.waiting:
            self.write()
            self.waiting = True
            asyncio.get_running_loop().call_later(NOTE_SECONDS, self.waited)

    def waited(self):
        self.waiting = False
        if self.records:
            self.write()

    def write(self):
        os.write(self.file, f"{time.monotonic_ns()} - {self.records} {self.bytes}\n".encode())
        self.records = self.bytes = 0


async def consume(stopped, endpoint, stream, region, records, pause, quiet, dynamodb_endpoint, table):
    notes = Notes(os.environ["BENCH_ARRIVALS"])
    checkpointer = DynamoDBCheckPointer(name=table, table_name=table, endpoint_url=dynamodb_endpoint, region_name=region)
    consumer = Consumer(
        stream, endpoint_url=endpoint, region_name=region, record_limit=int(records),
        shard_fetch_rate=max(1, round(1000 / int(pause))), sleep_time_no_records=int(quiet) / 1000, processor=Bytes(),
        checkpointer=checkpointer, checkpoint_interval=CHECKPOINT_SECONDS, use_list_shards=True)
    async with consumer:
        while not stopped.is_set():  # the iteration ends when nothing has come for a while
            async for data in consumer:
                notes.add(data)
                if stopped.is_set():
                    break


async def main():
    # To cancel the task would not do: with Python 3.11 a wait that has just come to its end swallows that.
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await consume(stopped, *sys.argv[1:])


asyncio.run(main())

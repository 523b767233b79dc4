"""A kclpy record processor for the benchmark of the pipeline: notes each batch in the file that BENCH_ARRIVALS names,
as one line: CLOCK_MONOTONIC in nanoseconds, shard, records, bytes of data. It checkpoints as often as kclhost does."""
import os
import time

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor

CHECKPOINT_SECONDS = 10


class Arrivals(processor.RecordProcessorBase):
    def initialize(self, initialize_input):
        self.shard = initialize_input.shard_id
        self.file = os.open(os.environ["BENCH_ARRIVALS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.checkpointed = time.monotonic()

    def process_records(self, process_records_input):
        now, records = time.monotonic_ns(), process_records_input.records
        if not records:
            return
        size = sum(len(record.binary_data) for record in records)
        os.write(self.file, f"{now} {self.shard} {len(records)} {size}\n".encode())
        caught_up = process_records_input.millis_behind_latest == 0
        if caught_up or time.monotonic() > self.checkpointed + CHECKPOINT_SECONDS:
            process_records_input.checkpointer.checkpoint()
            self.checkpointed = time.monotonic()

    def lease_lost(self, lease_lost_input):
        pass

    def shard_ended(self, shard_ended_input):
        shard_ended_input.checkpointer.checkpoint()

    def shutdown_requested(self, shutdown_requested_input):
        shutdown_requested_input.checkpointer.checkpoint()


kcl.KCLProcess(Arrivals()).run()

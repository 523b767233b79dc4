"""kclpy's counterpart of word_counter: writes every record's data to a file, in hex, and checkpoints each batch."""
import sys

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor


class Recorder(processor.RecordProcessorBase):
    def __init__(self, path):
        self.file = open(path, "a")

    def initialize(self, initialize_input):
        print("initialize", initialize_input.shard_id, initialize_input.sequence_number, file=self.file)

    def process_records(self, process_records_input):
        for record in process_records_input.records:
            print("record", record.binary_data.hex(), file=self.file)
        process_records_input.checkpointer.checkpoint(record.sequence_number, record.sub_sequence_number)

    def lease_lost(self, lease_lost_input):
        print("lease_lost", file=self.file, flush=True)

    def shard_ended(self, shard_ended_input):
        shard_ended_input.checkpointer.checkpoint()
        print("shard_ended", file=self.file, flush=True)

    def shutdown_requested(self, shutdown_requested_input):
        shutdown_requested_input.checkpointer.checkpoint()


kcl.KCLProcess(Recorder(sys.argv[1])).run()

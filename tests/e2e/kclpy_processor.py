"""A kclpy application, as somebody may have it: writes down the place of each record, and checkpoints every batch."""
import sys

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor


class Recorder(processor.RecordProcessorBase):
    def __init__(self, path):
        self.file = open(path, "a", buffering=1)

    def initialize(self, initialize_input):
        self.shard = initialize_input.shard_id

    def process_records(self, process_records_input):
        for record in process_records_input.records:
            print(self.shard, record.sequence_number, record.sub_sequence_number, file=self.file)
        if process_records_input.records:
            process_records_input.checkpointer.checkpoint()

    def lease_lost(self, lease_lost_input):
        pass

    def shard_ended(self, shard_ended_input):
        shard_ended_input.checkpointer.checkpoint()

    def shutdown_requested(self, shutdown_requested_input):
        shutdown_requested_input.checkpointer.checkpoint()


kcl.KCLProcess(Recorder(sys.argv[1])).run()

"""A kclpy record processor that does nothing; with the argument `read` it asks for each record's data."""
import sys

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor


class Noop(processor.RecordProcessorBase):
    def initialize(self, initialize_input):
        pass

    def process_records(self, process_records_input):
        pass

    def lease_lost(self, lease_lost_input):
        pass

    def shard_ended(self, shard_ended_input):
        shard_ended_input.checkpointer.checkpoint()

    def shutdown_requested(self, shutdown_requested_input):
        pass


class Reading(Noop):
    def process_records(self, process_records_input):
        for record in process_records_input.records:
            record.binary_data


kcl.KCLProcess(Reading() if sys.argv[1:] == ["read"] else Noop()).run()

"""Moto as an ASGI-servable application: hypercorn speaks HTTP/2 with prior knowledge, which moto's own server does not."""
from moto.kinesis.models import Shard
from moto.server import DomainDispatcherApplication, create_backend_app

# Moto's own makes a list of the whole shard, for every record put.
Shard.get_max_sequence_number = lambda self: next(reversed(self.records), 0)

app = DomainDispatcherApplication(create_backend_app)

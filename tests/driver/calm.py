"""A world in which nothing happens but what its records do."""
import random

from stream import Stream
from world import World


class Calm(World):
    def __init__(self, directory, setting, records: int, deeds: dict, errors=()):
        """deeds: by a record's index; errors: of the first checkpoints' answers."""
        super().__init__(setting._replace(poison=()), directory, seed=1, lives=1, records=records, attempts=3)
        self.stream = Stream(random.Random(1), [deeds.get(index, "ok") for index in range(records)])
        self.accounts.stream = self.stream
        self.batch_sizes = [100]
        self.trouble.isolated = False  # nobody hurts the worker
        self.errors = list(errors)

    def _error_of_checkpoint(self, count: int):
        error = self.errors.pop(0) if self.errors else None
        if error is None:
            self.checkpoint = count
        self.lease_is_lost |= error == "ShutdownException"
        return error

"""What the record processors have noted: when which records arrived."""
import collections
import dataclasses
from pathlib import Path

VARIABLE = "BENCH_ARRIVALS"  # names the file to the processors
UNTOLD = "-"  # the shard, where a contender is not told it


@dataclasses.dataclass(frozen=True)
class Batch:
    at: float  # as time.monotonic() has it
    shard: str
    records: int
    bytes: int


class Arrivals:
    """Reads the file as it grows. Processes and lives of one application share it."""

    def __init__(self, path: Path):
        self.path = path
        self.path.touch()
        self.batches = []
        self._read = 0

    def look(self) -> "Arrivals":
        """Takes in the lines that are new."""
        with open(self.path, "rb") as file:
            file.seek(self._read)
            lines = file.read().rpartition(b"\n")[0]
        if lines:
            self._read += len(lines) + 1
            for line in lines.decode().split("\n"):
                nanos, shard, records, size = line.split()
                self.batches.append(Batch(int(nanos) / 1e9, shard, int(records), int(size)))
        return self

    @property
    def records(self) -> int:
        return sum(batch.records for batch in self.batches)

    def of_each_shard(self) -> collections.Counter:
        """How many records arrived; again where they came again."""
        arrived = collections.Counter()
        for batch in self.batches:
            arrived[batch.shard] += batch.records
        return arrived

    @property
    def shards(self) -> set:
        """Those that are known by name."""
        return {batch.shard for batch in self.batches} - {UNTOLD}

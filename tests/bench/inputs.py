"""What is sent: records of random bytes, as files that kclhost replay reads."""
import base64
import dataclasses
import json
import random
from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20


@dataclasses.dataclass(frozen=True)
class Input:
    """A batch of so many records of so many bytes each."""
    name: str
    records: int
    size: int

    @property
    def data_bytes(self):
        return self.records * self.size

    def file(self, folder: Path) -> Path:
        """The input's file in that folder; written at its first use, the same bytes every time."""
        path = folder / f"{self.records}x{self.size}.jsonl"
        if not path.exists():
            source = random.Random(f"{self.records} {self.size}")
            with open(path, "w") as lines:
                for number in range(self.records):
                    data = base64.b64encode(source.randbytes(self.size)).decode()
                    lines.write(json.dumps({"data": data, "partitionKey": f"key-{number}"}) + "\n")
        return path


ONE = Input("1 record", 1, 100)
SMALL = Input("1,000 x 100 B", 1_000, 100)
MEDIUM = Input("1,000 x 1 KiB", 1_000, KIB)
LARGE = Input("1,000 x 10 KiB", 1_000, 10 * KIB)
MANY = Input("10,000 x 1 KiB", 10_000, KIB)
HUGE = Input("one 10 MiB record", 1, 10 * MIB)
NONE = Input("no records", 0, 0)

MAIN = [ONE, SMALL, MEDIUM, LARGE, MANY, HUGE]
# With MEDIUM and MANY: how the cost of a batch grows with its records.
GROWTH = [Input("1 x 1 KiB", 1, KIB), Input("10 x 1 KiB", 10, KIB), Input("100 x 1 KiB", 100, KIB)]

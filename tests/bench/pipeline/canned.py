"""The canned Kinesis as a service: its records are made beforehand, so it keeps up with any consumer."""
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))

import services  # noqa: E402


class CannedKinesis(services.Service):
    """One stream of so many shards, with so many records of so many bytes on each. A shard gives `pace` bytes a second: as
    many as Kinesis's does, where nothing is said; 0: any number."""
    path = "/"

    def __init__(self, directory, *, shards: int, records: int, size: int, pace: int | None = None):
        self.options = {"shards": shards, "records": records, "size": size, **({} if pace is None else {"pace": pace})}
        super().__init__(directory)

    def start(self) -> services.Process:
        options = [f"--{name}={value}" for name, value in self.options.items()]
        return services.Process(["node", HERE / "canned_kinesis" / "main.js", f"--port={self.port}", *options],
                                self.directory / "canned-kinesis.log")

    def more(self, records: int):
        """So many records more on each open shard."""
        self._post(f"/more/{records}")

    def split(self, records: int):
        """Ends the first open shard; each of its two children has so many records."""
        self._post(f"/split/{records}")

    def _post(self, path: str):
        urllib.request.urlopen(urllib.request.Request(self.endpoint + path, method="POST", data=b"")).close()

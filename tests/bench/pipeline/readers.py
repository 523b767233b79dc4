"""Contenders that read Kinesis by themselves, without the KCL, at the pace of kclhost's daemon."""
import shutil
import subprocess
import sys
from pathlib import Path

from .canned import HERE, services
from .contenders import Contender

fetch = services.fetch


class LeftOut(RuntimeError):
    """A contender that cannot be had on this machine, and need not be. The message says why, and what to do."""


class Reader(Contender):
    """A program that is told the stream and the pace."""

    def __init__(self, like, program: list):
        """like.pace(site) tells how fast."""
        self.like, self.program = like, program

    def command(self, site) -> list:
        pace = self.like.pace(site)
        return [*self.program, site.kinesis.endpoint, "canned", services.REGION, pace.records, pace.pause, pace.quiet]


class AsyncKinesis(Reader):
    """async-kinesis, which reads Kinesis with asyncio. Its checkpoints and its shards' owners are in DynamoDB."""
    name = "async-kinesis"

    def __init__(self, like):
        super().__init__(like, [fetch.async_kinesis(), HERE / "processors" / "async_kinesis.py"])

    def command(self, site) -> list:
        return [*super().command(site), site.dynamodb.endpoint, site.application]


class CppFloor(Reader):
    """The least program in C++ that reads all shards: libcurl, and no leases, checkpoints or children of a shard."""
    name = "C++ floor"
    keeps_place = False

    def __init__(self, like, build: Path):
        program = build / "bin" / "bench_pipeline_floor"
        if not program.exists():
            raise RuntimeError(f"{program} is missing; cmake --build builds it")
        super().__init__(like, [program])


class GoFloor(Reader):
    """The same in Go, with the AWS SDK. `folder` gets the program."""
    name = "Go floor"
    keeps_place = False

    def __init__(self, like, folder: Path):
        if not shutil.which("go"):
            raise LeftOut("go is missing; golang-go has it, on Debian 13 (Go 1.24 or later)")
        program = folder / "go-floor"
        built = subprocess.run(["go", "build", "-C", HERE / "floors" / "go", "-o", program, "."], stdout=sys.stderr)
        if built.returncode:
            raise RuntimeError(f"go build of {HERE / 'floors' / 'go'} failed; what it says is above (it needs Go 1.24)")
        super().__init__(like, [program])

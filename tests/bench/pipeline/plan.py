"""How much is measured."""
import dataclasses

KIB = 1 << 10


@dataclasses.dataclass(frozen=True)
class Crowd:
    """Many shards at once, for a daemon with its default settings; when all is read they are idle."""
    shards: int
    records: int  # on each shard
    size: int     # bytes of each record

    @property
    def total(self) -> int:
        return self.shards * self.records

    @property
    def name(self) -> str:
        return f"{self.shards} shards, {self.total:,} records of {self.size // KIB} KiB"


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int
    records: int   # in backlog on each of SHARDS shards: two answers of Kinesis, at least
    settle: float  # seconds after the backlog, before idleness is measured
    idle: float    # seconds over which it is measured
    crowds: tuple


SHARDS = 4
SIZE = KIB
WARM = 0.25  # this share of the backlog has arrived when the measurement of CPU per record begins
MORE = 10    # records on each shard that come after a restart or a split

FULL = Plan(rounds=3, records=250_000, settle=15, idle=30,
            crowds=(Crowd(12, 30_000, KIB), Crowd(12, 3_000, 10 * KIB), Crowd(40, MORE, KIB)))
QUICK = Plan(rounds=1, records=20_000, settle=5, idle=10, crowds=(Crowd(12, 5_000, KIB), Crowd(40, MORE, KIB)))

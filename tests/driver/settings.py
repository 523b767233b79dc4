"""The worlds of a run: each way to finish records, in both isolations, with one lane and four."""
from typing import NamedTuple

from stream import IN_FLUSH, POISON

# In the host, an end that runs none of its handlers can't be told from a SIGKILL by a stranger, which counts against no
# record.
POISON_IN_HOST = tuple(deed for deed in POISON if deed not in ("exit_0", "raise"))


class Setting(NamedTuple):
    name: str
    plugin: str = "writer_returning"
    isolation: str = "process"
    lanes: int = 1
    checkpoint: str = "record"
    flush: int = 1  # records that a plugin holds before it writes them
    poison: tuple = POISON
    hostile: float = 0
    later: float = 0  # the share of records that block their shard for a while
    in_flight: int = 100_000

    @property
    def isolated(self) -> bool:
        return self.isolation == "process"


HOLDING = {"plugin": "writer_checkpointing", "flush": 50, "poison": POISON + IN_FLUSH}
IN_HOST = {"isolation": "none", "poison": POISON_IN_HOST}
HOLDING_IN_HOST = {**HOLDING, **IN_HOST, "poison": POISON_IN_HOST + IN_FLUSH}

SETTINGS = (
    Setting("returning"),
    Setting("returning, four lanes", lanes=4),
    Setting("returning, hostile", hostile=0.02),
    Setting("returning, four lanes, hostile", lanes=4, hostile=0.02),
    Setting("returning, hangs", poison=("hang", "hang_for_ever", "throw")),
    Setting("returning, four lanes, block", lanes=4, poison=(), later=0.01),
    Setting("returning, in the host", **IN_HOST),
    Setting("checkpointing records", **HOLDING),
    Setting("checkpointing everything", checkpoint="everything", **HOLDING),
    Setting("checkpointing records, hostile", hostile=0.02, **HOLDING),
    Setting("checkpointing each record", plugin="writer_checkpointing", poison=POISON + IN_FLUSH),
    Setting("checkpointing records, little room", in_flight=30, **HOLDING),
    Setting("checkpointing everything, block", later=0.01, checkpoint="everything", **{**HOLDING, "poison": ()}),
    Setting("checkpointing records, block", later=0.01, **{**HOLDING, "poison": ()}),
    Setting("checkpointing records, in the host", **HOLDING_IN_HOST),
    Setting("checkpointing everything, in the host", checkpoint="everything", **HOLDING_IN_HOST),
)

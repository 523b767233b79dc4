"""A plugin that checkpoints for itself and holds 500 records of 5,000, some of which crash it: those alone are set aside,
and the daemon does not notice."""
import math
import random
import re

import pytest

from settings import Setting
from stream import Stream
from world import World

RECORDS, HELD, BATCH = 5_000, 500, 100
# Where each of them stands, and what it does.
CASES = {"one, when it is delivered": {3_210: "segv"},
         "two among the same 500": {3_210: "segv", 3_395: "abort"},
         "two side by side": {3_210: "segv", 3_211: "segv"},
         "one, when it is written": {3_210: "flush_segv"},
         "two, when they are written": {3_210: "flush_segv", 3_395: "flush_abort"},
         "one of each kind": {3_210: "segv", 3_300: "flush_abort", 3_395: "exit"}}


class Calm(World):
    """One life in which nothing happens but what the records do."""

    def __init__(self, directory, checkpoint: str, deeds: dict):
        setting = Setting(f"holding, {checkpoint}", plugin="writer_checkpointing", checkpoint=checkpoint, flush=HELD, poison=())
        super().__init__(setting, directory, seed=1, lives=1, records=RECORDS, attempts=3)
        self.stream = Stream(random.Random(1), [deeds.get(index, "ok") for index in range(RECORDS)])
        self.accounts.stream = self.stream
        self.batch_sizes = [BATCH]

    def _error_of_checkpoint(self, count: int):
        self.checkpoint = count


@pytest.mark.parametrize("checkpoint", ["record", "everything"])
@pytest.mark.parametrize("deeds", CASES.values(), ids=CASES)
def test_a_record_that_crashes_a_plugin_that_holds_others(directory, deeds, checkpoint):
    world = Calm(directory, checkpoint, deeds)
    world.trouble.isolated = False  # nobody hurts the worker
    world.live(RECORDS, calm=True)
    world.accounts.check_end()
    assert world.shard_has_ended and world.lived == 1, "the host ended"
    log = (directory / "log.1").read_text()
    deaths = len(re.findall(r'"message":"[^"]*the worker was (killed|ended)', log))
    most = 3 * math.floor(math.log2(RECORDS))
    print(f"\n{deaths} deaths of the worker for {len(deeds)} records ({most} allowed for each), checkpoint: {checkpoint}")
    assert len(deeds) <= deaths <= most * len(deeds)

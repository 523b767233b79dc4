"""A plugin that checkpoints for itself and holds 500 records of 5,000, some of which crash it: those alone are set aside,
and the daemon does not notice."""
import math
import re

import pytest

from calm import Calm
from settings import Setting

RECORDS, HELD = 5_000, 500
# Where each of them stands, and what it does.
CASES = {"one, when it is delivered": {3_210: "segv"},
         "two among the same 500": {3_210: "segv", 3_395: "abort"},
         "two side by side": {3_210: "segv", 3_211: "segv"},
         "one, when it is written": {3_210: "flush_segv"},
         "two, when they are written": {3_210: "flush_segv", 3_395: "flush_abort"},
         "one of each kind": {3_210: "segv", 3_300: "flush_abort", 3_395: "exit"}}


@pytest.mark.parametrize("checkpoint", ["record", "everything"])
@pytest.mark.parametrize("deeds", CASES.values(), ids=CASES)
def test_a_record_that_crashes_a_plugin_that_holds_others(directory, deeds, checkpoint):
    setting = Setting("holding", plugin="writer_checkpointing", checkpoint=checkpoint, flush=HELD)
    world = Calm(directory, setting, RECORDS, deeds)
    world.live(RECORDS, calm=True)
    world.accounts.check_end()
    assert world.shard_has_ended and world.lived == 1, "the host ended"
    log = (directory / "log.1").read_text()
    deaths = len(re.findall(r'"message":"[^"]*the worker was (killed|ended)', log))
    most = 3 * math.floor(math.log2(RECORDS))
    print(f"\n{deaths} deaths of the worker for {len(deeds)} records ({most} allowed for each), checkpoint: {checkpoint}")
    assert len(deeds) <= deaths <= most * len(deeds)

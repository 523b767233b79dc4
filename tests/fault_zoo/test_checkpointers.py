"""Plugins that checkpoint for themselves, rightly and wrongly."""
import pytest

from shard import record

BATCH = [record(11, "a"), record(12, "b", 0), record(12, "c", 1)]
OK, SHUTDOWN, INVALID_STATE, ILLEGAL_ARGUMENT = 0, 2, 4, 6


@pytest.fixture
def run(start):
    """Leads a shard through two batches and the loss of its lease; the shard, and what the checkpoints came to."""

    def lead(how, answers=None):
        shard = start("checkpointers.so", {"checkpoint": how})
        shard.answers = answers or {}
        shard.initialize()
        shard.process_records(*BATCH)
        shard.process_records(record(13, "d"))
        shard.lose_lease()
        assert shard.finish() == 0, shard.stderr()
        said = [line["message"].removeprefix(f"checkpoint {how}: ") for line in shard.log("info", "plugin")]
        return shard, said

    return lead


def came_to(code, name=""):
    return f"code={code} name={name}"


def test_each_record(run):
    shard, said = run("each_record")
    assert shard.checkpoints == [("11", 0), ("12", 0), ("12", 1), ("13", 0)]
    assert said == [came_to(OK)] * 4


def test_every_batch(run):
    shard, said = run("every_batch")
    assert len(shard.checkpoints) == 2
    assert shard.checkpoints[0] in [(None, None), ("12", 1)]
    assert said == [came_to(OK)] * 2


def test_the_end_of_the_shard_is_null(start):
    shard = start("checkpointers.so", {"checkpoint": "every_batch"})
    shard.initialize()
    shard.process_records(*BATCH)
    shard.end_shard()
    assert shard.finish() == 0
    assert shard.checkpoints[1:] == [(None, None)]


@pytest.mark.parametrize("how, times", [("other_thread", 2), ("after_return", 1), ("in_lease_lost", 1)])
def test_out_of_place(run, how, times):
    shard, said = run(how)
    assert shard.checkpoints == []
    assert said == [came_to(INVALID_STATE, "InvalidStateException")] * times


def test_a_record_that_the_instance_never_had_is_refused_and_the_daemon_is_not_asked(run):
    shard, said = run("beyond", {})
    assert shard.checkpoints == []
    assert said == [came_to(ILLEGAL_ARGUMENT, "IllegalArgumentException")] * 2


def test_after_the_lease_is_lost_nothing_more_is_sent_nor_delivered(run):
    shard, said = run("each_record", {"11": "ShutdownException"})
    assert said == [came_to(SHUTDOWN, "ShutdownException")] * 3, "of the first batch: the second one is another's"
    assert shard.checkpoints == [("11", 0)]


def test_the_host_checkpoints_for_the_others(start, tmp_path):
    shard = start("recorder.so", {"dir": str(tmp_path)}, checkpoint={"interval": "0s"})
    shard.initialize()
    shard.process_records(*BATCH)
    shard.lose_lease()
    assert shard.finish() == 0
    assert shard.checkpoints == [("12", 1)]

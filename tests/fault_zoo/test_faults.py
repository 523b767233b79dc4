"""What a plugin may do wrong once it is loaded, and what becomes of the shard."""
import os
import signal
import subprocess
import time

import pytest

from shard import SANITIZED, SHARD_ID, Ended, record

GOOD = [record(101, "a"), record(102, "b", 1), record(102, "c", 2)]
POISONED = [record(201, "a"), record(202, "poison", 3), record(203, "c")]
SHORT = {"initialize": "2s", "process_records": "2s", "shutdown": "2s"}

NOT_SANITIZED = pytest.mark.skipif(SANITIZED, reason="the sanitizer gets there first")

# The fault, and how the log names it.
EXCEPTIONS = [
    ("throw", "failed: thrown on purpose"),
    ("throw_nested", "failed: outer failure: inner cause"),
    ("throw_int", "failed: threw something that is not a std::exception"),
    pytest.param("fill_memory", "failed: std::bad_alloc", marks=NOT_SANITIZED),
]
DEATHS = [
    ("exit", "exit(3)"),
    ("_exit", "exit(4)"),
    ("exit_0", "exit(0)"),
    ("abort", "SIGABRT"),
    ("throw_on_thread", "SIGABRT"),
    ("segv", "SIGSEGV"),
    ("kill", "SIGKILL"),
    pytest.param("overflow_stack", "SIGSEGV", marks=NOT_SANITIZED),
    ("write_to_record", "SIGSEGV"),
]
HANGS = [("hang", "took longer than 2s"), ("hang_unkillable", "took longer than 2s")]
HARMLESS = ["print", "close_descriptors", "leave_thread", "take_signals", "chdir", "fork",
            pytest.param("tighten_limits", marks=NOT_SANITIZED)]


def the_error(shard, *texts):
    """The one line about the fault, which has all of these texts."""
    found = [line for line in shard.errors() if all(text in line["message"] for text in texts)]
    assert len(found) == 1, shard.stderr()
    assert (found[0]["shard"], found[0]["plugin"], found[0]["version"]) == (SHARD_ID, "zoo.misbehave", "6.6.6")
    return found[0]


def live_and_die(shard):
    """The rest of a shard's life with a plugin that does its work."""
    shard.process_records(*GOOD)
    shard.request_shutdown()
    shard.lose_lease()
    assert shard.finish() == 0, shard.stderr()


@pytest.mark.parametrize("fault, named", EXCEPTIONS + DEATHS + HANGS)
def test_a_batch_that_fails_is_not_acknowledged(misbehave, fault, named):
    shard = misbehave(fault, "process_records", timeouts=SHORT if "hang" in fault else {})
    shard.initialize()
    if "hang" not in fault:
        shard.process_records(*GOOD)
    with pytest.raises(Ended):
        shard.process_records(*POISONED)
    assert shard.finish() == 1
    line = the_error(shard, "process_records", named)
    assert (line["records"], line["first"], line["last"]) == ("3", "201/0", "203/0")


def test_what_was_done_of_a_failed_batch_is_checkpointed(misbehave):
    shard = misbehave("partial", "process_records")
    shard.initialize()
    with pytest.raises(Ended):
        shard.process_records(record(1, "a"), record(2, "b", 5), record(3, "poison"), record(4, "d"))
    assert shard.finish() == 1
    assert shard.checkpoints == [("2", 5)]
    the_error(shard, "poison at 2")


@pytest.mark.parametrize("fault, named", [("throw", "thrown on purpose"), ("segv", "SIGSEGV"), ("exit", "exit(3)"),
                                          ("hang", "longer than 2s")])
@pytest.mark.parametrize("place, code", [("constructor", 3), ("initialize", 1)])
def test_a_shard_that_cant_begin(misbehave, fault, named, place, code):
    shard = misbehave(fault, place, timeouts=SHORT if fault == "hang" else {})
    with pytest.raises(Ended):
        shard.initialize()
    assert shard.finish() == code
    assert any(named in line["message"] for line in shard.errors()), shard.stderr()


@pytest.mark.parametrize("fault, named", [("throw", "thrown on purpose"), ("segv", "SIGSEGV"), ("exit_0", "exit(0)"),
                                          ("hang", "longer than 2s")])
def test_the_end_of_a_shard_that_fails_is_not_checkpointed(misbehave, fault, named):
    """A worker that dies of it is followed by others, for as long as timeouts.shutdown says."""
    shard = misbehave(fault, "shard_ended", checkpoint={"interval": "1h"}, timeouts=SHORT)
    shard.initialize()
    shard.process_records(*GOOD)
    shard.checkpoints.clear()
    shard.end_shard()
    assert (None, None) not in shard.checkpoints
    assert shard.finish() == 0
    assert any("shard_ended" in line["message"] and named in line["message"] for line in shard.errors()), shard.stderr()
    the_error(shard, "the end of the shard is not checkpointed")


@pytest.mark.parametrize("fault, named", [("throw", "thrown on purpose"), ("segv", "SIGSEGV"), ("exit", "exit(3)"),
                                          ("hang", "longer than 2s")])
@pytest.mark.parametrize("place", ["shutdown_requested", "lease_lost"])
def test_a_failed_farewell_keeps_what_was_done(misbehave, fault, named, place):
    shard = misbehave(fault, place, checkpoint={"interval": "1h"}, timeouts=SHORT if fault == "hang" else {})
    shard.initialize()
    shard.process_records(*GOOD)
    shard.request_shutdown()
    assert shard.checkpoints[-1] == ("102", 2)
    shard.lose_lease()
    assert shard.finish() == 0
    the_error(shard, place, named)


@pytest.mark.parametrize("fault, named", [("throw", "SIGABRT"), ("segv", "SIGSEGV"), ("exit", "exit(3)"),
                                          ("hang", "longer than 2s")])
def test_a_destructor_can_do_no_harm(misbehave, fault, named):
    shard = misbehave(fault, "destructor", timeouts=SHORT if fault == "hang" else {})
    shard.initialize()
    live_and_die(shard)
    the_error(shard, "destroy", named)


@pytest.mark.parametrize("isolation", ["process", "none"])
@pytest.mark.parametrize("place", ["constructor", "process_records"])
@pytest.mark.parametrize("fault", HARMLESS)
def test_what_the_shard_survives(misbehave, fault, place, isolation):
    if isolation == "none" and fault in ("fork", "tighten_limits", "close_descriptors"):
        pytest.skip("nothing protects the host's own process from this")
    shard = misbehave(fault, place, isolation=isolation)
    shard.initialize()
    shard.process_records(*POISONED)
    live_and_die(shard)
    assert not shard.errors(), shard.stderr()


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_printed_lines_reach_the_log_only(misbehave, isolation):
    shard = misbehave("print", "process_records", isolation=isolation)
    shard.initialize()
    shard.process_records(*POISONED)
    live_and_die(shard)
    for printed in ("printf", "cout", "write"):
        assert f'"responseFor":"{printed}"' in shard.stderr().replace("\\", "")


@pytest.mark.parametrize("fault, named", EXCEPTIONS[:3])
def test_exceptions_without_isolation(misbehave, fault, named):
    shard = misbehave(fault, "process_records", isolation="none")
    shard.initialize()
    with pytest.raises(Ended):
        shard.process_records(*POISONED)
    assert shard.finish() == 1
    the_error(shard, "process_records", named)


def test_signals_to_its_group_reach_nobody_else(misbehave):
    shard = misbehave("signal_group", "process_records")
    # The daemon shares the host's group when a terminal or kclhost launch started it.
    with subprocess.Popen(["sleep", "600"], process_group=os.getpgid(shard.process.pid)) as daemon:
        try:
            shard.initialize()
            shard.process_records(*POISONED)
            live_and_die(shard)
            assert daemon.poll() is None
        finally:
            daemon.kill()


def test_a_worker_that_dies_between_batches_is_replaced(misbehave):
    shard = misbehave("segv_later", "process_records")
    shard.initialize()
    before = set(shard.processes()) - {shard.process.pid}
    shard.process_records(*POISONED)
    while before & set(shard.processes()):
        time.sleep(0.01)
    live_and_die(shard)
    assert any("SIGSEGV" in line["message"] for line in shard.log()), shard.stderr()


def test_a_worker_killed_while_idle_is_replaced(misbehave):
    shard = misbehave("none", "nowhere")
    shard.initialize()
    shard.process_records(*GOOD)
    before = set(shard.processes()) - {shard.process.pid}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    while before & set(shard.processes()):
        time.sleep(0.01)
    live_and_die(shard)


@pytest.mark.parametrize("message", [
    {"action": "processRecords", "records": GOOD, "millisBehindLatest": 0}, {"action": "shardEnded"}])
def test_a_batch_that_a_dying_worker_never_saw_has_not_failed(misbehave, message):
    shard = misbehave("none", "nowhere")
    shard.initialize()
    workers = set(shard.processes()) - {shard.process.pid}
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    shard.send(message)
    shard.wait_until_read()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    shard.wait_for_status(message["action"])
    assert shard.finish() == 0
    the_error(shard, "between calls")

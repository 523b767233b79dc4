"""What becomes of a shard with poison in it, and of the others beside it: block, stop, skip."""
import contextlib
import os
import shutil
import signal

import accepted
import poison
from application import Application, position
from records import Position
from scenario import scenario

SHARDS, RECORDS = 4, 2_000


@scenario
def test_block_waits_for_a_cure(stage):
    plugins = stage.directory / "plugins"
    plugins.mkdir()
    install(stage.zoo / "recorder.so", plugins)
    # One failure is an exception and the other ends the worker. Not in a shard's first batch: one that is not answered may
    # hold up the KCL's scheduler, and with it all other shards.
    records = poison.Input(stage, RECORDS, SHARDS, {0: ["throw"], 2: ["segv"]}, behind=0.5)
    application = poison.application(stage, records, {"then": "block"}, plugins_dir=str(plugins),
                                     properties={"maxRecords": 100})
    daemon = application.start()
    at_the_poison = {shard: before(records, shard, place) for shard, place in records.poisoned()}
    assert len(at_the_poison) == 2
    application.until(lambda: never_past(application, at_the_poison) and stands(application) == at_the_poison,
                      "the shards with poison waiting before it, the others at their end")
    assert len(said(daemon, "the shard waits: these records fail")) == 2
    accepted.check_order(accepted.calls(daemon.records))

    # Before the cure is there: one that was killed while it is on trial would be given up.
    for instance in daemon.instances():
        if instance.shard in at_the_poison and " worker " in daemon.family().get(instance.pid, ""):
            with contextlib.suppress(ProcessLookupError):  # the poison was faster
                os.kill(instance.pid, signal.SIGKILL)
    install(stage.zoo / "recorder_cured.so", plugins)
    application.until(lambda: not application.unfinished(), "every lease at its end")
    assert daemon.running() and len(application.daemons) == 1
    calls = accepted.calls(daemon.records)
    accepted.check_all(calls, {**records.good(), **{(shard, place): records.producer.sent[shard][place]
                                                    for shard, place in records.poisoned()}})
    accepted.check_order(calls)


@scenario
def test_stop_leaves_the_checkpoint_before_the_poison(stage):
    records = poison.Input(stage, RECORDS, SHARDS, {1: ["throw", "throw"]})
    # A daemon waits that long for a shard whose host has stopped, and under its old name not at all for its leases.
    application = poison.application(stage, records, {"then": "stop"},
                                     properties={"shutdownGraceMillis": 5000, "workerIdentifier": "the-same"})
    shard, first = min(records.poisoned())
    for _ in range(2):  # whoever starts it again
        daemon = application.start()
        stage.until(lambda: never_past(application, {shard: before(records, shard, first)}) and not daemon.running(),
                    "the daemon's end")
        assert daemon.wait() == 1
        assert "stopped by on_error" in daemon.output()
    leases = {shard: position(lease) for shard, lease in application.leases().items()}
    assert leases[shard] == before(records, shard, first)
    got = {(call.shard, place) for daemon in application.daemons
           for calls in accepted.calls(daemon.records).values() for call in calls for place, _ in call.records}
    for each, checkpoint in leases.items():
        acknowledged = {(each, place) for place in records.producer.sent[each]
                        if isinstance(checkpoint, Position) and place <= checkpoint}
        assert acknowledged <= got, f"{each}: {len(acknowledged - got)} records acknowledged and not accepted"


@scenario
def test_skip_tells_of_each(stage):
    records = poison.Input(stage, RECORDS, SHARDS, {0: ["throw", "throw", "exit"], 3: ["segv", "throw"]})
    application = poison.application(stage, records, {"then": "skip"})
    daemon = application.start()
    application.until(lambda: not application.unfinished(), "every lease at its end")
    assert daemon.running() and len(application.daemons) == 1
    told = said(daemon, "record skipped by on_error")
    assert len(told) == len(records.poisoned())
    for shard, place in records.poisoned():
        record = f" record={place.sequence}/{place.sub} "
        assert len([line for line in told if f" {shard} " in line and record in line]) == 1
        count = len([each for each, _ in records.poisoned() if each == shard])
        assert [n for n in range(1, count + 2) if any(f" {shard} " in line and f" total={n} " in line for line in told)
                ] == list(range(1, count + 1))
    calls = accepted.calls(daemon.records)
    accepted.check_all(calls, records.good())
    accepted.check_order(calls)
    assert not (daemon.state / "dead-letters").exists()


def install(plugin, directory):
    """The way a deployment does it: whole or not at all."""
    shutil.copy(plugin, directory / "new")
    os.rename(directory / "new", directory / "recorder.so")


def said(daemon, text: str) -> list:
    """The hosts' lines with that text; the daemon puts each into a line of its own besides."""
    return [line for line in daemon.output().splitlines() if text in line and "DrainChildSTDERRTask" not in line]


def before(records: poison.Input, shard: str, place: Position) -> Position:
    """The record in front of that one."""
    return max(each for each in records.producer.sent[shard] if each < place)


def stands(application: Application) -> dict:
    """Where the leases are that are not at their end."""
    return {shard: checkpoint for shard, (checkpoint, _) in application.unfinished().items()}


def never_past(application: Application, limits: dict) -> bool:
    """Asked again and again: no checkpoint lies behind its limit."""
    for shard, lease in application.leases().items():
        checkpoint = position(lease)
        if shard in limits and isinstance(checkpoint, Position):
            limit = limits[shard]
            assert checkpoint <= limit, f"{shard}: {checkpoint} checkpointed, the poison comes after {limit}"
    return True

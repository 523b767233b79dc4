"""What becomes of the records that a plugin has in its hands, whatever happens to it, to its file and to the daemon."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from shard import BIN, ZOO, Ended, environment, record

DEFAULT_PIPE = 64 << 10
F_GETPIPE_SZ = 1032
FOR_EVER = {"max_attempts": 1_000_000, "initial_backoff": "1ms", "max_backoff": "1ms"}
QUICK = {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "5ms"}
BLOCK = {"retry": QUICK, "then": "block"}
DEAD_LETTER = {"retry": QUICK, "then": "dead_letter"}
APPLICATION = {"properties": {"applicationName": "orders", "streamName": "events"}}
# A machine that is busy makes no new file a bad one.
PATIENT = {"timeouts": {"swap": "1h"}, "rollout": {"undo_on": {"call_longer_than": "1h"}}}
WAITS = "the shard waits: these records fail whatever is tried"


class Stage:
    """A plugin's place in a plugins_dir, and what the actors in it wrote down."""

    def __init__(self, directory, begin):
        self.directory, self.begin = directory, begin
        self.plugins = directory / "plugins"
        self.plugins.mkdir()
        self.state = directory / "state"
        self.notes_file = directory / "notes"

    def install(self, plugin):
        """As a deployment does: whole or not at all."""
        shutil.copy(ZOO / plugin, self.plugins / "new")
        (self.plugins / "new").chmod(0o755)
        (self.plugins / "new").rename(self.plugins / "plugin.so")

    def start(self, plugin=None, config=None, **settings):
        if plugin:
            self.install(plugin)
        settings = {"plugins_dir": self.plugins, "state_dir": str(self.state), "daemon": APPLICATION, **PATIENT} | settings
        return self.begin("plugin.so", {"notes": str(self.notes_file)} | (config or {}), **settings)

    def notes(self, event):
        whole = self.notes_file.read_text().split("\n")[:-1] if self.notes_file.exists() else []
        return [note for note in map(json.loads, whole) if note["event"] == event]

    def data(self, event):
        return [note["data"] for note in self.notes(event)]

    def kill_worker(self, shard):
        """The worker that is there now, and waits until it is gone."""
        workers = set(shard.processes()) - {shard.process.pid}
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        shard.wait_for(lambda: not workers & set(shard.processes()))

    def letters(self):
        return [json.loads(line) for file in sorted((self.state / "dead-letters").glob("*.jsonl"))
                for line in file.read_text().splitlines()]


@pytest.fixture
def stage(tmp_path, start):
    return Stage(tmp_path, start)


def keyed(first, texts, keys=50):
    return [record(first + i, text, key=f"key-{i % keys}") for i, text in enumerate(texts)]


def hang_up(shard):
    """The daemon goes away; the exit code. What it had asked is not answered any more."""
    shard.process.stdin.close()
    shard.wait_until_alone()
    return shard.process.wait()


# ---- A new file is taken up


@pytest.mark.parametrize("batches", [[["one"], ["needs 2", "three"]], [["one", "needs 2", "three"]],
                                     [["one"], ["two"], ["three", "four", "needs 2"]]])
def test_a_blocked_shard_takes_up_a_new_file_and_loses_nothing_that_was_held(stage, batches):
    shard = stage.start("holder.so", on_error=BLOCK)
    shard.initialize()
    number = 101
    for batch in batches:
        records = [record(number + i, text) for i, text in enumerate(batch)]
        number += len(batch)
        if "needs 2" not in batch:
            shard.process_records(*records)
            continue
        shard.send({"action": "processRecords", "records": records, "millisBehindLatest": 0})
        shard.wait_until_told(WAITS)
        stage.install("holder_2.so")
        shard.wait_for_status("processRecords")
    shard.request_shutdown()
    assert shard.checkpoints[-1] == (str(number - 1), 0)
    assert set(stage.data("stored")) == {text for batch in batches for text in batch}
    assert {note["version"] for note in stage.notes("stored") if note["data"] == "needs 2"} == {2}
    assert shard.finish() == 0


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_every_lane_takes_up_the_new_file(stage, lanes):
    shard = stage.start("actor.so", on_error=BLOCK, concurrency=lanes)
    shard.initialize()
    records = keyed(101, ["needs 2"] * 50)
    shard.send({"action": "processRecords", "records": records, "millisBehindLatest": 0})
    shard.wait_until_told(WAITS, lanes)
    stage.install("actor_2.so")
    shard.wait_for_status("processRecords")
    accepted = stage.notes("accepted")
    assert len(accepted) == len(records) and {note["version"] for note in accepted} == {2}
    assert len({note["pid"] for note in accepted}) == lanes
    assert shard.finish() == 0


# ---- Only the worker speaks for itself


def test_a_forked_child_that_returns_later_acknowledges_nothing(stage):
    shard = stage.start("actor.so", on_error=BLOCK)
    shard.initialize()
    shard.process_records(record(101, f"fork {stage.directory / 'second'}"))
    shard.send({"action": "processRecords", "records": [record(102, "fail_behind_child")], "millisBehindLatest": 0})
    shard.wait_until_told(WAITS)
    shard.process.stdin.close()
    with pytest.raises(Ended):
        shard.wait_for_status("processRecords")
    assert shard.process.wait() == 4
    assert not [note for note in stage.notes("accepted") if note["record"] == "102"]


# ---- A worker that can't be had


def test_a_staged_copy_that_is_gone_is_made_anew(stage):
    shard = stage.start("actor.so", on_error=BLOCK)
    shard.initialize()
    shard.process_records(record(101, "one"))
    shutil.rmtree(stage.state / "releases" / "1")
    stage.kill_worker(shard)
    shard.process_records(record(102, "two"))
    assert shard.finish() == 0
    assert stage.data("accepted") == ["one", "two"]


def test_a_staged_copy_that_is_gone_for_good_makes_the_shard_wait(stage):
    """The copy is gone, and where it came from there is another version: what to do next is a new file's matter."""
    shard = stage.start("actor.so", on_error=BLOCK)
    shard.initialize()
    shard.process_records(record(101, "one"))
    shutil.rmtree(stage.state / "releases" / "1")
    (stage.plugins / "plugin.so").rename(stage.plugins / "elsewhere.so")
    stage.kill_worker(shard)
    shard.send({"action": "processRecords", "records": [record(102, "two")], "millisBehindLatest": 0})
    shard.wait_until_told("the plugin does not come up")
    stage.install("actor_2.so")
    shard.wait_for_status("processRecords")
    assert shard.finish() == 0
    assert stage.data("accepted") == ["one", "two"]


def test_a_death_while_loading_again_makes_the_shard_wait(stage, monkeypatch):
    deadly = stage.directory / "deadly"
    monkeypatch.setenv("ZOO_DIES_WHILE_LOADING", str(deadly))
    shard = stage.start("actor.so", on_error=BLOCK)
    shard.initialize()
    shard.process_records(record(101, "one"))
    deadly.touch()
    stage.kill_worker(shard)
    shard.send({"action": "processRecords", "records": [record(102, "two")], "millisBehindLatest": 0})
    # More often than max_attempts.
    shard.wait_until_told("the plugin does not come up", 4)
    deadly.unlink()
    shard.wait_for_status("processRecords")
    assert shard.finish() == 0
    assert stage.data("accepted") == ["one", "two"]


@pytest.fixture
def refused(start):
    """A stage, and refused(number): from then on the host's user may have no more processes than that."""
    if os.geteuid() != 0:
        pytest.skip("becomes a user who has nothing else running")
    running = {os.stat(f"/proc/{pid}").st_uid for pid in os.listdir("/proc") if pid.isdigit() and
               os.path.exists(f"/proc/{pid}")}
    user = next(uid for uid in range(54321, 65000) if uid not in running)
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]

    class StageOfAnother(Stage):
        def start(self, *arguments, **settings):
            self.shard = super().start(*arguments, directory=self.directory, program=self.program, inside=become,
                                       **settings)
            return self.shard

        def allow_processes(self, number):
            subprocess.run([*become, "prlimit", f"--pid={self.shard.process.pid}", f"--nproc={number}:"], check=True)

    with tempfile.TemporaryDirectory() as directory:  # where another user may look
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        stage = StageOfAnother(directory, start)
        stage.program = pathlib.Path(shutil.copy2(BIN / "kclhost", directory))
        for path in (directory, stage.plugins):
            os.chown(path, user, user)
        yield stage
        stage.shard.__exit__()


def test_a_fork_that_is_refused_is_tried_again(refused):
    shard = refused.start("actor.so", on_error=BLOCK)
    shard.initialize()
    shard.process_records(record(101, "one"))
    refused.allow_processes(1)
    refused.kill_worker(shard)
    shard.send({"action": "processRecords", "records": [record(102, "two")], "millisBehindLatest": 0})
    shard.wait_until_told("no worker could be started", 3)
    refused.allow_processes(100)
    shard.wait_for_status("processRecords")
    assert shard.finish() == 0
    assert refused.data("accepted") == ["one", "two"]


def test_while_no_successor_can_be_forked_the_host_does_all_else(refused):
    shard = refused.start("actor.so", on_error=BLOCK)
    shard.initialize()
    shard.send({"action": "processRecords", "records": [record(101, "needs 2")], "millisBehindLatest": 0})
    shard.wait_until_told(WAITS)
    refused.allow_processes(1)
    refused.install("actor_2.so")
    shard.wait_until_told("no worker could be started to replace the one there is", 3)
    tries = len(refused.notes("begun"))
    shard.wait_for(lambda: len(refused.notes("begun")) > tries + 3)  # by the old one
    refused.allow_processes(100)
    shard.wait_for_status("processRecords")
    assert {note["version"] for note in refused.notes("accepted")} == {2}
    assert shard.finish() == 0


# ---- The daemon goes away


@pytest.mark.parametrize("then", ["skip", "dead_letter"])
@pytest.mark.parametrize("plugin", ["actor.so", "holder.so"])
def test_ends_of_the_daemon_are_no_tries(stage, then, plugin):
    stage.install(plugin)
    database = stage.directory / "database"
    settings = {"on_error": {"retry": QUICK, "then": then}, "timeouts": {"shutdown": "50ms"}}
    records = [record(101, "one"), record(102, f"wait {database}"), record(103, "three")]
    for start in range(3 * QUICK["max_attempts"]):
        shard = stage.start(**settings)
        shard.initialize()
        shard.send({"action": "processRecords", "records": records, "millisBehindLatest": 0})
        shard.wait_for(lambda: len([note for note in stage.notes("begun") if note["record"] == "102"]) > start)
        assert hang_up(shard) == 4
    database.touch()
    shard = stage.start(**settings)
    shard.initialize()
    shard.process_records(*records)
    shard.request_shutdown()
    assert shard.checkpoints[-1] == ("103", 0)
    assert shard.finish() == 0
    assert set(stage.data("accepted")) == {"one", f"wait {database}", "three"}
    assert not stage.letters() and not shard.told("record skipped by on_error")


# ---- What the daemon is owed while no worker comes up


@pytest.fixture
def dead(stage):
    """dead(interval): a shard that has accepted a record, and whose plugin does not come up again."""

    def make(interval, **checkpoint):
        down = stage.directory / "down"
        shard = stage.start("actor.so", {"down": str(down)}, on_error=BLOCK,
                            checkpoint={"interval": interval} | checkpoint)
        shard.initialize()
        shard.answers["101"] = "ThrottlingException"  # should it be due already
        shard.process_records(record(101, "one"))
        shard.answers.clear()
        shard.checkpoints.clear()
        down.touch()
        stage.kill_worker(shard)
        shard.wait_until_told("the plugin does not come up")
        return shard

    return make


def test_a_shutdown_needs_no_worker(dead):
    shard = dead("1h")
    shard.request_shutdown()
    assert shard.checkpoints == [("101", 0)]
    shard.lose_lease()
    assert shard.finish() == 0


def test_a_lost_lease_needs_no_worker(dead):
    shard = dead("1h")
    shard.lose_lease()
    assert shard.finish() == 0
    assert shard.checkpoints == []


def test_a_due_checkpoint_needs_no_worker(dead):
    shard = dead("200ms", retry={"max_attempts": 1, "initial_backoff": "1ms", "max_backoff": "1ms"})
    shard.send({"action": "processRecords", "records": [record(102, "two")], "millisBehindLatest": 0})
    message = shard.read_message()
    assert (message["action"], message["sequenceNumber"]) == ("checkpoint", "101")
    shard.send(message | {"error": None})
    assert hang_up(shard) == 4


# ---- Two applications, one state_dir


def listed(directory):
    done = subprocess.run([BIN / "kclhost", "dead-letters", "list", "--config", directory / "kclhost.yaml", "--json"],
                          capture_output=True, text=True, env=environment(), check=True)
    return done.stdout


def test_two_applications_share_no_dead_letters(stage):
    stage.install("actor.so")
    numbers = {"orders": "49590338271490256608559692538361571095921575989136588898", "clicks": "49600000000000000001"}
    for name, number in numbers.items():
        shard = stage.start(daemon={}, directory=stage.directory / name, on_error=DEAD_LETTER)
        shard.initialize()
        shard.process_records(record(number, "fail"))
        shard.lose_lease()
        assert shard.finish() == 0
    for name, number in numbers.items():
        text = listed(stage.directory / name)
        assert number in text
        assert not any(other in text for other in numbers.values() if other != number)


def test_two_applications_share_no_tries(stage):
    """A record that ends the host of the first is counted on while the second starts in between."""
    stage.install("actor.so")

    def run(name, *records):
        shard = stage.start(daemon={}, directory=stage.directory / name, on_error=DEAD_LETTER, isolation="none")
        try:
            shard.initialize()
            shard.process_records(*records)
            shard.lose_lease()
        except Ended:
            return False
        return shard.finish() == 0

    for start in range(QUICK["max_attempts"] + 1):
        done = run("orders", record(101, "die"))
        assert run("clicks", record(201, "fine"))
        if done:
            break
    assert done
    assert len(stage.letters()) == 1


def test_two_hosts_of_one_shard_do_not_mix_their_tries(stage):
    first = stage.start("actor.so", on_error=BLOCK)
    first.initialize()
    second = stage.start(on_error=BLOCK)
    second.initialize()
    assert second.told("another process has this shard's state in state_dir") == 1
    assert first.told("another process has this shard's state in state_dir") == 0
    for shard in (first, second):
        shard.process_records(record(101, "one"))
        assert shard.finish() == 0


# ---- Records that grow old


def test_a_record_grows_too_old_while_it_is_tried(stage):
    shard = stage.start("actor.so", on_error={"retry": FOR_EVER, "then": "skip", "max_record_age": "1s"})
    shard.initialize()
    ahead = int(time.time() * 1000) + 1_000  # its producer's clock is, so that the first tries are certain
    shard.process_records(record(101, "fail", arrival=ahead), record(102, "two", arrival=ahead + 3_600_000))
    assert shard.told("process_records failed") >= 1
    assert shard.told("record skipped by on_error") == 1
    assert stage.data("accepted") == ["two"]
    assert shard.finish() == 0


# ---- Pipes


def pipe_size(shard):
    return fcntl.fcntl(shard.process.stdin, F_GETPIPE_SZ)


def test_the_daemons_pipe_is_large_only_while_batches_are(stage):
    shard = stage.start("actor.so", on_error=BLOCK)
    before = pipe_size(shard)
    shard.initialize()
    for number in range(100):
        shard.process_records(record(101 + number, "small"))
    assert pipe_size(shard) == before
    large = {"action": "processRecords", "records": [record(1_000 + number, "x" * 1_000) for number in range(1_000)]}
    line = json.dumps(large, separators=(",", ":")).encode()
    shard.process.stdin.write(line[:-1])
    shard.process.stdin.flush()
    shard.wait_for(lambda: pipe_size(shard) > before)
    shard.process.stdin.write(b"}\n")
    shard.process.stdin.flush()
    shard.wait_for_status("processRecords")
    # Once the daemon is silent.
    shard.wait_for(lambda: pipe_size(shard) <= max(before, DEFAULT_PIPE))
    assert shard.finish() == 0


# ---- Records that were set aside


def test_a_record_set_aside_is_not_delivered_again_until_the_stream_is_read_anew(stage):
    """The plugin checkpoints nothing, so the daemon's next process reads all again."""
    stage.install("holder.so")
    records = [record(101, "one"), record(102, "two"), record(103, "die"), record(104, "four")]

    def deaths():
        return stage.data("begun").count("die")

    shard = stage.start(config={"flush": "nothing"}, on_error=DEAD_LETTER)
    shard.initialize()
    shard.process_records(*records)
    assert shard.checkpoints == []
    assert shard.finish() == 0
    assert len(stage.letters()) == 1
    before = deaths()

    shard = stage.start(config={"flush": "nothing"}, on_error=DEAD_LETTER)
    shard.initialize()
    shard.process_records(*records)
    assert shard.told("an earlier process set these records aside") == 1
    assert deaths() == before and len(stage.letters()) == 1
    shard.request_shutdown()
    assert shard.checkpoints[-1] == ("104", 0)
    assert {"one", "two", "four"} <= set(stage.data("stored"))
    assert shard.finish() == 0

    # Somebody sets the application back to the stream's beginning, on purpose.
    shard = stage.start(config={"flush": "nothing"}, on_error=DEAD_LETTER)
    shard.initialize()
    shard.process_records(*records)
    assert deaths() > before and len(stage.letters()) == 2
    assert shard.finish() == 0


# ---- Records that a plugin holds


def test_a_plugin_that_holds_too_many_is_asked_to_flush(stage):
    shard = stage.start("holder.so", on_error=BLOCK, in_flight={"max_records": 10})
    shard.initialize()
    shard.process_records(*[record(101 + i, f"a{i}") for i in range(10)])
    assert not stage.notes("flush") and shard.checkpoints == []
    shard.process_records(*[record(201 + i, f"b{i}") for i in range(5)])
    assert len(stage.notes("flush")) == 1 and shard.checkpoints == [("205", 0)]
    assert len(stage.data("stored")) == 15
    shard.process_records(record(301, "c"))
    assert len(stage.notes("flush")) == 1
    assert shard.finish() == 0


def test_a_plugin_that_holds_too_much_is_asked_to_flush(stage):
    shard = stage.start("holder.so", on_error=BLOCK, in_flight={"max_bytes": "1KiB"})
    shard.initialize()
    shard.process_records(record(101, "x" * 400))
    assert not stage.notes("flush")
    shard.process_records(record(102, "y" * 700))
    assert len(stage.notes("flush")) == 1 and shard.checkpoints == [("102", 0)]
    assert shard.finish() == 0


def test_a_flush_that_checkpoints_nothing_ends_the_host(stage):
    shard = stage.start("holder.so", {"flush": "nothing"}, on_error=BLOCK, in_flight={"max_records": 10})
    shard.initialize()
    shard.process_records(*[record(101 + i, f"a{i}") for i in range(10)])
    with pytest.raises(Ended):
        shard.process_records(record(201, "one too many"))
    assert shard.finish() == 1
    (line,) = shard.errors()
    assert "holds 11 records" in line["message"]
    assert "in_flight.max_records (10)" in line["message"] and "in_flight.max_bytes" in line["message"]


@pytest.mark.parametrize("limit", [1, 3])
def test_a_record_that_kills_only_in_a_flush_is_found(stage, limit):
    shard = stage.start("holder.so", on_error=DEAD_LETTER, in_flight={"max_records": limit})
    shard.initialize()
    texts = ["one", "two", "die_in_flush", "four", "five", "six", "die_in_flush", "eight"]
    for begin in range(0, len(texts), 2):
        shard.process_records(*[record(101 + begin + i, text) for i, text in enumerate(texts[begin:begin + 2])])
    shard.request_shutdown()
    assert shard.checkpoints[-1] == ("108", 0)
    assert set(stage.data("stored")) == set(texts) - {"die_in_flush"}
    assert sorted(letter["sequence_number"] for letter in stage.letters()) == ["103", "107"]
    assert shard.finish() == 0


@pytest.mark.parametrize("texts", [
    ["one", "two", "fail", "four", "die", "six"],
    ["one", "die", "three", "die", "five", "six"],
    ["die", "die", "three", "fail", "fail", "die_in_flush"],
    ["one", "die_in_flush", "fail", "four", "die", "die_in_flush"],
])
@pytest.mark.parametrize("size", [1, 2, 6])
def test_exactly_the_bad_records_are_set_aside_and_every_other_is_stored(stage, texts, size):
    """Failures that name a record, deaths and deaths in a flush, while others are held; the daemon notices nothing."""
    shard = stage.start("holder.so", on_error=DEAD_LETTER, in_flight={"max_records": 3})
    shard.initialize()
    for begin in range(0, len(texts), size):
        shard.process_records(*[record(101 + begin + i, text) for i, text in enumerate(texts[begin:begin + size])])
    # More than may be held: the last ones are flushed too.
    shard.process_records(*[record(201 + i, f"more {i}") for i in range(5)])
    shard.request_shutdown()
    assert shard.checkpoints[-1] == ("205", 0)
    bad = {"fail", "die", "die_in_flush"}
    assert {note["record"] for note in stage.notes("stored")} == {
        *(str(101 + i) for i, text in enumerate(texts) if text not in bad), *(str(201 + i) for i in range(5))}
    assert sorted(letter["sequence_number"] for letter in stage.letters()) == [
        str(101 + i) for i, text in enumerate(texts) if text in bad]
    assert shard.finish() == 0


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_what_is_acknowledged_in_an_empty_batch_is_checkpointed(stage, isolation):
    shard = stage.start("idler.so", isolation=isolation, checkpoint={"interval": "0s"})
    shard.initialize()
    for number in ("1", "3"):
        shard.process_records(record(number, "a"), record(str(int(number) + 1), "b"))
    assert shard.checkpoints == []
    shard.process_records()
    assert shard.checkpoints[-1] == ("4", 0)
    shard.lose_lease()
    assert shard.finish() == 0

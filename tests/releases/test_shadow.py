"""A shadow sees the shard's records, and whatever becomes of it the daemon and the plugin notice nothing."""
import json
import os
import pathlib
import subprocess

import pytest

from shard import BIN, SANITIZED, write_config

AT_ONCE = {"interval": "0s"}
OVER = "what became of the shadow"


class Trial:
    """A host whose plugin and shadow take notes, each its own."""

    def __init__(self, deployment, plugin="actor.so", shadow="actor_shadow.so", config=None, **settings):
        self.deployment, self.directory = deployment, deployment.directory
        self.shadow_notes = self.directory / "shadow_notes"
        deployment.rename(shadow, "shadow.so")
        settings = {"checkpoint": AT_ONCE} | settings
        self.host = deployment.start(plugin, shadow={"path": "shadow.so", "config": {"notes": str(self.shadow_notes)} | (config or {})},
                                     **settings)

    def process(self, *texts):
        self.deployment.process(self.host, *texts)

    def seen(self, event="accepted"):
        """What the shadow was given."""
        lines = self.shadow_notes.read_text().split("\n")[:-1] if self.shadow_notes.exists() else []
        return [note for note in map(json.loads, lines) if note["event"] == event]

    def give(self, *texts):
        """The same batch, until the shadow has begun with it: it may be busy, or not there yet. How often it did so."""
        begun = lambda: sum(note["data"] == texts[0] for note in self.seen("begun"))
        before = begun()
        self.host.wait_for(lambda: self.process(*texts) or begun() > before)
        return begun() - before

    def until_ready(self):
        before = len(self.seen())
        self.give("are you there?")
        self.host.wait_for(lambda: len(self.seen()) > before)

    def finish(self):
        """The summary's counts."""
        assert self.host.finish() == 0
        [line] = [line for line in self.host.log(source="host") if line["message"] == OVER]
        return {key: int(value) for key, value in line.items() if isinstance(value, str) and value.isdigit()}


def texts(notes):
    return [(note["record"], note["data"]) for note in notes]


def test_it_sees_the_same_records(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    for number in range(5):
        trial.give(f"one {number}", f"two {number}")
    counts = trial.finish()
    seen, processed = texts(trial.seen()), texts(deployment.notes())
    assert {text for _, text in seen} > {f"two {number}" for number in range(4)}
    assert set(seen) <= set(processed) and len(set(seen)) == len(seen)
    assert trial.seen("create_shadow") and not trial.seen("create")
    assert counts["batches_accepted"] >= 5 and counts["records"] >= len(seen)
    assert counts["only_shadow_failed"] == counts["deaths"] == counts["batches_failed"] == 0


def test_what_it_does_is_told_and_what_it_is_told_is_marked(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    trial.give("shadow log 1", "shadow fail")
    trial.host.wait_for(lambda: trial.host.told("the shadow failed at records that the plugin accepted"))
    line = trial.host.log(source="shadow")[0]
    assert line["shadow"] == "zoo.actor 2.0.0" and line["message"] == "line 1"
    line = [line for line in trial.host.log(source="host") if line["message"].startswith("the shadow failed")][0]
    assert line["error"].startswith("this record says so") and line["first"] < line["last"]
    counts = trial.finish()
    assert counts["batches_failed"] >= counts["only_shadow_failed"] >= 1 and counts["only_plugin_failed"] == 0


def test_what_the_lost_lease_keeps_from_the_plugin_it_is_not_given(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    trial.host.answers = {str(trial.deployment.number + 1): "ShutdownException"}
    for text in ("one", "shadow fail", "two"):
        trial.process(text)
    assert not trial.host.told("the shadow failed")
    counts = trial.finish()
    assert counts["only_shadow_failed"] == counts["only_plugin_failed"] == 0
    assert "shadow fail" not in {text for _, text in texts(trial.seen())}


def test_a_record_that_only_it_rejects_is_a_difference(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    trial.give("shadow reject")
    trial.host.wait_for(lambda: trial.host.told("the shadow failed at records that the plugin accepted"))
    counts = trial.finish()
    # The batch may have been given once more, and the plugin's end of it come after the host's.
    assert counts["rejected_records"] >= counts["only_shadow_failed"] >= 1 and counts["batches_failed"] == 0


def test_what_both_fail_at_is_no_difference(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    trial.give("fail")
    trial.give("reject")
    trial.until_ready()
    counts = trial.finish()
    assert counts["batches_failed"] >= 1 and counts["rejected_records"] >= 1
    assert counts["only_shadow_failed"] == counts["only_plugin_failed"] == 0


def test_what_only_the_plugin_fails_at_is_told(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    trial.give("needs 2")
    trial.host.wait_for(lambda: trial.host.told("the shadow accepted records that the plugin failed at"))
    assert trial.finish()["only_plugin_failed"] >= 1


DOES = {"nothing": "x", "fail": "shadow fail", "die": "shadow die", "hang": "shadow wait /nowhere", "flood": "shadow log 3000"}


def conversation(deployment, host):
    """What the daemon sees of some batches, and of the shard's end."""
    for texts_of_batch in (("a", "b"), ("c",), (), ("d", "e", "f")):
        deployment.process(host, *texts_of_batch)
    host.end_shard()
    return [tuple(checkpoint) for checkpoint in host.checkpoints]


@pytest.mark.parametrize("does", DOES)
@pytest.mark.parametrize("plugin", ["actor", "holder"])
def test_whatever_it_does_the_daemon_sees_the_same(deployment, does, plugin):
    """The statuses come in order, or `ask` fails; what is compared are the checkpoints and what the plugin did."""
    plain = deployment.start(f"{plugin}.so", checkpoint=AT_ONCE)
    deployment.number = 1000
    expected = conversation(deployment, plain), texts(deployment.notes())
    assert plain.finish() == 0
    deployment.notes_file.unlink()
    deployment.number = 100
    trial = Trial(deployment, f"{plugin}.so", f"{plugin}_shadow.so")
    trial.until_ready()
    # It is at it, or on its way to its end, while the daemon goes on.
    trial.give(DOES[does])
    deployment.notes_file.unlink()
    trial.host.checkpoints.clear()
    deployment.number = 1000
    assert (conversation(deployment, trial.host), texts(deployment.notes())) == expected
    trial.finish()


def test_one_that_dies_is_started_again(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    for _ in range(2):
        trial.give("shadow die")
        trial.until_ready()
    assert trial.host.told("the shadow was killed by SIGABRT") == 2
    counts = trial.finish()
    assert counts["deaths"] == counts["batches_died"] == counts["only_shadow_failed"] == 2
    assert trial.seen("create_shadow")


def test_one_that_hangs_is_ended_and_started_again(deployment):
    trial = Trial(deployment, timeouts={"process_records": "500ms"})
    trial.until_ready()
    trial.give("shadow wait /nowhere")
    trial.until_ready()
    assert trial.host.told("the shadow was ended because process_records took longer than 500ms") == 1
    counts = trial.finish()
    assert counts["deaths"] == 1 and counts["batches_skipped"] >= 1


def test_one_that_does_not_come_up_is_tried_again(deployment):
    down = deployment.directory / "down"
    down.touch()
    trial = Trial(deployment, config={"down": str(down)})
    trial.host.wait_until_told("the shadow's create failed: the database is down")
    down.unlink()
    trial.until_ready()
    trial.finish()


def test_one_that_is_slow_holds_nobody_up_and_nothing_is_kept_for_it(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    release = trial.directory / "release"
    trial.give(f"shadow wait {release}")
    status = f"/proc/{trial.host.process.pid}/status"
    memory = lambda: sum(int(line.split()[1]) for line in open(status, encoding="utf-8") if line.startswith("Rss"))
    trial.process("x" * 700_000)
    before = memory()
    for _ in range(60):
        trial.process("x" * 700_000)
    # A sanitizer keeps what is freed.
    assert SANITIZED or memory() - before < 20_000, "KiB, when 40 MiB have passed by"
    release.touch()
    trial.until_ready()
    assert trial.finish()["batches_skipped"] >= 61


def test_one_that_holds_records_is_asked_to_finish_and_its_checkpoints_go_nowhere(deployment):
    trial = Trial(deployment, shadow="holder_shadow.so", in_flight={"max_records": 3}, checkpoint={"interval": "1h"})
    trial.until_ready()
    for _ in range(4):
        trial.until_ready()
    trial.host.wait_for(lambda: trial.seen("stored"))
    assert trial.seen("flush")
    assert not trial.host.checkpoints
    trial.finish()


def test_one_that_acknowledges_is_not_asked_for_what_it_failed_at(deployment):
    trial = Trial(deployment, shadow="acknowledger_shadow.so", in_flight={"max_records": 3})
    trial.until_ready()
    for _ in range(4):
        trial.give("shadow fail")
    trial.until_ready()
    assert trial.finish()["batches_failed"] >= 4
    assert not trial.seen("flush")


def test_what_it_acknowledges_in_an_empty_batch_is_done(deployment):
    trial = Trial(deployment, shadow="idler.so", in_flight={"max_records": 3})
    trial.until_ready()
    for _ in range(4):
        idle = len(trial.seen("idle"))
        trial.host.wait_for(lambda: trial.host.process_records() or len(trial.seen("idle")) > idle)
        trial.give("one")
    trial.finish()
    assert not trial.seen("flush")


def test_it_is_the_first_to_go_without(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    worker = trial.seen()[-1]["pid"]
    assert os.getpriority(os.PRIO_PROCESS, worker) == 19
    about = pathlib.Path("/proc", str(worker))
    assert (about / "oom_score_adj").read_text() == "1000\n" and (about / "comm").read_text() == "kclhost-shadow\n"
    assert os.getpriority(os.PRIO_PROCESS, deployment.notes()[-1]["pid"]) == os.getpriority(os.PRIO_PROCESS, 0)
    trial.finish()


def test_its_lines_do_not_crowd_the_log(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    trial.give("shadow log 5000")
    trial.until_ready()
    assert 0 < len(trial.host.log(source="shadow")) < 500
    trial.finish()


def test_a_release_of_the_plugin_is_no_change_of_the_shadow(deployment):
    trial = Trial(deployment)
    trial.until_ready()
    deployment.configure(another="key in front of the shadow")
    trial.host.wait_for(lambda: trial.process("x") or trial.host.told("has taken the shard over"))
    assert not trial.host.told("takes effect when hosts start anew")
    before = len(trial.seen())
    trial.host.wait_for(lambda: trial.process("y") or len(trial.seen()) > before)
    assert len({note["pid"] for note in trial.seen()}) == 1, "the shadow goes on"
    trial.finish()


REFUSED = [("actor.so", 3, "does not offer kclhost.shadow/1"), ("missing.so", 3, "can't be found"),
           ("load_segv.so", 3, "can't be loaded"), ("actor_shadow.so", 2, "'shadow.config' does not fit the plugin's schema")]


@pytest.mark.parametrize("plugin, code, why", REFUSED)
def test_one_that_can_not_be_used_is_refused_and_the_shard_goes_on(deployment, plugin, code, why):
    shadow = {"path": "shadow.so"}
    if plugin != "missing.so":
        deployment.rename(plugin, "shadow.so")
    host = deployment.start("actor.so", shadow=shadow)
    file = deployment.directory / "kclhost.yaml"
    check = subprocess.run([BIN / "kclhost", "check", file], capture_output=True, text=True, check=False)
    problems = [line for line in check.stderr.splitlines() if not line.startswith("note: ")]
    assert check.returncode == code and len(problems) == 1 and why in problems[0], check.stderr
    deployment.process(host, "a")
    host.wait_for(lambda: any("there is no shadow, and the shard goes on without" in line["message"] and why in line["message"] or
                              "the shadow was killed by SIGSEGV" in line["message"] for line in host.log(source="host")))
    deployment.process(host, "b")
    assert [note["data"] for note in deployment.notes()] == ["a", "b"]
    assert host.finish() == 0


@pytest.mark.skipif(SANITIZED, reason="a sanitizer needs all the address space that there is")
def test_without_memory_for_it_the_shard_goes_on(deployment):
    # Enough for one buffer of batches of the smallest size, 64 MiB, and not for two.
    deployment.rename("actor_shadow.so", "shadow.so")
    host = deployment.start("actor.so", shadow={"path": "shadow.so"}, inside=["prlimit", f"--as={168 << 20}"])
    deployment.process(host, "a")
    host.wait_until_told("there is no shadow, and the shard goes on without: mapping the batch buffer: Cannot allocate memory")
    assert [note["data"] for note in deployment.notes()] == ["a"]
    assert host.finish() == 0


def test_a_shadow_needs_a_process(deployment):
    write_config(deployment.directory, "actor.so", shadow={"path": "actor_shadow.so"}, isolation="none")
    check = subprocess.run([BIN / "kclhost", "check", deployment.directory / "kclhost.yaml"], capture_output=True, text=True, check=False)
    assert check.returncode == 2 and "'shadow' needs worker processes; set isolation: process" in check.stderr

"""kclhost rollout, beside hosts that serve their shards."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from conftest import AT_ONCE, ON_TRIAL_FOR_LONG, ZOO
from shard import record, sha256_of

TAKEN = "has taken the shard over"


@pytest.fixture
def rollout(deployment):
    """rollout(words...) runs the command; what it printed is JSON where it was asked for."""

    def run(*words, code=0):
        kclhost = pathlib.Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost"
        done = subprocess.run([kclhost, "rollout", *words, "--config", deployment.directory / "kclhost.yaml"],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr

    return run


@pytest.fixture
def host(deployment):
    """Release 1 runs, and 2 is on trial."""
    host = deployment.start("actor.so", rollout=ON_TRIAL_FOR_LONG)
    deployment.process(host, "one")
    deployment.rename("actor_2.so")
    host.wait_for(lambda: host.told(TAKEN))
    deployment.process(host, "two")
    return host


def version(deployment):
    return deployment.notes()[-1]["version"]


def test_status_tells_of_the_trial(deployment, host, rollout):
    assert version(deployment) == 2
    status = rollout("status", "--json", code=5)
    assert (status["current"], status["trial"]["release"], status["trial"]["previous"]) == (1, 2, 1)
    [shard] = status["shards"]
    assert (shard["release"], shard["wanted"], shard["on_trial"], shard["pid"]) == (2, 2, True, host.process.pid)
    host.wait_for(lambda: rollout("status", "--json", code=5)["shards"][0]["tried"]["records"] == 1)
    assert "release 2 is on trial: step 1 of 1" in rollout("status", code=5)
    assert [event["what"] for event in rollout("history", "--json")] == ["staged", "first", "staged", "trial", "took"]


def test_undo_and_back(deployment, host, rollout):
    assert rollout("undo") == "release 1 runs on 1 shard\n"
    deployment.process(host, "three")
    assert version(deployment) == 1 and host.process.poll() is None
    assert "release 2 was undone: by hand" in rollout("status", code=1)
    assert rollout("promote", "--to", "2") == "release 2 runs on 1 shard\n"
    deployment.process(host, "four")
    assert version(deployment) == 2
    assert rollout("undo", "--to", "1") == "release 1 runs on 1 shard\n"
    deployment.process(host, "five")
    assert version(deployment) == 1
    assert [note["data"] for note in deployment.notes()] == ["one", "two", "three", "four", "five"]
    assert host.finish() == 0


def test_promote_of_what_the_schema_refused_asks_the_schema_again(deployment, host, rollout):
    deployment.config.clear()
    deployment.configure("actor_shadow.so")
    host.wait_for(lambda: host.told("could not take over"))
    assert rollout("promote", "--to", "3", "--timeout", "0", code=5)
    host.wait_for(lambda: host.told("release 3 could not take this shard over"))
    [line] = [line for line in host.log("warn", "host") if "this shard" in line["message"]]
    assert "does not fit the plugin's schema" in line["why"]
    deployment.process(host, "three")
    assert host.finish() == 0


def test_promote_ends_the_trial(deployment, host, rollout):
    assert rollout("promote") == "release 2 runs on 1 shard\n"
    assert deployment.state()["current"] == 2 and not deployment.state().get("trial")
    deployment.process(host, "three")
    assert version(deployment) == 2
    rollout("status")
    assert host.finish() == 0


def test_a_shard_runs_a_release_once_all_of_its_lanes_do(deployment, rollout):
    host = deployment.start("actor.so", rollout=ON_TRIAL_FOR_LONG, concurrency=2)
    deployment.process(host, "one")
    go_on = deployment.directory / "go_on"
    host.send({"action": "processRecords", "records": [record(200, f"wait {go_on}")], "millisBehindLatest": 0})
    host.wait_for(lambda: deployment.notes("begun")[-1]["data"].startswith("wait"))
    busy = deployment.notes("begun")[-1]["pid"]
    [idle] = [note["pid"] for note in deployment.notes("create") if note["pid"] != busy]
    deployment.rename("actor_2.so")
    host.wait_for(lambda: not pathlib.Path(f"/proc/{idle}").exists())
    assert not host.told(TAKEN)
    [shard] = rollout("status", "--json", code=5)["shards"]
    assert (shard["release"], shard["wanted"]) == (1, 2)
    go_on.touch()
    host.wait_for_status("processRecords")
    host.wait_for(lambda: host.told(TAKEN))
    assert rollout("promote") == "release 2 runs on 1 shard\n"
    assert host.finish() == 0


def test_what_was_undone_by_hand_stays_undone(deployment, host, rollout):
    rollout("undo")
    deployment.rename("actor_2.so")
    host.wait_for(lambda: host.told("is not tried again"))
    deployment.process(host, "three")
    assert version(deployment) == 1
    assert host.finish() == 0


def test_pause_and_resume(deployment, host, rollout):
    rollout("pause")
    assert ", paused" in rollout("status", code=5)
    rollout("resume")
    assert ", paused" not in rollout("status", code=5)


def test_watching_ends_with_the_trial(deployment, host, rollout):
    watching = subprocess.Popen([pathlib.Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost", "rollout", "status", "--watch",
                                 "--config", deployment.directory / "kclhost.yaml"], stdout=subprocess.PIPE, text=True)
    assert watching.stdout.readline() == "release 1 runs\n"
    rollout("undo")
    out, _ = watching.communicate(timeout=60)
    assert watching.returncode == 1 and "release 2 was undone: by hand" in out


def test_looking_has_the_answer(deployment, rollout):
    host = deployment.start("actor.so", rollout=ON_TRIAL_FOR_LONG)
    deployment.process(host, "one")
    assert rollout("look") == "release 1 runs, and nothing is new\n"
    deployment.rename("actor_2.so")
    assert rollout("look", "--json") == {"release": 2, "done": True}
    assert rollout("look") == "release 2 is on trial\n"
    rollout("undo")
    assert "release 2 was given up, and is not tried again until its content changes: by hand" in rollout("look", code=1)
    (deployment.plugins / "plugin.so").write_text("no plugin")
    assert "plugin.so" in rollout("look", code=3)
    assert host.finish() == 0


def test_a_pipeline_waits_for_what_it_has_deployed(deployment, rollout):
    """The commands of docs/releases.md."""
    page = (pathlib.Path(__file__).parents[2] / "docs" / "releases.md").read_text()
    _, pipeline = page.split("A pipeline that deploys and waits:")
    commands = pipeline.split("```")[1].removeprefix("sh\n").replace("/var/lib/kclhost/plugins/mine.so", "plugin.so")
    host = deployment.start("actor.so", rollout=AT_ONCE)
    deployment.process(host, "one")
    shutil.copy(ZOO / "actor_2.so", deployment.plugins / "new.so")
    environment = os.environ | {"KCLHOST_CONFIG": str(deployment.directory / "kclhost.yaml"),
                                "PATH": os.environ["KCLHOST_BIN_DIR"] + ":" + os.environ["PATH"]}
    pipeline = subprocess.Popen(["sh", "-e", "-c", commands], cwd=deployment.plugins, env=environment,
                                stdout=subprocess.PIPE, text=True)
    try:
        host.wait_for(lambda: deployment.process(host, "more") or deployment.state()["current"] == 2)
        out, _ = pipeline.communicate()
    finally:
        pipeline.kill()
    assert pipeline.returncode == 0 and "release 2 runs" in out.splitlines(), out
    assert host.finish() == 0


def test_looking_where_no_shard_is_live(deployment, rollout):
    host = deployment.start("actor.so")
    assert host.finish() == 0
    deployment.rename("actor_2.so")
    assert rollout("look") == "no shard is live: the next one that starts looks\n"


def test_looking_does_not_wait_for_ever(deployment, host, rollout):
    os.kill(host.process.pid, signal.SIGSTOP)
    deployment.rename("actor.so")  # ends the trial, once somebody sees it
    assert "not decided" in rollout("look", "--timeout", "0", code=5)
    os.kill(host.process.pid, signal.SIGCONT)
    assert rollout("look") == "release 1 runs, and nothing is new\n"


def test_undo_to_a_release_runs_its_content_on_every_shard(deployment, rollout):
    hosts = deployment.machine("actor.so", **AT_ONCE)
    deployment.configure()  # for the command
    for release, plugin in [(2, "actor_2.so"), (3, "meter.so")]:
        deployment.rename(plugin)
        hosts[0].wait_for(lambda: [deployment.process(host, "more") for host in hosts]
                          and deployment.state()["current"] == release)
    assert rollout("undo", "--to", "1") == "release 1 runs on 4 shards\n"
    for host in hosts:
        deployment.process(host, "last")
        assert sha256_of(ZOO / "actor.so").startswith([line["sha256"] for line in host.log() if "sha256" in line][-1])
    status = rollout("status", "--json", code=1)
    assert [shard["release"] for shard in status["shards"]] == [1] * 4
    assert [note["version"] for note in deployment.notes() if note["data"] == "last"] == [1] * 4
    assert all(host.finish() == 0 for host in hosts)

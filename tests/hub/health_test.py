"""/healthz, /readyz, /shards and `kclhost status`, and what was done to the shards."""
import json
import os
import signal
import subprocess

from services import wait_for

SOON = {"listen": "127.0.0.1:0", "stalled_after": "1s"}


def until_ready(here, expected):
    wait_for(lambda: here.ready() == expected, f"/readyz to say {expected}: {here.get('/readyz')}")


def until_told(here, condition, what):
    """The one shard, as soon as that is true of it."""
    def look():
        shards = here.status()["shards"]
        return shards[0] if len(shards) == 1 and condition(shards[0]) else None
    return wait_for(look, what)


def test_a_worker_without_leases_is_ready(launch):
    here = launch()
    assert here.get("/healthz") == (200, "ok\n") and here.get("/readyz") == (200, "ok\n")
    assert json.loads(here.get("/shards")[1])["shards"] == []
    done = here.run_status()
    assert done.returncode == 0 and "no shard" in done.stdout


def test_whether_it_lives_is_told_apart_from_whether_it_is_ready(launch, tmp_path):
    here = launch(metrics=SOON)
    shard = here.shard()
    shard.send(shard.batch(f"wait {tmp_path}/go"))
    until_ready(here, 503)
    assert here.run_status().returncode == 1
    alive = here.run_status("--alive")
    assert (alive.returncode, alive.stdout, alive.stderr) == (0, "alive\n", "")
    (tmp_path / "go").touch()
    shard.wait()
    assert here.stop() == 0
    assert here.run_status("--alive").returncode == 1


def test_a_shard_that_hangs_is_not_ready_and_one_that_goes_on_is(launch, tmp_path):
    here = launch(metrics=SOON)
    shard = here.shard()
    shard.process("a")
    until_ready(here, 200)
    shard.send(shard.batch(f"wait {tmp_path}/go"))
    until_ready(here, 503)
    assert "words shardId-000000000000: processRecords has not got on for" in here.get("/readyz")[1]
    assert here.get("/healthz")[0] == 200
    done = here.run_status()
    assert done.returncode == 1 and "has not got on" in done.stdout
    assert here.value("kclhost_shard_ready") == 0 and here.value("kclhost_waiting_seconds") > 1
    (tmp_path / "go").touch()
    shard.wait()
    until_ready(here, 200)
    here.until(0, "kclhost_waiting_seconds")


def test_a_blocked_shard_is_told(launch):
    here = launch(metrics=SOON, on_error={"retry": {"max_attempts": 1, "initial_backoff": "1ms", "max_backoff": "100ms"}, "then": "block"})
    shard = here.shard()
    shard.send(shard.batch("a", "needs 2"))
    until_ready(here, 503)
    told = until_told(here, lambda shard: shard["blocked"], "a blocked shard")
    assert not told["ready"] and "this record needs version 2" in told["error"]
    shown = here.run_status().stdout
    assert "blocked by a record" in shown and "this record needs version 2" in shown
    assert here.value("kclhost_blocked") == 1


def test_a_host_that_is_stopped_is_not_ready(launch):
    here = launch(metrics=SOON)
    shard = here.shard()
    until_ready(here, 200)
    os.kill(shard.pid, signal.SIGSTOP)
    until_ready(here, 503)
    assert "has not answered" in here.get("/readyz")[1]
    os.kill(shard.pid, signal.SIGCONT)
    until_ready(here, 200)


def test_checkpoints_that_fail_are_not_ready(launch):
    here = launch(checkpoint={"interval": "50ms", "retry": {"max_attempts": 1}})
    shard = here.shard()

    def goes_on_until(expected):
        wait_for(lambda: shard.process("a") or here.ready() == expected, f"/readyz to say {expected}", poll=0.2)

    shard.error = "KinesisClientLibDependencyException"
    goes_on_until(503)
    assert "KinesisClientLibDependencyException" in here.get("/readyz")[1] and here.get("/healthz")[0] == 200
    assert here.value("kclhost_checkpoint_age_seconds") > 0
    shard.error = None
    goes_on_until(200)


def test_a_daemon_that_ends_ends_all(launch):
    here = launch()
    here.daemon.close()
    here.daemon = None
    assert here.process.wait() == 1
    assert here.get("/healthz")[0] == 0
    done = here.run_status()
    assert done.returncode == 1 and "no kclhost launch runs" in done.stderr


def test_status_says_what_was_done(launch):
    here = launch()
    shard = here.shard()
    shard.process("a", "fail", behind=3000)
    told = until_told(here, lambda shard: shard["dead_letters"] == 1 and shard["checkpoint"] == "1002/0", "the dead letter")
    assert told["shard"] == shard.shard and told["stream"] == "words" and told["plugin"] == "zoo.actor"
    assert (told["version"], told["release"]) == ("1.0.0", "1") and len(told["sha256"]) == 64
    assert told["behind_latest_seconds"] == 3 and told["position"] == told["checkpoint"] == "1002/0"
    assert told["phase"] == "idle" and told["lanes"] == [{"lane": 0, "worker": "ready", "generation": 1}]
    os.kill(shard.worker(), signal.SIGKILL)
    told = until_told(here, lambda shard: shard["restarts"] == 1, "the restart")
    assert "SIGKILL" in told["error"]
    done = here.run_status()
    assert done.returncode == 0 and "zoo.actor 1.0.0" in done.stdout and "application app, stream words" in done.stdout
    shard.lose()
    wait_for(lambda: here.status()["shards"] == [], "no shard")


def test_status_says_that_workers_die_again_and_again(launch, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DIES_WHILE_LOADING", str(tmp_path / "deadly"))
    here = launch(metrics=SOON)
    shard = here.shard()
    shard.process("a")
    (tmp_path / "deadly").touch()
    os.kill(shard.worker(), signal.SIGKILL)
    shard.send(shard.batch("b"))
    told = until_told(here, lambda shard: shard["restarts"] >= 2 and not shard["ready"], "workers that do not come up")
    assert "SIGABRT" in told["error"] or "can't be loaded" in told["error"], told
    until_ready(here, 503)
    assert "SIGABRT" in here.run_status().stdout
    (tmp_path / "deadly").unlink()
    shard.wait()
    until_ready(here, 200)


def test_status_says_that_a_new_release_runs(launch):
    here = launch()
    shard = here.shard()
    shard.process("a")
    until_told(here, lambda shard: (shard["version"], shard["release"]) == ("1.0.0", "1"), "the first release")
    here.settings["plugin"]["path"] = "actor_2.so"
    here.write()
    wait_for(lambda: shard.process("a") or here.status()["shards"][0]["version"] == "2.0.0", "the second release")
    assert "zoo.actor 2.0.0" in here.run_status().stdout


def test_status_goes_on(launch):
    here = launch()
    with subprocess.Popen([here.kclhost, "status", "--config", here.config, "--watch", "--json"], stdout=subprocess.PIPE,
                          text=True) as watching:
        for _ in range(2):
            assert json.loads(watching.stdout.readline())["ready"]
        watching.terminate()


def test_without_metrics_listen_the_hub_answers(launch):
    here = launch(metrics={"listen": None})
    here.shard().process("a")
    assert here.address == ""
    until_told(here, lambda shard: shard["position"] == "1001/0", "the position")

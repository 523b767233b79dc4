"""What `kclhost launch` tells a service manager: the test has the socket that systemd would have."""
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from launch import PATIENCE

SOON = {"listen": "127.0.0.1:0", "stalled_after": "1s"}


class Manager:
    """systemd's end of NOTIFY_SOCKET."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(PATIENCE)

    def hear(self):
        """One message, as its fields."""
        return dict(line.split("=", 1) for line in self.socket.recv(65536).decode().split("\n"))

    def until(self, condition):
        """The messages up to the first that is meant, which comes last."""
        heard = [self.hear()]
        while not condition(heard[-1]):
            heard.append(self.hear())
        return heard

    def until_field(self, name):
        return self.until(lambda message: name in message)[-1]


@pytest.fixture
def manager(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    return Manager(str(tmp_path / "notify"))


def test_says_that_it_runs_and_that_it_stops(launch, manager):
    here = launch()
    assert manager.hear() == {"READY": "1", "STATUS": "the daemon runs"}
    assert here.stop() == 0
    assert "checkpoint" in manager.until_field("STOPPING")["STATUS"]
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.hear()


def test_a_daemon_that_ends_by_itself_is_a_stop_too(launch, manager):
    here = launch()
    os.kill(here.daemon_pid(), signal.SIGKILL)
    manager.until_field("STOPPING")
    assert here.process.wait() == 1


def test_the_status_tells_of_the_shards(launch, manager, tmp_path):
    here = launch(metrics=SOON)
    shard = here.shard()
    shard.send(shard.batch(f"wait {tmp_path}/go"))
    manager.until(lambda message: message.get("STATUS", "").startswith("1 shard; not ready: words shardId-000000000000: processRecords"))
    (tmp_path / "go").touch()
    shard.wait()
    manager.until(lambda message: message.get("STATUS") == "1 shard; ready")


def test_the_watchdog_hears_of_it_until_the_end(launch, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    here = launch()
    for _ in range(3):
        manager.until(lambda message: message == {"WATCHDOG": "1"})
    host = here.shard()
    os.kill(host.pid, signal.SIGSTOP)  # launch waits for it
    here.process.send(signal.SIGTERM)
    manager.until_field("STOPPING")
    manager.until(lambda message: message == {"WATCHDOG": "1"})
    os.kill(host.pid, signal.SIGCONT)
    host.close()
    assert here.process.wait() == 0


def test_somebody_elses_watchdog_is_left_alone(launch, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert launch().stop() == 0
    assert not [message for message in manager.until(lambda message: "STOPPING" in message) if "WATCHDOG" in message]


def test_nobody_else_gets_the_socket(launch, manager):
    here = launch()
    for pid in (here.daemon_pid(), here.shard().pid):
        assert b"NOTIFY_SOCKET" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_an_abstract_name_will_do(launch, tmp_path, monkeypatch):
    name = f"kclhost-test-{os.getpid()}"
    manager = Manager("\0" + name)
    monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
    launch()
    manager.until_field("READY")


@pytest.mark.parametrize("name", ["vsock:2:1", "/" + "d" * 200])
def test_what_is_no_socket_is_one_line(launch, monkeypatch, name):
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    here = launch()
    told = [line for line in here.process.output().splitlines() if "NOTIFY_SOCKET" in line]
    assert len(told) == 1 and "told nothing" in told[0]
    assert here.stop() == 0


def test_a_manager_that_does_not_read_costs_nothing(launch, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "2000")  # more than the socket has room for, soon
    here = launch()
    shard = here.shard()
    for _ in range(20):
        shard.process("a")
    here.process.send(signal.SIGHUP)
    shard.process("b")
    assert here.stop() == 0


# ---- A new release


def reload(here, manager):
    """The answer to a SIGHUP, and what came before it."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    here.process.send(signal.SIGHUP)
    began = manager.until_field("RELOADING")
    assert before <= int(began["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    return manager.until_field("READY")["STATUS"]


def test_a_reload_waits_for_the_answer(launch, manager):
    here = launch(rollout={"bake": {"time": "1h"}})
    manager.until_field("READY")
    assert reload(here, manager) == "no shard is live: the next one that starts looks"
    shard = here.shard()
    shard.process("a")
    assert reload(here, manager) == "release 1 runs, and nothing is new"
    here.settings["plugin"]["config"]["more"] = "words"
    here.write()
    assert reload(here, manager) == "release 2 is on trial"
    assert here.state()["trial"]["release"] == 2


def test_a_release_that_is_none_is_an_answer(launch, manager):
    here = launch()
    here.shard().process("a")
    here.settings["plugin"]["path"] = "absent.so"
    here.write()
    assert "absent.so" in reload(here, manager)
    here.settings["plugin"] = 1
    here.write()
    assert "kclhost.yaml" in reload(here, manager)
    assert here.stop() == 0

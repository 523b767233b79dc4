"""Several streams under one `kclhost launch`: what one of them goes through is none of the others' business."""
import json
import os
import signal
import socket
import struct
import subprocess

import pytest
from launch import PATIENCE, Shard
from notify_test import Manager
from page_test import browse, text_of
from services import wait_for

NAMES = ("clicks", "orders")


class Daemon:
    """One stream's daemon, which the test plays."""

    def __init__(self, connection):
        self.connection = connection
        connection.settimeout(PATIENCE)
        self.pid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        arguments = open(f"/proc/{self.pid}/cmdline").read().split("\0")
        properties = open(arguments[arguments.index("--properties-file") + 1]).read()
        self.stream = properties.split(" --stream ")[1].split()[0]

    def start_host(self, *pipes):
        socket.send_fds(self.connection, [b"start"], pipes)
        return int(self.connection.recv(100))


class Streams:
    def __init__(self, launch):
        self.launch = launch
        launch.listener.settimeout(PATIENCE)
        self.daemons = {}
        while len(self.daemons) < len(NAMES):
            self.accept()
        launch.address = launch.status()["launch"]["metrics"]
        if launch.address:
            wait_for(lambda: launch.get("/healthz")[0], "the HTTP server")

    def accept(self):
        daemon = Daemon(self.launch.listener.accept()[0])
        self.daemons[daemon.stream] = daemon
        return daemon

    def shard(self, stream, name="shardId-000000000000"):
        self.launch.shards.append(Shard(self.daemons[stream], name))
        return self.launch.shards[-1].initialize()

    def told(self, stream):
        """What /shards has of the stream's launch."""
        (one,) = (one for one in json.loads(self.launch.get("/shards")[1])["streams"] if one["name"] == stream)
        return one

    def told_shard(self, stream):
        (one,) = (one for one in json.loads(self.launch.get("/shards")[1])["shards"] if one["stream"] == stream)
        return one

    def kill(self, stream, shard):
        """As a daemon ends: its hosts lose their pipes."""
        os.kill(self.daemons[stream].pid, signal.SIGKILL)
        shard.close()


def settings(**own):
    """Both streams are alike but for their names, and what `own` says."""
    return {"streams": {name: {"daemon": {"properties": {"streamName": f"{name}-in", "applicationName": f"{name}-app"}}}
                        | own.get(name, {}) for name in NAMES}}


@pytest.fixture
def streams(launch):
    def make(own=None, **more):
        return Streams(launch(begin=False, **settings(**(own or {})) | more))
    return make


def test_one_that_dies_leaves_the_other(streams):
    here = streams()
    clicks, orders = here.shard("clicks"), here.shard("orders")
    clicks.process("ok", "ok")
    orders.process("ok", "ok", "ok")
    launch = here.launch
    launch.until(2, "kclhost_finished_records_total", stream="clicks")
    launch.until(3, "kclhost_finished_records_total", stream="orders")
    assert launch.ready() == 200
    before, worker, launched = here.told_shard("clicks"), clicks.worker(), here.told("orders")["pid"]

    right = launch.settings["streams"]["orders"]
    launch.settings["streams"]["orders"] = right | {"isolation": "maybe"}  # it stays down
    launch.write()
    here.kill("orders", orders)
    wait_for(lambda: launch.get("/readyz") == (503, "orders: the daemon does not run\n"), "/readyz to name it")
    assert launch.get("/healthz") == (200, "ok\n")
    assert launch.value("kclhost_daemon_up", stream="orders") == 0 and launch.value("kclhost_daemon_up", stream="clicks") == 1
    clicks.process("ok")

    launch.settings["streams"]["orders"] = right
    launch.write()
    assert here.accept().stream == "orders"  # it is started again
    wait_for(lambda: launch.ready() == 200, "/readyz")
    restarts = here.told("orders")["restarts"]
    assert restarts >= 1 and here.told("orders")["pid"] != launched
    launch.until(restarts, "kclhost_stream_restarts_total", stream="orders")
    again = here.shard("orders")
    again.process("ok")
    launch.until(4, "kclhost_finished_records_total", stream="orders")  # the hub has counted on
    launch.until(3, "kclhost_finished_records_total", stream="clicks")
    after = here.told_shard("clicks")
    assert after["pid"] == before["pid"] and clicks.worker() == worker and after["restarts"] == 0
    assert here.told("clicks")["restarts"] == 0 and here.told("clicks")["daemon"]
    assert here.told_shard("orders")["pid"] == again.pid


def test_what_tells_of_it_has_both(streams):
    here = streams()
    for name in NAMES:
        here.shard(name).process("ok")
    launch = here.launch
    launch.until(2, "kclhost_shards")
    told = json.loads(launch.get("/shards")[1])
    assert [one["name"] for one in told["streams"]] == list(NAMES)
    assert [one["application"] for one in told["streams"]] == ["clicks-app", "orders-app"]
    assert [one["stream"] for one in told["shards"]] == list(NAMES) and told["ready"]
    assert launch.families()["kclhost_daemon_up"] and launch.old_families()
    table = launch.run_status()
    assert table.returncode == 0 and "STREAM" in table.stdout and "orders: application orders-app" in table.stdout, table
    one = launch.run_status("--stream", "orders", "--json")
    told = json.loads(one.stdout)
    assert told["launch"]["application"] == "orders-app" and [shard["stream"] for shard in told["shards"]] == ["orders"]
    assert launch.run_status("--alive").returncode == 0


def test_sigterm_ends_all_in_order(streams):
    here = streams()
    shards = [here.shard(name) for name in NAMES]
    for shard in shards:
        shard.process("ok")
    assert here.launch.stop() == 0, here.launch.process.output()


def test_the_log_is_one_and_names_the_stream(streams, tmp_path):
    file = tmp_path / "all.log"
    here = streams(log={"format": "json", "file": str(file)})
    for name in NAMES:
        here.shard(name).process("ok")
    assert here.launch.stop() == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line.get("stream") for line in lines} == {None, *NAMES}
    assert all("stream" in line for line in lines if line["source"] == "host"), lines
    assert not [line for line in lines if line["level"] in ("warn", "error")], lines
    assert here.launch.process.output() == ""


def test_the_end_of_one_is_a_warning(streams):
    here = streams(log={"format": "json"})
    here.kill("orders", here.shard("orders"))
    here.accept()
    (line,) = [line for line in map(json.loads, here.launch.process.output().split("\n")[:-1])
               if "is started again" in line["message"]]
    assert line["level"] == "warn" and line["stream"] == "orders" and "exit status 1" in line["message"]


def test_wrong_for_one_is_wrong_for_all(launch):
    here = launch(begin=False, **settings(orders={"plugin": {"path": "none.so"}}))
    assert here.process.wait() == 3
    output = here.process.output()
    assert "orders: " in output and "none.so" in output and "clicks: " not in output, output
    with pytest.raises(BlockingIOError):
        here.listener.setblocking(False)
        here.listener.accept()


def test_commands_of_one_stream_ask_which(streams):
    here = streams()
    kclhost, config = here.launch.kclhost, here.launch.config
    run = lambda *words: subprocess.run([kclhost, *words, "--config", config], capture_output=True, text=True, timeout=PATIENCE)
    for command in (["run"], ["rollout", "history"], ["dead-letters", "list"], ["iam"]):
        asked = run(*command)
        assert asked.returncode == 2 and "name one with --stream: clicks or orders" in asked.stderr, asked
    assert run("rollout", "history", "--stream", "orders").returncode == 0
    checked = run("check")
    assert checked.returncode == 0 and [line.split(":")[0] for line in checked.stdout.splitlines()] == list(NAMES), checked


def test_one_that_does_not_come_up_is_tried_until_it_does(streams, tmp_path):
    here = streams(log={"format": "json"})
    launch, clicks, orders = here.launch, here.shard("clicks"), here.shard("orders")
    right = launch.settings["streams"]["orders"]
    launch.settings["streams"]["orders"] = right | {"isolation": "maybe"}
    launch.write()
    here.kill("orders", orders)
    wait_for(lambda: here.told("orders")["restarts"] >= 2, "it to be tried again")
    clicks.process("ok")
    said = [line for line in map(json.loads, launch.process.output().split("\n")[:-1])
            if "'isolation'" in line["message"]]
    assert said and {(line["level"], line["stream"]) for line in said} == {("error", "orders")}
    text = text_of(browse(here.launch, tmp_path, "--dump-dom"))
    assert "not ready" in text and "2 streams" in text and "orders no daemon" in text and "clicks shardId-" in text, text
    launch.settings["streams"]["orders"] = right
    launch.write()
    here.accept()
    wait_for(lambda: launch.ready() == 200, "/readyz")


def test_a_launch_that_is_killed_comes_again(streams):
    here = streams()
    clicks = here.shard("clicks")
    before, daemon = here.told("clicks"), here.daemons["orders"].pid
    os.kill(here.told("orders")["pid"], signal.SIGKILL)
    assert here.accept().stream == "orders"
    wait_for(lambda: not os.path.exists(f"/proc/{daemon}"), "the daemon to end that it left behind")
    clicks.process("ok")
    wait_for(lambda: here.launch.ready() == 200, "/readyz")
    assert here.told("clicks") == before
    assert here.launch.stop() == 0


def test_the_wait_for_what_a_launch_left_behind_is_watched_and_can_be_cut_short(streams, tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    manager = Manager(str(tmp_path / "notify"))
    here = streams(timeouts={"shutdown": "1h"})
    host = here.shard("orders").pid
    os.kill(host, signal.SIGSTOP)  # it is waited for
    os.kill(here.told("orders")["pid"], signal.SIGKILL)
    here.accept()
    launch = here.launch.process
    launch.send(signal.SIGTERM)
    children = f"/proc/{launch.pid}/task/{launch.pid}/children"
    wait_for(lambda: open(children).read().split() == [str(host)], "the launches to end")
    manager.until_field("STOPPING")
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        while manager.hear():  # what was said until now
            pass
    manager.socket.settimeout(PATIENCE)
    for _ in range(3):
        manager.until_field("WATCHDOG")

    def ended():
        launch.send(signal.SIGTERM)  # those of the first second are one request
        return not launch.running()

    wait_for(ended, "launch to end")
    assert launch.wait() == 1
    assert "a second signal came before they had ended" in launch.output().splitlines()[-1]


def test_a_service_manager_hears_of_all(streams, tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    manager = Manager(str(tmp_path / "notify"))
    here = streams()
    assert manager.hear() == {"READY": "1", "STATUS": "the daemon runs"}
    here.launch.process.send(signal.SIGHUP)
    assert manager.hear()["RELOADING"] == "1"
    told = manager.until_field("READY")["STATUS"]
    assert told.startswith("clicks: ") and "; orders: " in told, told
    orders = here.shard("orders")
    here.launch.settings["streams"]["orders"]["isolation"] = "maybe"  # it stays down
    here.launch.write()
    here.kill("orders", orders)
    manager.until(lambda message: "orders: the daemon does not run" in message["STATUS"])
    assert here.launch.stop() == 0
    assert "STOPPING" in manager.until_field("STOPPING")

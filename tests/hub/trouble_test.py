"""Readers and writers that stall, lie or go: no record is lost, and nobody waits."""
import json
import os
import signal
import socket
import struct

from services import wait_for


def hub(here):
    (path,) = (here.directory / "state" / "run").glob("hub-*.sock")
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.connect(str(path))
    return peer


def packet(kind, json=b"{}", part=0, parts=1, version=1):
    return struct.pack("=2sBBHH", b"kh", version, kind, part, parts) + json


def scraper(here, path="/metrics"):
    host, port = here.address.rsplit(":", 1)
    peer = socket.create_connection((host, int(port)))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 50)
    return peer


def web_server(here):
    children = f"/proc/{here.process.pid}/task/{here.process.pid}/children"
    for pid in open(children).read().split():
        try:
            if "kclhost-web" in open(f"/proc/{pid}/cmdline").read():
                return int(pid)
        except OSError:
            pass  # it is gone
    return None


def test_readers_that_stall_hold_nobody_up(launch):
    here = launch()
    shard = here.shard()
    shard.process("a")
    stalled = [scraper(here) for _ in range(20)]
    queries = [hub(here) for _ in range(10)]
    for peer in queries:
        peer.send(packet(16))
    for i in range(50):
        shard.process("a", str(i))
    assert here.get("/healthz")[0] == 200
    here.until(101, "kclhost_finished_records_total", outcome="processed")
    for peer in stalled + queries:
        peer.close()


PLAYED = packet(1, json.dumps({"stream": "words", "shard": "shardId-000000000009", "lanes": []}).encode())


def many_series(here):
    """A host, played, whose part of the page is more than any socket holds."""
    peer = hub(here)
    peer.send(PLAYED)
    for part in range(40):
        series = [{"name": "rows", "kind": 0, "labels": [["of", f"{part}-{number}" + "x" * 200]], "value": 1} for number in range(200)]
        peer.send(packet(2, json.dumps(series).encode(), part, 40))
    return peer


def connect(here, request):
    host, port = here.address.rsplit(":", 1)
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    peer.connect((host, int(port)))
    peer.sendall(request)
    return peer


def test_readers_that_stall_or_go_at_any_moment_hold_nobody_up(launch):
    here = launch()
    shard = here.shard()
    host = many_series(here)
    wait_for(lambda: len(here.get("/metrics")[1]) > 1_000_000, "the large page")
    whole = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    stalled = []
    for end in range(1, len(whole) + 1):
        stalled.append(connect(here, whole[:end]))
        connect(here, whole[:end]).close()
    slow, cut = connect(here, whole), connect(here, whole)
    assert len(slow.recv(1)) == 1, "a byte, and no more for now"
    assert len(cut.recv(3000)) > 0
    cut.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    cut.close()  # with a reset, in the middle of the page
    for i in range(50):
        shard.process("a", str(i))
    assert here.get("/healthz")[0] == 200 and here.get("/")[0] == 200
    here.until(100, "kclhost_finished_records_total", outcome="processed")
    for peer in (*stalled, slow, host):
        peer.close()


def test_what_stalled_readers_were_sent_is_not_kept_for_each(launch):
    here = launch()
    here.shard().process("a")
    host = many_series(here)
    wait_for(lambda: len(here.get("/metrics")[1]) > 1_000_000, "the large page")
    stalled = []

    def refused():
        for accept in ("text/plain", "application/openmetrics-text"):
            stalled.append(connect(here, f"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n".encode()))
        return here.get("/metrics")[0] == 503
    wait_for(refused, "a page to be one too many", poll=0.6)
    assert "8 clients do not take" in here.get("/metrics")[1]
    assert here.get("/healthz")[0] == 200, "probes are answered all the same"
    host.send(PLAYED)  # by now it was asked how it is, for long
    wait_for(lambda: here.get("/readyz")[0] == 200, "its answer to be known")
    for peer in stalled:
        peer.close()
    wait_for(lambda: here.get("/metrics")[0] == 200, "the page")
    host.close()


def test_parts_of_two_reports_are_not_mixed(launch):
    here = launch()
    host = hub(here)

    def part(number, *names, of=2, value=1):
        series = [{"name": name, "kind": 0, "labels": [], "value": value} for name in names]
        host.send(packet(2, json.dumps(series).encode(), number, of))

    def state(behind):
        told = {"stream": "words", "shard": "shardId-000000000009", "lanes": [], "behind_ms": behind * 1000}
        host.send(packet(1, json.dumps(told).encode()))
        here.until(behind, "kclhost_behind_latest_seconds")  # what was sent before it has arrived, too

    def counted():
        return [here.value(f"{name}_total") for name in "abc"]

    part(0, "a")
    part(1, "b", "c")
    state(1)
    assert counted() == [1, 1, 1]
    part(0, "a", "b", value=2)  # cut short
    state(2)
    assert counted() == [1, 1, 1], "one of them is in both"
    part(1, "a", of=3, value=7)  # no part of it
    state(3)
    assert counted() == [1, 1, 1]
    part(0, "a", "b", value=3)  # anew
    part(1, "c", value=3)
    state(4)
    assert counted() == [3, 3, 3]
    host.close()


def test_a_launch_that_is_stopped_stops_no_shard(launch):
    here = launch()
    shard = here.shard()
    os.kill(here.process.pid, signal.SIGSTOP)
    try:
        for i in range(2000):
            shard.process(f"counter {i}", "x")
        wait_for(lambda: here.get("/healthz")[0] == 503, "the server to notice")
    finally:
        os.kill(here.process.pid, signal.SIGCONT)
    here.until(4000, "kclhost_finished_records_total", outcome="processed")


def test_what_is_no_packet_is_cut_off(launch):
    here = launch()
    here.shard().process("a")
    for bad in (b"", b"x", packet(1, version=9), packet(2, part=3, parts=2), b"kh" + os.urandom(5000),
                b"x" * 100_000):
        peer = hub(here)
        peer.send(bad)
        assert peer.recv(10) == b"", bad[:20]
    # What makes no sense in a packet is left out; who sends types that are not known is listened to.
    peer = hub(here)
    for odd in (packet(1, b"[1"), packet(2, b'[{"name":1}]'), packet(200), packet(1, b'{"shard":7,"lanes":[1,{}]}')):
        peer.send(odd)
    here.until(1, "kclhost_finished_records_total", outcome="processed")
    assert here.get("/shards")[0] == 200


def test_the_server_is_started_again(launch):
    here = launch()
    shard = here.shard()
    shard.process("a")
    here.until(1, "kclhost_finished_records_total", outcome="processed")
    first = web_server(here)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: web_server(here) not in (None, first), "another server")
    here.until(1, "kclhost_finished_records_total", outcome="processed")
    assert "kclhost-web was killed by SIGKILL" in here.process.output()
    assert here.stop() == 0


def test_a_host_without_a_hub_works_alone(launch):
    here = launch()
    (path,) = (here.directory / "state" / "run").glob("hub-*.sock")
    path.unlink()
    shard = here.shard()
    shard.process("a", "b")
    shard.lose()
    assert here.stop() == 0


def test_it_ends_in_order_and_leaves_nothing(launch):
    here = launch()
    here.shard().process("a")
    assert here.stop() == 0
    assert not list((here.directory / "state" / "run").glob("*.sock"))


def test_only_its_user_may_ask(launch):
    here = launch()
    assert (here.directory / "state" / "run").stat().st_mode & 0o077 == 0


def test_a_forced_stop_does_not_warn_of_the_server_that_it_ends(launch):
    here = launch()
    os.kill(here.daemon_pid(), signal.SIGSTOP)

    def signal_again():
        here.process.send(signal.SIGTERM)
        return not here.process.running()

    wait_for(signal_again, "launch to end")
    assert here.process.wait() == 1
    said = [line for line in map(json.loads, here.process.output().split("\n")[:-1]) if line["level"] != "info"]
    assert len(said) == 1 and "a second signal came" in said[0]["message"], said

"""SIGINT and SIGTERM end a put in order, whatever it is at."""
import base64
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import BIN


def finish(process):
    """Standard error, once it has ended."""
    _, err = process.communicate(timeout=300)
    return process.returncode, err.decode()


def write(process, text):
    process.stdin.write(text)
    process.stdin.flush()


def data(kinesis):
    return [base64.b64decode(record["Data"]) for record in kinesis.records]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_that_stays_open(running, server, kinesis, number):
    process = running("--stream", "words", "-", stdin=subprocess.PIPE)
    write(process, b"one\ntwo\nthree\n")
    server.wait_for(lambda _: len(kinesis.records) == 3)
    process.send_signal(number)
    code, err = finish(process)
    assert (code, err) == (0, f"kclhost put: 3 records to stream words (2 shards); stopped by {number.name} before the "
                              "end of standard input\n")


def test_what_was_read_is_put_but_no_half_line(running, server, kinesis):
    reached, go_on = [], []
    answer = server.answer

    def slowly(request):
        if request.action == "PutRecords" and not reached:
            reached.append(request)
            server.wait_for_locked(lambda: go_on)
        return answer(request)

    server.answer = slowly
    process = running("--stream", "words", "-", stdin=subprocess.PIPE)
    write(process, b"one\n")
    server.wait_for(lambda _: reached)
    write(process, b"half a li")  # the signal comes while the first line's call is in flight
    process.send_signal(signal.SIGTERM)
    server.change(lambda: go_on.append(True))
    code, err = finish(process)
    assert code == 0, err
    assert data(kinesis) == [b"one"]
    assert "1 record to stream words (2 shards); stopped by SIGTERM before the end of standard input" in err


def test_half_a_line_that_was_read_is_told_of(running, server, kinesis):
    process = running("--stream", "words", "-", stdin=subprocess.PIPE)
    write(process, b"one\nhalf a li")
    server.wait_for(lambda _: len(kinesis.records) == 1)
    process.send_signal(signal.SIGTERM)
    code, err = finish(process)
    assert code == 0
    assert err.endswith("before the end of standard input, in a line that is left out\n")


@pytest.mark.parametrize("again", [[], ["-p", 3600]])
def test_a_large_file(running, server, kinesis, tmp_path, again):
    file = tmp_path / "lines"
    file.write_bytes(b"".join(b"%07d\n" % i for i in range(200_000)))
    process = running("--stream", "words", file, *again)
    server.wait_for(lambda _: kinesis.records)
    process.send_signal(signal.SIGTERM)
    code, err = finish(process)
    assert code == 0, err
    assert 0 < len(kinesis.records) < 200_000
    assert data(kinesis) == [b"%07d" % i for i in range(len(kinesis.records))]
    assert f"{len(kinesis.records):,} records" in err and "stopped by SIGTERM before the end of " + str(file) in err


def test_a_fifo_that_nobody_writes_to(running, server, kinesis, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    process = running("--stream", "words", tmp_path / "fifo")
    server.wait_for(lambda requests: requests)
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 0


def test_while_the_stream_is_waited_for(running, server, kinesis):
    kinesis.statuses = ["CREATING"] * 1000
    process = running("--stream", "words", "-w", "a")
    server.wait_for(lambda requests: len(requests) >= 2)
    process.send_signal(signal.SIGTERM)
    code, err = finish(process)
    assert code == 0
    assert "0 records to stream words; stopped by SIGTERM while the stream was waited for" in err
    assert kinesis.records == []


def test_a_second_signal_ends_it_at_once(running, server, kinesis):
    kinesis.refuse = lambda record: "ProvisionedThroughputExceededException"
    process = running("--stream", "words", "-w", "a", "--max-attempts", 1000)
    server.wait_for(lambda requests: sum(request.action == "PutRecords" for request in requests) >= 2)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] in (128 + signal.SIGTERM, 128 + signal.SIGINT)


def in_a_namespace():
    return ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]


@pytest.fixture
def as_process_1(put):
    """Starts a put as process 1 of its own PID namespace; gives the process that waits for it, and its own number."""
    if not shutil.which("unshare") or subprocess.run([*in_a_namespace(), "true"], capture_output=True).returncode != 0:
        pytest.skip("no PID namespaces here")
    started = []

    def start(*arguments):
        process = subprocess.Popen([*in_a_namespace(), BIN / "kclhost", "put", *map(str, arguments)],
                                   env=put.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def child_of(process):
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


def test_as_process_1(as_process_1, server, kinesis):
    process = as_process_1("--stream", "words", "-")
    write(process, b"one\n")
    server.wait_for(lambda _: kinesis.records)
    os.kill(child_of(process), signal.SIGTERM)
    code, err = finish(process)
    assert (code, "1 record to stream words" in err) == (0, True), err


def test_a_second_signal_as_process_1(as_process_1, server, kinesis):
    kinesis.refuse = lambda record: "ProvisionedThroughputExceededException"
    process = as_process_1("--stream", "words", "-w", "a", "--max-attempts", 1000)
    server.wait_for(lambda requests: sum(request.action == "PutRecords" for request in requests) >= 2)
    child = child_of(process)
    os.kill(child, signal.SIGINT)
    os.kill(child, signal.SIGTERM)
    assert finish(process)[0] in (128 + signal.SIGTERM, 128 + signal.SIGINT)

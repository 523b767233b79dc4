import base64
import hashlib
import json
import signal
import subprocess
from pathlib import Path

import pytest


def data(records):
    return [base64.b64decode(record["Data"]) for record in records]


def keys(records):
    return [record["PartitionKey"] for record in records]


def batches(server):
    return [request.json["Records"] for request in server.requests if request.action == "PutRecords"]


def test_words_are_records_and_partition_keys(put, server, kinesis):
    err = put("--stream", "words", "-w", "cat", "dög", "cat")
    assert err == "kclhost put: 3 records to stream words (2 shards)\n"
    assert data(kinesis.records) == [b"cat", "dög".encode(), b"cat"]
    assert keys(kinesis.records) == ["cat", "dög", "cat"]


def test_words_can_be_given_one_by_one_and_look_like_anything(put, server, kinesis):
    put("-w", "run", "-w", "check", "--word=-x", "--stream", "words", "--quiet")
    assert data(kinesis.records) == [b"run", b"check", b"-x"]


def test_lines_of_a_file(put, server, kinesis, tmp_path):
    lines = [b"one", b"", b"  two ", b"\xff\xfe\x00", b"three\r", b"one", b"last, without a newline"]
    (tmp_path / "run").write_bytes(b"\n".join(lines))
    put("--stream", "words", tmp_path / "run")
    put_lines = [line for line in lines if line]
    assert data(kinesis.records) == put_lines
    assert keys(kinesis.records) == [hashlib.sha256(line).hexdigest()[:32] for line in put_lines]


def test_one_partition_key_for_all(put, server, kinesis):
    put("--stream", "words", "-", "--partition-key", "clé", input=b"a\nb\n")
    assert keys(kinesis.records) == ["clé", "clé"]


def test_json_records(put, server, kinesis):
    lines = [{"data": base64.b64encode(bytes(range(256))).decode(), "partitionKey": "p", "sequenceNumber": "1"},
             {"text": "tëxt\n", "explicitHashKey": "340282366920938463463374607431768211455"}]
    put("--stream", "words", "--format", "json", "-", input=b"\n".join(json.dumps(line).encode() for line in lines))
    assert data(kinesis.records) == [bytes(range(256)), "tëxt\n".encode()]
    assert kinesis.records[0]["PartitionKey"] == "p"
    assert kinesis.records[1]["ExplicitHashKey"] == "340282366920938463463374607431768211455"


def test_bad_json_names_its_line_and_keeps_count(put, server, kinesis):
    good = b'{"text": "x"}\n'
    err = put("--stream", "words", "--format", "json", "-", input=good * 501 + b'{"test": "x"}\n', code=2)
    assert err.startswith("kclhost put: standard input:502: unknown member 'test'; a record has data or text, ")
    assert err.endswith(" (500 records had been put before)\n")
    assert len(kinesis.records) == 500


def test_batches_keep_to_the_services_limits(put, server, kinesis, tmp_path):
    put("--stream", "words", "-", input=b"".join(b"%d\n" % i for i in range(1_200)))
    assert [len(batch) for batch in batches(server)] == [500, 500, 200]
    server.requests.clear()
    kinesis.records.clear()
    lines = [b"%03d" % i + b"x" * 700_000 for i in range(16)]
    # What comes out of a pipe is put as it comes.
    (tmp_path / "lines").write_bytes(b"\n".join(lines))
    put("--stream", "words", str(tmp_path / "lines"))
    assert [len(batch) for batch in batches(server)] == [14, 2]
    assert data(kinesis.records) == lines


def test_an_oversized_record_travels_alone(put, server):
    put("--stream", "words", "-", input=b"a\n" + b"x" * (1 << 20) + b"\nb\n")
    assert [len(batch) for batch in batches(server)] == [1, 1, 1]


def test_records_that_are_refused_are_sent_again_alone(put, server, kinesis):
    refused = {"b": 2, "d": 1}

    def refuse(record):
        key = record["PartitionKey"]
        if refused.get(key, 0) == 0:
            return None
        refused[key] -= 1
        return "ProvisionedThroughputExceededException" if key == "b" else "InternalFailure"

    kinesis.refuse = refuse
    err = put("--stream", "words", "-w", "a", "b", "c", "d")
    assert err == "kclhost put: 4 records to stream words (2 shards), 3 retried\n"
    assert [keys(batch) for batch in batches(server)] == [["a", "b", "c", "d"], ["b", "d"], ["b"]]


@pytest.mark.parametrize("failures", [
    [(400, "ProvisionedThroughputExceededException", "slow")], [(400, "LimitExceededException", "slow")],
    [(400, "ThrottlingException", "slow")], [(500, "InternalFailure", "oops")], [(503, "ServiceUnavailable", "later")],
    [None, None]])  # a connection from before that closes once is libcurl's to open again
def test_passing_failures_are_waited_out(put, server, kinesis, failures):
    kinesis.failures = failures
    err = put("--stream", "words", "-w", "a", "b")
    assert err == "kclhost put: 2 records to stream words (2 shards), 2 retried\n"
    assert data(kinesis.records) == [b"a", b"b"]


def test_it_gives_up_when_nothing_gets_done(put, server, kinesis):
    kinesis.refuse = lambda record: record["PartitionKey"] == "b" and "ProvisionedThroughputExceededException"
    err = put("--stream", "words", "-w", "a", "b", "--max-attempts", 2, "--quiet", code=1)
    assert err == ("kclhost put: ProvisionedThroughputExceededException: try later; gave up after 2 attempts "
                   "(1 record had been put before)\n")


def test_a_lasting_failure_is_one_line_at_once(put, server, kinesis):
    kinesis.failures = [(400, "AccessDeniedException", "User: x is not authorized")]
    assert put("--stream", "words", "-w", "a", code=1) == \
        "kclhost put: AccessDeniedException: User: x is not authorized\n"
    assert len(batches(server)) == 1


def test_no_stream_says_what_to_do(put, server, kinesis):
    kinesis.shards = None
    err = put("--stream", "words", "-w", "a", code=1)
    assert err == (f"kclhost put: no stream words in eu-west-1 at {server.url}: check the name and --region, or create "
                   "it with --create-stream SHARDS\n")


def test_a_stream_is_created_and_waited_for(put, server, kinesis):
    kinesis.shards = None
    err = put("--stream", "words", "--create-stream", 3, "-w", "a")
    assert err == "kclhost put: 1 record to stream words (3 shards)\n"
    assert [request.action for request in server.requests] == \
        ["CreateStream", *["DescribeStreamSummary"] * 3, "PutRecords"]
    put("--stream", "words", "--create-stream", 9, "-w", "a")
    assert kinesis.shards == 3


def test_nobody_there(put, server):
    server._http.server_close()
    err = put("--stream", "words", "-w", "a", "--max-attempts", 3, code=1)
    assert "still trying" in err.splitlines()[0]
    assert server.url in err.splitlines()[-1] and "gave up after 3 attempts" in err.splitlines()[-1]
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_period_repeats_until_it_is_told_to_stop(running, server, kinesis, number):
    process = running("--stream", "words", "-w", "a", "b", "-p", "0.02")
    server.wait_for(lambda _: len(kinesis.records) >= 6)
    process.send_signal(number)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0
    assert len(kinesis.records) % 2 == 0
    assert err.decode() == f"kclhost put: {len(kinesis.records)} records to stream words (2 shards)\n"


def is_waiting(process):
    """Whether it sleeps in ppoll without descriptors; taken for granted where the kernel does not tell."""
    try:
        call = Path(f"/proc/{process.pid}/syscall").read_text()
    except OSError:
        return True
    return call.split()[1:3] == ["0x0", "0x0"]


def test_a_period_ends_while_it_waits(running, server, kinesis):
    process = running("--stream", "words", "-w", "a", "-p", "3600", "--progress")
    assert process.stderr.readline() == b"kclhost put: 1 record to stream words (2 shards)\n"
    while not is_waiting(process):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert len(kinesis.records) == 1


def test_what_a_pipe_brings_is_put_when_it_pauses(running, server, kinesis):
    process = running("--stream", "words", "-", stdin=subprocess.PIPE)
    for count in (1, 2, 3):
        process.stdin.write(b"line\n")
        process.stdin.flush()
        server.wait_for(lambda _: len(kinesis.records) == count)
    process.communicate(timeout=300)
    assert process.returncode == 0


@pytest.mark.parametrize("arguments, what", [
    (["-w", "a"], "--stream is required"),
    (["--stream", "", "-w", "a"], "--stream"),
    (["--stream", "s"], "nothing to put"),
    (["--stream", "s", "-w", "a", "-p", "0"], "--period"),
    (["--stream", "s", "-w", "a", "-p", "soon"], "--period"),
    (["--stream", "s", "-w", "a", "--create-stream", "0"], "--create-stream"),
    (["--stream", "s", "-w", "a", "--create-stream", "1.5"], "--create-stream"),
    (["--stream", "s", "-w", "a", "--format", "json"], "--format"),
    (["--stream", "s", "f", "--format", "xml"], "--format"),
    (["--stream", "s", "-", "-p", "1"], "-p"),
    (["--stream", "s", "-", "-w", "a"], "FILE"),
    (["--stream", "s", "-w", "a", "--partition-key", ""], "--partition-key"),
    (["--stream", "s", "-w", "a", "--endpoint=localhost:4568"], "--endpoint"),
    (["--stream", "s", "-w", "a", "--region=us east"], "--region"),
    (["--stream", "s", "-w", "a", "--streem=x"], "--streem"),
    (["--stream", "s", "/nonexistent/file"], "/nonexistent/file"),
    (["--stream", "s", "/"], "directory"),
])
def test_bad_usage_is_one_line(put, server, arguments, what):
    err = put(*arguments, code=2)
    assert err.startswith("kclhost put: ") and err.count("\n") == 1 and len(err) < 300
    assert what in err
    assert server.requests == []


def test_no_region_is_bad_usage(put, server):
    del put.environment["AWS_REGION"]
    assert "--region" in put("--stream", "s", "-w", "a", code=2)


def test_help_is_puts_own(put):
    process = put.start("--help")
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert b"kclhost put [OPTIONS]" in out and b"--create-stream" in out

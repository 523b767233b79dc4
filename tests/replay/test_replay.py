import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from conftest import CHILDREN, DATA, command, kclhost, wait_until

WORDS = "one\ntwo\nthree\nfour\nfive\n"


def data(records):
    return [base64.b64decode(record["data"]) for record in records]


def test_lines_arrive_as_records(run, child, log):
    replay = run("--exec", child(), "--format", "lines", "-", stdin=b"plain\n\n\xff\x00\xfe")
    assert replay.code == 0, replay.stderr
    assert data(log.records()) == [b"plain", b"\xff\x00\xfe"]  # put leaves empty lines out too
    assert log.actions() == ["initialize", "processRecords", "shutdownRequested", "leaseLost"]
    assert log.messages()[0]["sequenceNumber"] == "TRIM_HORIZON"
    numbers = [record["sequenceNumber"] for record in log.records()]
    assert numbers == sorted(set(numbers), key=int) and all(len(number) == 56 for number in numbers)


def test_json_lines_arrive_as_records(run, child, log):
    records = [{"text": "wörter", "partitionKey": "schlüssel"},
               {"data": "AAEC", "approximateArrivalTimestamp": 1795351301465}]
    replay = run("--exec", child(), "-", stdin="".join(json.dumps(record) + "\n" for record in records))
    assert replay.code == 0, replay.stderr
    assert data(log.records()) == ["wörter".encode(), b"\0\1\2"]
    assert log.records()[0]["partitionKey"] == "schlüssel"
    assert log.records()[1]["approximateArrivalTimestamp"] == 1795351301465


def test_batches_fall_to_the_tip(run, child, log):
    run("--exec", child(), "--format", "lines", "--batch", "2", "-", stdin=WORDS)
    batches = log.messages("processRecords")
    assert [len(batch["records"]) for batch in batches] == [2, 2, 1]
    assert [batch["millisBehindLatest"] for batch in batches] == [2000, 1000, 0]


def test_the_summary_is_all_that_stdout_gets(run, child):
    replay = run("--exec", child("checkpoint"), "--format", "lines", "-", stdin=WORDS)
    assert replay.stdout.startswith("5 records, 1 batch, 3 checkpoints (1 refused) in ")
    assert len(replay.stdout.splitlines()) == 2
    assert "InvalidStateException" in replay.stderr  # the child's own
    assert run("--quiet", "--exec", child(), "--format", "lines", "-", stdin=WORDS).stdout == ""


@pytest.mark.parametrize("end, actions", [("shard_ended", ["shardEnded", "checkpoint"]), ("lease_lost", ["leaseLost"]),
                                          ("shutdown_requested", ["shutdownRequested", "leaseLost"])])
def test_ends(run, child, log, end, actions):
    assert run("--exec", child(), "--end", end, "-", stdin="").code == 0
    assert log.actions() == ["initialize"] + actions


def test_a_shards_end_must_be_checkpointed(run, child):
    replay = run("--exec", child("no-shard-end"), "--end", "shard_ended", "-", stdin="")
    assert replay.code == 1
    assert "shardEnded without a checkpoint" in replay.stderr


@pytest.mark.parametrize("name", ["shard-1.txt", "shard-2.txt", "shard-3.txt"])
def test_a_capture_is_answered_as_the_daemon_answered(run, name):
    replay = run("--exec", command(sys.executable, "-I", CHILDREN / "parrot.py", DATA / name), DATA / name)
    assert replay.code == 0, replay.stderr


def test_checkpoints_outside_of_the_rules_are_refused(run, child, log):
    run("--exec", child("checkpoint-wrong"), "--format", "lines", "-", stdin="one")
    assert log.errors() == ["IllegalArgumentException"] * 8


def test_no_checkpoint_in_initialize(run, child, log):
    run("--exec", child("checkpoint-in-initialize"), "-", stdin="")
    assert log.errors() == ["InvalidStateException"]


def test_checkpoints_fail_as_asked(run, child, log, tmp_path):
    file = tmp_path / "checkpoint"
    replay = run("--exec", child("retry"), "--checkpoint-file", file, "--format", "lines", "-", stdin="one",
                 *("--fail-checkpoints", "ThrottlingException*2,KinesisClientLibDependencyException"))
    assert log.errors() == ["ThrottlingException", "ThrottlingException", "KinesisClientLibDependencyException", None]
    assert replay.report["checkpointErrors"] == {"ThrottlingException": 2, "KinesisClientLibDependencyException": 1}
    assert json.loads(file.read_text())["sequenceNumber"] == log.records()[0]["sequenceNumber"]


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_resumes_after_the_checkpoint(run, child, log, tmp_path, batch):
    file, words = tmp_path / "checkpoint", tmp_path / "words"
    arguments = ("--format", "lines", "--batch", batch, "--checkpoint-file", file, words)
    words.write_text("one\ntwo\nthree\n")
    assert run("--exec", child("checkpoint-last"), *arguments).code == 0
    last = log.records()[-1]
    assert json.loads(file.read_text()) == {"sequenceNumber": last["sequenceNumber"], "subSequenceNumber": 0}

    words.write_text(WORDS)
    log.path.unlink()
    replay = run("--exec", child("checkpoint-last"), *arguments)
    assert data(log.records()) == [b"four", b"five"]
    assert log.messages()[0]["sequenceNumber"] == last["sequenceNumber"]
    assert replay.report["records"] == 2


def test_resumes_inside_a_kpl_aggregate(run, child, log, tmp_path):
    file = tmp_path / "checkpoint"
    aggregate = "49680460045350437553841415682323753498148501778161729538"
    file.write_text('{"sequenceNumber": "%s", "subSequenceNumber": 2}' % aggregate)
    assert run("--exec", child(), "--checkpoint-file", file, DATA / "shard-1.txt").code == 0
    assert data(log.records()) == [b"sub3", b"sub4", b"\x00\xff\x0a\x22"]
    assert log.messages()[0] == {"action": "initialize", "shardId": "shardId-000000000000", "sequenceNumber": aggregate,
                                 "subSequenceNumber": 2}


def test_a_shard_at_its_end_has_nothing_to_do(run, child, log, tmp_path):
    file = tmp_path / "checkpoint"
    arguments = ("--exec", child(), "--checkpoint-file", file, "--end", "shard_ended", "-")
    assert run(*arguments, stdin='{"text":"a"}').code == 0
    assert json.loads(file.read_text()) == {"sequenceNumber": "SHARD_END", "subSequenceNumber": 0}
    log.path.unlink()
    replay = run(*arguments, stdin='{"text":"a"}')
    assert (replay.code, log.lines()) == (0, [])
    assert "nothing to do" in replay.stdout


def test_where_nothing_is_to_do_nothing_is_written(child, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    file = folder / "checkpoint"
    # root may write everywhere, unless it is told not to
    command = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    command += [kclhost(), "replay", "--exec", child(), "--checkpoint-file", file, "--format", "lines", "-"]
    for checkpoint, code, told in [("1", 2, "kept: Permission denied; name a folder"), ("SHARD_END", 0, "nothing to do")]:
        file.write_text(json.dumps({"sequenceNumber": checkpoint}))
        folder.chmod(0o555)
        done = subprocess.run(command, input="a\n", capture_output=True, text=True, timeout=60)
        folder.chmod(0o755)
        assert (done.returncode, done.stdout.count("\n") + done.stderr.count("\n")) == (code, 1), done.stderr
        assert told in done.stdout + done.stderr


def test_the_figures_of_nothing_to_do(run, child, log, tmp_path):
    (tmp_path / "checkpoint").write_text('{"sequenceNumber": "SHARD_END", "subSequenceNumber": 0}')
    (tmp_path / "report").write_text('{"records": 7, "of": "an earlier replay"}')
    replay = run("--exec", child(), "--checkpoint-file", "checkpoint", "--json", "-", stdin='{"text":"a"}', report="report")
    assert (replay.code, replay.stderr, log.lines()) == (0, "", [])
    assert json.loads(replay.stdout) == replay.report
    assert replay.report["lastCheckpoint"] == {"sequenceNumber": "SHARD_END", "subSequenceNumber": 0}
    assert [replay.report[name] for name in ("records", "child", "exitCode", "error")] == [0, None, 0, None]


def test_an_unreadable_checkpoint_is_no_beginning(run, child, log, tmp_path):
    for text in "", "{", "[]", '{"sequenceNumber": 12}', '{"sequenceNumber": "LATEST"}':
        (tmp_path / "checkpoint").write_text(text)
        replay = run("--exec", child(), "--checkpoint-file", tmp_path / "checkpoint", "-", stdin="")
        assert replay.code == 2, text
        assert "no checkpoint" in replay.stderr
    assert log.lines() == []


def test_a_checkpoint_that_cannot_be_kept_ends_the_replay(run, child, tmp_path):
    (tmp_path / "checkpoint.new").mkdir()  # where its draft would be
    replay = run("--exec", child("checkpoint"), "--checkpoint-file", tmp_path / "checkpoint", "-", stdin='{"text":"a"}')
    assert replay.code == 1
    assert "cannot be written" in replay.stderr
    assert replay.stdout.startswith("0 records, 0 batches, 0 checkpoints in ")
    assert "last checkpoint: none" in replay.stdout
    assert (replay.report["checkpoints"], replay.report["lastCheckpoint"]) == (0, None)


@pytest.mark.parametrize("file, told", [
    ("none/checkpoint", "none: No such file or directory; make the folder, or name another"),
    ("file/checkpoint", "file: Not a directory; name a folder that takes files"),
])
def test_a_checkpoint_that_could_not_be_kept_is_told_before_the_child_starts(run, child, log, tmp_path, file, told):
    (tmp_path / "file").write_text("")
    replay = run("--exec", child("checkpoint"), "--checkpoint-file", file, "-", stdin='{"text":"a"}')
    assert (replay.code, replay.stdout, log.lines()) == (2, "", []), replay.stderr
    assert replay.stderr == f"kclhost: {file}: the checkpoint cannot be written there: {told}\n"


@pytest.mark.parametrize("file, told", [
    ("none/report", "{}/none: No such file or directory; make the folder, or name another"),
    ("file/report", "{}/file: Not a directory; name a folder that takes files"),
    ("folder", "Is a directory; name another file"),
])
def test_a_report_that_could_not_be_written_is_told_before_the_child_starts(run, child, log, tmp_path, file, told):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    replay = run("--exec", child(), "-", stdin='{"text":"a"}', report=file)
    assert (replay.code, replay.stdout, log.lines()) == (2, "", []), replay.stderr
    assert replay.stderr == f"kclhost: {tmp_path}/{file}: the report cannot be written there: {told.format(tmp_path)}\n"


def test_a_report_may_go_to_what_is_no_file(run, child, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open(os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)) as reader:
        replay = run("--exec", child(), "-", stdin='{"text":"a"}', report="pipe")
        assert replay.code == 0, replay.stderr
        assert json.load(reader)["records"] == 1


def test_lines_that_are_no_messages_are_skipped(run, child):
    replay = run("--exec", child("garbage"), "--verbose", "-", stdin='{"text":"a"}')
    assert replay.code == 0, replay.stderr
    assert replay.report["skippedLines"] == 4
    assert "hello I am garbage" in replay.stderr


def test_a_status_for_something_else_is_wrong(run, child):
    replay = run("--exec", child("wrong-status"), "-", stdin='{"text":"a"}')
    assert replay.code == 1
    assert "answered 'processRecord' to processRecords (batch 1 of 1, last sequence number 4968" in replay.stderr


@pytest.mark.parametrize("mode", ["exit", "exit-at-end"])
@pytest.mark.parametrize("code, ours", [(0, 1), (1, 1), (2, 2), (3, 3), (4, 4), (7, 1)])
def test_the_childs_exit_code_is_passed_on(run, child, mode, code, ours):
    replay = run("--exec", child(mode), "-", stdin='{"text":"a"}', env={"CODE": str(code)})
    if mode == "exit-at-end" and code == 0:
        ours = 0
    else:
        assert "exit code %d " % code in replay.stderr
        assert ("processRecords (batch 1" in replay.stderr) == (mode == "exit")
    assert replay.code == ours
    assert replay.report["child"]["exitCode"] == code
    assert replay.report["exitCode"] == ours


def test_the_childs_signal_is_named(run, child):
    replay = run("--exec", child("crash"), "-", stdin='{"text":"a"}')
    assert replay.code == 1
    assert "signal 9 (Killed) before its status for processRecords" in replay.stderr
    assert replay.report["child"]["signal"] == 9


def test_a_silent_child_is_given_up(run, child):
    replay = run("--exec", child("silent-until-stdin-ends"), "--timeout", "3", "-", stdin='{"text":"a"}')
    assert replay.code == 1
    assert "silent for 3 s and owes its status for processRecords" in replay.stderr


def test_a_child_that_closed_its_output_is_over(run, child):
    replay = run("--exec", child("close-stdout"), "-", stdin='{"text":"a"}')
    assert replay.code == 1
    assert "ended with exit code 0 before its status" in replay.stderr


@pytest.mark.parametrize("mode", ["chatty", "early"])
@pytest.mark.parametrize("pipe_size", [0, 1 << 20])
def test_both_may_talk_at_once(run, child, log, mode, pipe_size):
    text = "z" * 1_200_000
    replay = run("--exec", child(mode), "--pipe-size", pipe_size, "-", stdin=json.dumps({"text": text}))
    assert replay.code == 0, replay.stderr
    assert data(log.records()) == [text.encode()]


def test_the_pipes_size_is_as_asked(run, child):
    for size, got in (0, 65536), (131072, 131072):
        assert "stdin holds %d" % got in run("--exec", child("pipe-size"), "--pipe-size", size, "-", stdin="").stderr


def test_a_signal_ends_it_gracefully(start, child, log):
    words = log.path.with_name("words")
    words.write_text(WORDS)
    replay = start("--exec", child("checkpoint"), "--format", "lines", "--batch", "1", "--linger", "600", words)
    wait_until(lambda: log.actions().count("checkpoint") == 5, "five batches")
    replay.process.send_signal(signal.SIGINT)
    replay.finish()
    assert replay.code == 1
    assert log.actions()[-4:] == ["shutdownRequested", "checkpoint", "leaseLost", "checkpoint"]
    assert "stopped by a signal after 5 of 5 batches" in replay.stderr
    # Its status may be on its way.
    assert re.search(r"kclhost: ending( after the batch in hand \(batch 5 of 5\))?; one more signal kills", replay.stderr)


def stopped_by_signals(replay, first_says, second_says):
    """The first one is SIGTERM. Those of its first second are one request, so SIGINT is sent until the replay has ended."""
    replay.process.send_signal(signal.SIGTERM)
    assert replay.process.stderr.readline().decode() == f"kclhost: {first_says}; one more signal kills the child\n"
    while replay.process.poll() is None:
        replay.process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    replay.finish()
    assert (replay.code, replay.stderr) == (1, f"kclhost: killed the child at the second signal, {second_says}\n")


def test_a_second_signal_kills_the_child(start, child, log):
    replay = start("--exec", child("silent"), DATA / "shard-2.txt")
    wait_until(lambda: "processRecords" in log.actions(), "a batch")
    pids = replay.children()
    stopped_by_signals(replay, "ending after the batch in hand (batch 1 of 1)", "with batch 1 of 1 in hand")
    assert replay.report["child"]["signal"] == signal.SIGKILL
    assert not any(os.path.exists("/proc/%d" % pid) for pid in pids)


def test_signals_before_initialize_is_answered(start, child, log):
    replay = start("--exec", child("silent-in-initialize"), DATA / "shard-2.txt")
    wait_until(lambda: log.actions() == ["initialize"], "initialize")
    stopped_by_signals(replay, "ending once initialize is answered", "before it answered initialize")


def test_repeats_for_benchmarks(run, child, log):
    replay = run("--exec", child("checkpoint-last"), "--repeat", "3", "--batch", "2", "--format", "lines", "-",
                 stdin=WORDS)
    assert replay.code == 0, replay.stderr
    assert (replay.report["records"], replay.report["batches"]) == (15, 9)
    assert log.errors() == [None] * 9
    batches = [line for line in log.lines() if b"processRecords" in line]
    assert batches[:3] == batches[3:6] == batches[6:]


def test_batches_can_be_kept_apart(run, child):
    replay = run("--exec", child(), "--interval", "0.2", "--batch", "2", "--format", "lines", "-", stdin=WORDS)
    assert replay.code == 0, replay.stderr
    assert replay.report["batches"] == 3
    assert replay.report["deliverySeconds"] >= 0.4  # the third one begins then


def test_the_report_has_all_figures(run, child, log):
    replay = run("--exec", child("checkpoint"), "--format", "lines", "--batch", "2", "-", stdin=WORDS)
    report = replay.report
    assert (report["records"], report["batches"], report["dataBytes"]) == (5, 3, len(WORDS) - 5)
    assert report["sentBytes"] == sum(map(len, log.lines()))
    assert report["checkpoints"] == 5
    assert report["checkpointErrors"] == {"InvalidStateException": 1}
    latency = report["latencyMicros"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["max"]
    assert 0 < report["startMillis"] / 1e3 < report["wallSeconds"]
    assert 0 < report["deliverySeconds"] < report["wallSeconds"]
    assert 0 < report["deliveryCpuSeconds"]
    assert report["child"]["userSeconds"] + report["child"]["systemSeconds"] > 0
    assert report["lastCheckpoint"]["sequenceNumber"] == log.records()[-1]["sequenceNumber"]
    assert (report["exitCode"], report["error"]) == (0, None)


def test_idle_ticks_while_it_lingers(run, child, log):
    replay = run("--exec", child("checkpoint"), "--linger", "0.5", "--tick", "0.1", "--format", "lines", "-", stdin=WORDS)
    assert replay.code == 0, replay.stderr
    batches = log.messages("processRecords")
    assert [len(batch["records"]) for batch in batches] == [5] + [0] * (len(batches) - 1)
    assert all(batch["millisBehindLatest"] == 0 for batch in batches)
    ticks = replay.report["idleTicks"]
    assert ticks == len(batches) - 1 and 1 <= ticks <= 4
    assert (replay.report["batches"], replay.report["records"]) == (1, 5)
    assert log.actions()[-1] in ("leaseLost", "checkpoint")


def test_a_tick_without_an_answer_is_named(run, child):
    replay = run("--exec", child("silent-until-stdin-ends"), "--linger", "600", "--tick", "0.01", "--timeout", "3", "-",
                 stdin="")
    assert replay.code == 1
    assert "owes its status for processRecords (idle tick 1)" in replay.stderr


def test_a_signal_ends_the_ticks(start, child, log):
    replay = start("--exec", child(), "--linger", "600", "--tick", "0.01", DATA / "shard-2.txt")
    wait_until(lambda: log.actions().count("processRecords") > 20, "ticks")
    replay.process.send_signal(signal.SIGTERM)
    replay.finish()
    assert log.actions()[-2:] == ["shutdownRequested", "leaseLost"]


def test_it_says_that_it_waits_for_its_input(start, child, log):
    replay = start("--exec", child(), "-", stdin=b"")
    replay.process.stdin.write(b'{"text":"a"}\n')
    replay.process.stdin.flush()
    assert replay.process.stderr.readline() == (b"replay: waiting for the end of standard input: all input is read before "
                                                b"the child is started\n")
    assert log.lines() == []
    assert replay.finish().code == 0, replay.stderr
    assert data(log.records()) == [b"a"]


@pytest.mark.parametrize("arguments, complaint", [
    (["--exec", "cat", "--tick", "1", "-"], "--linger"),
    (["-"], "--config FILE"),
    (["--config", "a", "--exec", "b", "-"], "give one"),
    (["--exec", "true", "--stream", "words", "-"], "--stream is for kclhost run"),
    (["--exec", "'a", "-"], "is not closed"),
    (["--exec", "/no/such/program", "-"], "cannot start '/no/such/program': No such file"),
    (["--exec", "cat"], "INPUT"),
    (["--exec", "cat", "--format", "xml", "-"], "--format"),
    (["--exec", "cat", "--end", "never", "-"], "--end"),
    (["--exec", "cat", "--batch", "0", "-"], "--batch"),
    (["--exec", "cat", "--fail-checkpoints", "A*", "-"], "--fail-checkpoints"),
    (["--exec", "cat", "--repeat", "2", "--checkpoint-file", "f", "-"], "--repeat"),
    (["--exec", "cat", "/no/such/file"], "/no/such/file: cannot be read"),
])
def test_bad_usage_is_one_line(run, arguments, complaint):
    replay = run(*arguments, stdin="")
    assert replay.code == 2
    assert complaint in replay.stderr
    assert len(replay.stderr.splitlines()) == 1


@pytest.mark.parametrize("text", [b'\xef\xbb\xbf{"text":"a"}\r\n\r\n \t\n{"text":"b"}\r\n', b'\r\n\n{"text":"a"}\n\n{"text":"b"}'])
def test_blank_lines_carriage_returns_and_byte_order_marks_say_nothing(run, child, log, text):
    replay = run("--exec", child(), "-", stdin=text)
    assert replay.code == 0, replay.stderr
    assert data(log.records()) == [b"a", b"b"]


def test_so_it_is_with_a_capture(run, child, log):
    capture = (DATA / "shard-2.txt").read_bytes()
    replay = run("--exec", child(), "-", stdin=b"\xef\xbb\xbf\r\n" + capture.replace(b"\n", b"\r\n"))
    assert replay.code == 0, replay.stderr
    assert [line for line in log.lines()] == [line[2:] for line in capture.splitlines(keepends=True)
                                              if line.startswith(b"> ") and b'"checkpoint"' not in line]


def test_a_compressed_file_is_refused_with_the_cure(run, child, log, tmp_path):
    with gzip.open(tmp_path / "records.gz", "wb") as file:
        file.write(b'{"text":"a"}\n')
    replay = run("--exec", child(), "records.gz")
    assert replay.code == 2
    assert "compressed with gzip; unpack it on the way: zcat records.gz | kclhost replay ... -" in replay.stderr
    assert log.lines() == []


def test_bad_input_is_found_before_anything_is_sent(run, child, log, tmp_path):
    (tmp_path / "input").write_text('{"text":"a"}\n{"text":"b"}\n{"txt":"c"}\n')
    replay = run("--exec", child(), "--batch", "1", "input")
    assert replay.code == 2
    assert "input:3: unknown member 'txt'" in replay.stderr
    assert log.lines() == []

"""kclhost dead-letters replay: what passes goes, what fails stays, and nothing in between."""
import json
import os
import signal
import subprocess
import time

import pytest

from desk import BIN, PATIENCE, SHARD_ID, environment, make_letter, record, sha256

OTHER = "shardId-000000000008"


def numbers(desk):
    return [number for _, number, _ in desk.listed()]


def test_letters_that_pass_are_removed(desk):
    payloads = [b"one", b"", bytes(range(256)), b"four" * 100_000]
    desk.put(*[make_letter(i, data, sub_sequence_number=i) for i, data in enumerate(payloads[:2])],
             stamp="20250102T000000000Z")
    desk.put(*[make_letter(i + 2, data, sub_sequence_number=i + 2) for i, data in enumerate(payloads[2:])])
    result = desk("replay")
    assert result.returncode == 0, result.stderr
    assert result.stdout == b"replayed 4 dead letters: 4 passed, 0 failed and kept\n"
    assert desk.listed() == []
    assert not list(desk.letters.glob("*.jsonl"))
    assert [(each["sequence_number"], each["sub_sequence_number"], each["sha256"], each["partition_key"],
             each["arrival"], each["attempt"]) for each in desk.records()] == [
                 (str(i), i, sha256(data), f"key-{i}", 1700000000000, 4) for i, data in enumerate(payloads)]
    assert [event["event"] for event in desk.events() if "event" in event] == ["initialize", "shutdown_requested",
                                                                              "destroy"]
    assert desk("replay").stdout == b"no dead letters\n"


@pytest.mark.parametrize("poison, code, text", [("throw", "FAILED", "poison:throw"), ("segv", "DIED", "SIGSEGV"),
                                                ("exit", "DIED", "exit(3)"), ("hang", "DIED", "took longer than")])
def test_letters_that_fail_are_kept_with_their_new_error(desk, poison, code, text):
    if poison == "hang":
        desk.configure(timeouts={"process_records": "2s"})
    poisoned = make_letter(2, f"poison:{poison}".encode(), error_text="the old one")
    desk.put(make_letter(1), poisoned, make_letter(3))
    before = int(time.time() * 1000)
    result = desk("replay")
    assert result.returncode == 1
    assert result.stdout == b"replayed 3 dead letters: 2 passed, 1 failed and kept\n"
    assert b"shardId-000000000007 2/0 is kept: " in result.stderr
    assert numbers(desk) == ["2"]
    kept = json.loads(desk("show").stdout)
    assert kept["error_code"] == code and text in kept["error_text"]
    assert kept["attempts"] == 4
    assert before <= kept["last_try_ms"] <= int(time.time() * 1000)
    assert (kept["plugin"], kept["plugin_version"]) == ("zoo.recorder", "1.0.0")
    for member in ["data", "partition_key", "arrival_ms", "first_try_ms", "stream", "application", "shard"]:
        assert kept[member] == poisoned[member]
    assert [each["sequence_number"] for each in desk.records()] == ["1", "3"]


def test_shards_have_an_instance_each(desk):
    desk.put(make_letter(1), make_letter(2, b"poison:throw"))
    desk.put(make_letter(1, shard=OTHER), shard=OTHER)
    assert desk("replay").returncode == 1
    for shard in [SHARD_ID, OTHER]:
        assert [event["shard"] for event in desk.events(shard) if event.get("event") == "initialize"] == [shard]
        assert [each["sequence_number"] for each in desk.records(shard)] == ["1"]
    assert desk.listed() == [(SHARD_ID, "2", 4)]


def test_selection_is_all_that_is_sent(desk):
    desk.put(make_letter(1), make_letter(2), make_letter(3))
    assert desk("replay", "--sequence", "2").stdout == b"replayed 1 dead letter: 1 passed, 0 failed and kept\n"
    assert numbers(desk) == ["1", "3"]
    assert [each["sequence_number"] for each in desk.records()] == ["2"]


def test_copies_are_sent_once_and_go_together(desk):
    desk.put(make_letter(1), make_letter(2, b"poison:throw"))
    desk.put(make_letter(1), make_letter(2, b"poison:throw", attempts=6))
    assert desk("replay").stdout == b"replayed 2 dead letters: 1 passed, 1 failed and kept\n"
    assert desk.listed() == [(SHARD_ID, "2", 7)]
    assert sum(len(file.read_text().splitlines()) for file in desk.letters.glob("*.jsonl")) == 1
    assert [each["sequence_number"] for each in desk.records()] == ["1"]


def test_shutdown_that_fails_keeps_what_was_accepted(desk):
    desk.configure("misbehave.so", {"fault": "throw", "in": "shutdown_requested"})
    desk.put(make_letter(1), make_letter(2))
    result = desk("replay")
    assert result.returncode == 1
    assert result.stdout == b"replayed 2 dead letters: 0 passed, 2 failed and kept\n"
    assert numbers(desk) == ["1", "2"]
    assert b"shutdown_requested failed after the record was accepted" in result.stderr


def test_plugin_that_checkpoints_has_what_it_held_given_back(desk):
    letters = [make_letter(1), make_letter(2), make_letter(3, b"poison:segv"), make_letter(4)]
    desk.configure("recorder_checkpointing.so", {"checkpoint": "none"})
    desk.put(*letters)
    # The worker died with 1 and 2 in its hands; 4 was flushed by its successor.
    assert desk("replay").stdout == b"replayed 4 dead letters: 1 passed, 3 failed and kept\n"
    assert numbers(desk) == ["1", "2", "3"]


@pytest.mark.parametrize("when", ["record", "batch"])
def test_plugin_that_checkpoints_is_done_with_that(desk, when):
    desk.configure("recorder_checkpointing.so", {"checkpoint": when})
    desk.put(make_letter(1), make_letter(2), make_letter(3, b"poison:segv"), make_letter(4))
    assert desk("replay").stdout == b"replayed 4 dead letters: 3 passed, 1 failed and kept\n"
    assert numbers(desk) == ["3"]
    assert {event["code"] for event in desk.events() if event.get("event") == "checkpoint"} == {0}


CORE = os.environ["KCLHOST_CORE_PLUGINS_DIR"]


def test_plugin_that_acknowledges_is_done_with_that(desk):
    desk.configure("acker.so", {}, plugins_dir=CORE, timeouts={"shutdown": "300ms"})
    desk.put(make_letter(1, b"ack 0 1"), make_letter(2, b"later 1 1"), make_letter(3, b"x"), make_letter(4, b"reject 3"),
             make_letter(5, b"fail"))
    result = desk("replay")
    assert result.stdout == b"replayed 5 dead letters: 2 passed, 3 failed and kept\n", result.stderr
    kept = [json.loads(line) for line in desk("show", "--lines").stdout.splitlines()]
    assert [(each["sequence_number"], each["error_code"], each["error_text"]) for each in kept] == [
        ("3", "FAILED", "the plugin has not acknowledged the record"), ("4", "REJECTED", "no good"),
        ("5", "FAILED", "status 1 without a message")]


def test_a_failed_letter_is_not_acknowledged_afterwards(desk):
    desk.configure("acker.so", {}, plugins_dir=CORE)
    desk.put(make_letter(1, b"fail", partition_key="a"), make_letter(2, b"ack 0 2"), make_letter(3, partition_key="a"))
    result = desk("replay")
    assert result.stdout == (b"replayed 2 dead letters: 1 passed, 1 failed and kept, "
                             b"1 behind a failed one of the same partition key\n")
    assert result.returncode == 1
    assert numbers(desk) == ["1", "3"]


def test_plugin_that_dies_with_what_it_has_not_acknowledged(desk):
    desk.configure("acker.so", {}, plugins_dir=CORE)
    desk.put(make_letter(1, b"x"), make_letter(2, b"die 1 1"))
    assert desk("replay").stdout == b"replayed 2 dead letters: 1 passed, 1 failed and kept\n"
    assert numbers(desk) == ["1"]


def test_a_rejected_record_is_kept(desk):
    desk.configure("teller.so", plugins_dir=CORE)
    desk.put(make_letter(1, b"a"), make_letter(2, b"reject 1"))
    assert desk("replay").stdout == b"replayed 2 dead letters: 1 passed, 1 failed and kept\n"
    kept = json.loads(desk("show").stdout)
    assert (kept["sequence_number"], kept["error_code"], kept["error_text"]) == ("2", "REJECTED", "no good")


def test_plugin_that_cannot_be_used_changes_nothing(desk):
    desk.put(make_letter(1), make_letter(2))
    before = (desk.letters / f"words-app%40words.{SHARD_ID}.jsonl").read_text()
    for plugin, config, code in [("missing.so", {}, 3), ("misbehave.so", {"fault": "throw", "in": "constructor"}, 3),
                                 ("misbehave.so", {"fault": "throw", "in": "initialize"}, 1)]:
        desk.configure(plugin, config)
        result = desk("replay")
        assert result.returncode == code, result.stderr
        assert result.stdout == b"replayed 0 dead letters: 0 passed, 0 failed and kept, 2 not tried\n"
        assert (desk.letters / f"words-app%40words.{SHARD_ID}.jsonl").read_text() == before


def test_isolation_none_is_contained_too(desk):
    desk.configure(isolation="none")
    desk.put(make_letter(1, b"poison:segv"), make_letter(2))
    assert desk("replay").stdout == b"replayed 2 dead letters: 1 passed, 1 failed and kept\n"


def test_one_replay_at_a_time(desk, tmp_path):
    desk.put(make_letter(1, b"poison:hang"))
    desk.configure(timeouts={"process_records": "10m", "shutdown": "300ms"})
    with subprocess.Popen([BIN / "kclhost", "dead-letters", "replay", "--config", desk.config], env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        try:
            deadline = time.monotonic() + PATIENCE
            while not desk.events():  # it is initialized, so the lock is taken
                assert time.monotonic() < deadline and first.poll() is None
                time.sleep(0.01)
            for command in [["replay"], ["purge", "--yes"]]:
                result = desk(*command)
                assert result.returncode == 1
                assert b"another kclhost dead-letters replay or purge is at work" in result.stderr
            # The host itself is not kept waiting.
            desk.configure("misbehave.so", {"fault": "throw", "in": "process_records"})
            shard = desk.run()
            shard.initialize()
            shard.process_records(record(5, "poison"))
            shard.request_shutdown()
        finally:
            first.send_signal(signal.SIGINT)
    assert desk.listed() == [(SHARD_ID, "1", 3), (SHARD_ID, "5", 2)], "an interruption is no failed try"


def test_what_the_host_put_aside_comes_back(desk):
    """From the daemon's line to the dead letter, and with a better plugin out of it again."""
    data = [b"good", b"poison:throw \xff\0", b"better", b"poison:segv", b"best"]
    shard = desk.run()
    shard.initialize()
    shard.process_records(*[record(i + 1, each, sub_sequence_number=i) for i, each in enumerate(data)])
    shard.request_shutdown()
    assert shard.checkpoints[-1][0] == "5"
    assert shard.finish() == 0
    assert [number for _, number, _ in desk.listed()] == ["2", "4"]
    assert desk("show", "--sequence", "2", "--data").stdout == data[1]
    letter = json.loads(desk("show", "--sequence", "4/3").stdout)
    assert (letter["error_code"], letter["stream"], letter["shard"]) == ("DIED", "words", SHARD_ID)
    desk.configure(config={"poison": False})
    result = desk("replay")
    assert result.stdout == b"replayed 2 dead letters: 2 passed, 0 failed and kept\n", result.stderr
    assert {each["sha256"] for each in desk.records()} == {sha256(each) for each in data}


def interrupted(desk, ready, *signals):
    """A replay that gets the signals once it is ready: (exit code, what it printed)."""
    with subprocess.Popen([BIN / "kclhost", "dead-letters", "replay", "--config", desk.config], env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as replay:
        try:
            deadline = time.monotonic() + PATIENCE
            while not ready():
                assert time.monotonic() < deadline and replay.poll() is None
                time.sleep(0.01)
            replay.send_signal(signals[0])
            while signals[1:] and replay.poll() is None:
                replay.send_signal(signals[1])  # those of the first second are one request
                time.sleep(0.05)
            out, err = replay.communicate(timeout=PATIENCE)
        finally:
            replay.kill()
    return replay.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_interrupted_replay_ends_after_the_letter_in_hand(desk, number):
    desk.configure(config={"delay_us": 200_000})
    desk.put(*[make_letter(i) for i in range(20)])
    desk.put(make_letter(1, shard=OTHER), shard=OTHER)
    code, out, err = interrupted(desk, lambda: len(desk.records()) >= 3, number)
    passed = [each["sequence_number"] for each in desk.records()]
    assert 3 <= len(passed) < 20
    assert code == 1
    assert f"replayed {len(passed)} dead letters: {len(passed)} passed, 0 failed and kept, {21 - len(passed)} not tried" in out
    assert f"interrupted by {number.name}" in err
    assert desk.events()[-1]["event"] == "destroy" and not desk.events(OTHER)
    assert desk.listed() == [(SHARD_ID, str(i), 3) for i in range(len(passed), 20)] + [(OTHER, "1", 3)]
    desk.configure(config={"delay_us": 0})
    assert desk("replay").returncode == 0
    assert sorted(int(each["sequence_number"]) for each in desk.records()) == list(range(20)), "each of them once"


def test_interrupted_replay_does_not_wait_for_a_plugin_that_hangs(desk):
    desk.configure(timeouts={"process_records": "10m", "shutdown": "300ms"})
    desk.put(make_letter(1), make_letter(2, b"poison:hang"), make_letter(3))
    code, out, _ = interrupted(desk, lambda: desk.records(), signal.SIGTERM)
    assert (code, out) == (1, "replayed 1 dead letter: 1 passed, 0 failed and kept, 2 not tried\n")
    assert desk.listed() == [(SHARD_ID, "2", 3), (SHARD_ID, "3", 3)], "it did not fail on the one in hand"


def test_a_second_signal_ends_it_at_once(desk):
    desk.configure(timeouts={"process_records": "10m", "shutdown": "10m"})
    desk.put(make_letter(1), make_letter(2, b"poison:hang"))
    code, out, _ = interrupted(desk, lambda: desk.records(), signal.SIGTERM, signal.SIGINT)
    assert (code, out) == (1, "replayed 1 dead letter: 1 passed, 0 failed and kept, 1 not tried\n")
    assert numbers(desk) == ["2"]


DRAFT = f"words-app%40words.{SHARD_ID}.jsonl.new"  # of the shard's file, while it is changed


def test_letters_that_cannot_be_taken_out_are_not_sent(desk):
    desk.put(make_letter(1), make_letter(2, b"poison:throw"), make_letter(3))
    (desk.letters / DRAFT).mkdir()
    result = desk("replay")
    assert result.returncode == 1
    assert result.stdout == b"replayed 0 dead letters: 0 passed, 0 failed and kept, 3 not tried\n"
    assert f"can't write {desk.letters / DRAFT}: Is a directory".encode() in result.stderr
    assert not desk.events()
    (desk.letters / DRAFT).rmdir()
    assert desk("replay").stdout == b"replayed 3 dead letters: 2 passed, 1 failed and kept\n"
    assert [each["sequence_number"] for each in desk.records()] == ["1", "3"], "each of them once"


def test_letters_that_passed_and_were_not_taken_out_are_told(desk):
    desk.configure(timeouts={"process_records": "10m", "shutdown": "300ms"})
    desk.put(make_letter(1), make_letter(2, b"poison:hang"))

    def ready():
        if not desk.records():
            return False
        (desk.letters / DRAFT).mkdir()
        return True

    code, out, err = interrupted(desk, ready, signal.SIGTERM)
    assert (code, out) == (1, "replayed 1 dead letter: 1 passed, 0 failed and kept, 1 not tried\n")
    assert f"{SHARD_ID}: 1 passed; some of them could not be removed, and the next replay sends them again: " in err
    assert f"can't write {desk.letters / DRAFT}: Is a directory" in err
    assert numbers(desk) == ["1", "2"]


def test_letters_of_a_key_wait_behind_a_failed_one(desk):
    desk.put(make_letter(1, b"poison:throw", partition_key="a"), make_letter(2, partition_key="b"),
             make_letter(3, partition_key="a"), make_letter(4, partition_key="a"))
    desk.put(make_letter(5, partition_key="a", shard=OTHER), make_letter(6, partition_key="b", shard=OTHER), shard=OTHER)
    result = desk("replay")
    assert result.returncode == 1
    assert result.stdout == (b"replayed 3 dead letters: 2 passed, 1 failed and kept, "
                             b"3 behind a failed one of the same partition key\n")
    assert desk.listed() == [(SHARD_ID, "1", 4), (SHARD_ID, "3", 3), (SHARD_ID, "4", 3), (OTHER, "5", 3)]
    result = desk("replay", "--ignore-key-order")
    assert result.stdout == b"replayed 4 dead letters: 3 passed, 1 failed and kept\n"
    assert desk.listed() == [(SHARD_ID, "1", 5)]


def test_letters_of_a_key_wait_behind_one_that_was_given_back(desk):
    desk.configure("recorder_checkpointing.so", {"checkpoint": "none"})
    desk.put(make_letter(1, partition_key="a"), make_letter(2, b"poison:segv"), make_letter(3, partition_key="a"),
             make_letter(4))
    assert desk("replay").stdout == (b"replayed 3 dead letters: 1 passed, 2 failed and kept, "
                                     b"1 behind a failed one of the same partition key\n")
    assert numbers(desk) == ["1", "2", "3"]


def test_killed_replay_leaves_no_worker_and_all_letters(desk):
    desk.put(make_letter(1), make_letter(2, b"poison:hang"))
    desk.configure(timeouts={"process_records": "10m"})
    with subprocess.Popen([BIN / "kclhost", "dead-letters", "replay", "--config", desk.config], env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as replay:
        try:
            deadline = time.monotonic() + PATIENCE
            while not desk.records():
                assert time.monotonic() < deadline and replay.poll() is None
                time.sleep(0.01)
        finally:
            replay.kill()
    worker = desk.events()[0]["pid"]
    deadline = time.monotonic() + PATIENCE
    while os.path.exists(f"/proc/{worker}") and " Z " not in open(f"/proc/{worker}/stat").read():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert numbers(desk) == ["1", "2"]

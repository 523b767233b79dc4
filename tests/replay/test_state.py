"""A replay has a state of its own: it plays with the configuration of an application that runs, and leaves its state alone."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault_zoo"))

from shard import SHARD_ID, Shard, record, write_config  # noqa: E402

from conftest import wait_until  # noqa: E402

POLICY = {"retry": {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "1ms"}, "then": "dead_letter"}
NAMES = {"properties": {"streamName": "words", "applicationName": "words-app"}}


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture(params=[NAMES, {}], ids=["named", "by its file"])
def daemon(request):
    return request.param


def test_beside_an_application_that_runs(run, tmp_path, daemon):
    """The real shard has a dead letter, and a record under way."""
    notes, go = tmp_path / "notes", tmp_path / "go"
    settings = {"on_error": POLICY, "daemon": daemon}
    with Shard(tmp_path, "actor.so", {"notes": str(notes)}, **settings) as shard:
        shard.initialize()
        shard.process_records(record(1, "fail"))
        shard.send({"action": "processRecords", "records": [record(2, f"wait {go}")], "millisBehindLatest": 0})
        shard.wait_for(lambda: "wait" in notes.read_text())
        tries, letters = (tmp_path / "state" / name for name in ("tries", "dead-letters"))
        before = contents(tries), contents(letters)
        assert len(before[0]) == len(before[1]) == 1

        config = write_config(tmp_path, "actor.so", {"notes": str(tmp_path / "notes of the replay")}, **settings)
        replay = run("--config", config, "--shard", SHARD_ID, "--format", "lines", "-", stdin="good\nfail\n")
        assert replay.code == 0, replay.stderr
        assert "another process has this shard's state" not in replay.stderr
        assert "record put into the dead letters" in replay.stderr

        after = contents(tries), contents(letters)
        for were, are in zip(before, after):
            assert {name: are.get(name) for name in were} == were, "the application's are as they were"
            assert all(name.startswith("replay%3A") for name in are.keys() - were.keys())
        assert len(after[1]) == 2, "what the replay set aside is with its own"
        listed = [subprocess.run([Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost", "dead-letters", "list", *options, config],
                                 capture_output=True, text=True, check=True).stdout for options in ([], ["--of-replays"])]
        assert listed[0] != listed[1] and "no dead letters\n" not in listed, "each command takes one or the other"
        go.touch()
        shard.wait_for_status("processRecords")
        shard.request_shutdown()
        assert shard.finish() == 0


def test_what_a_replay_tried_does_not_count(start, tmp_path, daemon):
    """It is killed in the middle of the record that the real shard gets next."""
    notes, go = tmp_path / "notes", tmp_path / "go"
    settings = {"on_error": POLICY, "daemon": daemon}
    the_record = record(1, f"wait {go}")
    line = {"sequenceNumber": "1", "partitionKey": "key", "data": the_record["data"]}
    replay = start("--config", write_config(tmp_path, "actor.so", {"notes": str(notes)}, **settings), "--shard", SHARD_ID,
                   "-", stdin=b"")
    replay.process.stdin.write(json.dumps(line).encode() + b"\n")
    replay.process.stdin.close()
    wait_until(lambda: notes.exists() and "wait" in notes.read_text(), "the record under way")
    host, = replay.children()
    os.kill(host, signal.SIGKILL)
    replay.process.wait()
    go.touch()
    notes.unlink()
    with Shard(tmp_path, "actor.so", {"notes": str(notes)}, **settings) as shard:
        shard.initialize()
        shard.process_records(the_record)
        assert not shard.told("an earlier process"), shard.stderr()
        assert [json.loads(said)["attempt"] for said in notes.read_text().splitlines() if '"begun"' in said] == [1]
        shard.request_shutdown()
        assert shard.finish() == 0


LOSES_LEASE = ("--fail-checkpoints", "ShutdownException")


def begun(notes):
    return [(said["data"], said["attempt"]) for said in map(json.loads, notes.read_text().splitlines()) if said["event"] == "begun"]


def test_nor_does_what_an_earlier_replay_set_aside(run, tmp_path):
    """Its records had the same numbers, and no checkpoint went past them."""
    notes = tmp_path / "notes"
    config = write_config(tmp_path, "actor.so", {"notes": str(notes)}, on_error=POLICY)
    replay = run("--config", config, "--format", "lines", *LOSES_LEASE, "-", stdin="a\nfail\nc\n")
    assert "record put into the dead letters" in replay.stderr
    notes.unlink()
    replay = run("--config", config, "--format", "lines", "-", stdin="A\nB\nC\n")
    assert replay.code == 0, replay.stderr
    assert "set aside" not in replay.stderr
    assert begun(notes) == [("A", 1), ("B", 1), ("C", 1)]


def test_one_that_goes_on_knows_what_was_set_aside(run, tmp_path):
    """It is the same with each checkpoint file, and nobody else's business."""
    notes, config = tmp_path / "notes", write_config(tmp_path, "actor.so", {"notes": str(tmp_path / "notes")}, on_error=POLICY)

    def replay(checkpoint, *options, stdin):
        notes.unlink(missing_ok=True)
        said = run("--config", config, "--format", "lines", "--checkpoint-file", tmp_path / checkpoint, *options, "-", stdin=stdin)
        return said, [data for data, _ in begun(notes)]

    for checkpoint in "mine", "other":
        assert replay(checkpoint, stdin="a\n")[0].code == 0
    said, _ = replay("mine", *LOSES_LEASE, stdin="a\nfail\nc\n")
    assert "record put into the dead letters" in said.stderr

    said, data = replay("other", stdin="a\nB\nC\n")
    assert (said.code, data) == (0, ["B", "C"]), said.stderr
    said, data = replay("mine", stdin="a\nfail\nc\n")
    assert (said.code, data) == (0, ["c"]), said.stderr
    assert "an earlier process set these records aside" in said.stderr
    assert ", 1 set aside (kclhost dead-letters list --of-replays)" in said.stdout

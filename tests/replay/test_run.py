"""kclhost run with word_counter, under replay."""
import base64
import collections
import json
import os
import re

import pytest

from conftest import DATA, HERE

ROOT = HERE.parent.parent


@pytest.fixture(params=["process", "none"])
def config(request, tmp_path):
    """A configuration of word_counter, which keeps its counts in tmp_path/counts."""
    file = tmp_path / "kclhost.yaml"
    file.write_text("""version: 1
plugins_dir: %s
plugin: {path: word_counter.so, config: {output_dir: %s}}
isolation: %s
state_dir: %s
log: {format: text}
""" % (os.environ["KCLHOST_PLUGINS_DIR"], tmp_path / "counts", request.param, tmp_path / "state"))
    return file


def words(data):
    """As word_counter counts them."""
    return collections.Counter(word.decode(errors="replace") for word in re.split(b"[\0- \x7f]+", data) if word)


def counted(tmp_path):
    (file,) = (tmp_path / "counts").iterdir()
    return json.loads(file.read_text())["words"]


def captured(file):
    """The records in a capture."""
    messages = [json.loads(line[2:]) for line in file.read_text().splitlines() if line.startswith("> {")]
    return [record for message in messages for record in message.get("records", [])]


@pytest.mark.parametrize("name", ["shard-1.txt", "shard-2.txt", "shard-3.txt"])
def test_real_conversations(run, config, tmp_path, name):
    records = captured(DATA / name)
    replay = run("--config", config, DATA / name)
    assert replay.code == 0, replay.stderr
    assert (replay.report["checkpointErrors"], replay.report["skippedLines"]) == ({}, 0)
    last = "SHARD_END" if name == "shard-1.txt" else records[-1]["sequenceNumber"]
    assert replay.report["lastCheckpoint"]["sequenceNumber"] == last
    assert counted(tmp_path) == words(b" ".join(base64.b64decode(record["data"]) for record in records))


def test_resumes_where_it_stopped(run, config, tmp_path):
    text = tmp_path / "text"
    arguments = ("--config", config, "--format", "lines", "--batch", 3, text, "--checkpoint-file", tmp_path / "lease")
    text.write_bytes(b"".join(b"word-%d\n" % i for i in range(10)))
    assert run(*arguments).code == 0
    assert counted(tmp_path) == {"word-%d" % i: 1 for i in range(10)}

    (tmp_path / "counts" / "shardId-000000000000.json").unlink()
    text.write_bytes(b"".join(b"word-%d\n" % i for i in range(15)))
    assert run(*arguments).code == 0
    assert counted(tmp_path) == {"word-%d" % i: 1 for i in range(10, 15)}


def test_each_lane_keeps_its_own_counts(run, config, tmp_path):
    config.write_text(config.read_text().replace("isolation: none", "isolation: process") + "concurrency: 2\n")
    records = "".join(json.dumps({"text": f"word-{i}", "partitionKey": str(i)}) + "\n" for i in range(40))
    replay = run("--config", config, "--batch", 10, "-", stdin=records)
    assert replay.code == 0, replay.stderr
    files = sorted((tmp_path / "counts").iterdir())
    assert [file.name for file in files] == [f"shardId-000000000000.{lane}-of-2.json" for lane in (0, 1)]
    lanes = [json.loads(file.read_text())["words"] for file in files]
    assert all(lanes) and sum(map(len, lanes)) == 40
    assert lanes[0] | lanes[1] == {f"word-{i}": 1 for i in range(40)}


def test_the_readmes_example(run, tmp_path):
    readme = ROOT / "README.md"
    replay = run("--config", ROOT / "config" / "kclhost.yaml", "--format", "lines", readme,
                 env={"KCLHOST_STATE_DIR": str(tmp_path / "state")})
    assert replay.code == 0, replay.stderr
    assert replay.stdout.startswith("%d records, 1 batch, " % len(list(filter(None, readme.read_bytes().splitlines()))))
    assert "total=%d " % sum(words(readme.read_bytes()).values()) in replay.stderr


def test_throttled_checkpoints_are_tried_again(run, config, tmp_path):
    replay = run("--config", config, "--fail-checkpoints", "ThrottlingException*2", "--end", "shard_ended", "-",
                 stdin='{"text":"a"}')
    assert replay.code == 0, replay.stderr
    assert replay.report["checkpointErrors"] == {"ThrottlingException": 2}
    assert replay.report["lastCheckpoint"]["sequenceNumber"] == "SHARD_END"


def test_a_plugin_that_is_none_is_exit_code_3(run, config):
    config.write_text(config.read_text().replace("word_counter.so", "none.so"))
    replay = run("--config", config, "-", stdin='{"text":"a"}')
    assert replay.code == 3, replay.stderr
    assert "exit code 3 before its status for initialize" in replay.stderr
    assert replay.stdout == ""  # nothing was played, so there is nothing to sum up
    assert replay.report["child"]["exitCode"] == 3


def test_of_a_configuration_that_is_none_no_figures_are_told(run, config):
    config.write_text("version: 1\n")
    replay = run("--config", config, "-", stdin='{"text":"a"}')
    assert replay.code == 2, replay.stderr
    assert replay.stdout == ""
    assert json.loads(run("--json", "--config", config, "-", stdin='{"text":"a"}').stdout)["records"] == 0

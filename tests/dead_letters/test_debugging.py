"""A dead letter as kclhost replay's input: the plugin gets exactly the record that it failed on."""
import subprocess

import pytest

from desk import BIN, PATIENCE, SHARD_ID, environment, make_letter, record, sha256

OTHER = "shardId-000000000008"


def play(desk, *arguments, stdin=b""):
    return subprocess.run([BIN / "kclhost", "replay", "--config", desk.config, *arguments], input=stdin,
                          capture_output=True, timeout=PATIENCE, env=environment(), check=False)


def seen(desk, shard=SHARD_ID):
    return [(each["sequence_number"], each["sub_sequence_number"], each["partition_key"], each["arrival"], each["sha256"])
            for each in desk.records(shard)]


@pytest.fixture
def put_aside(desk):
    """Two records that the real shard gave up, and the plugin healed since; what it had recorded is forgotten."""
    data = [b"good", b"poison:throw \xff\0", b"poison:throw 2"]
    shard = desk.run()
    shard.initialize()
    shard.process_records(*[record(i + 1, each, sub_sequence_number=i, key=f"key-{i}", arrival=1700000000000 + i)
                            for i, each in enumerate(data)])
    shard.request_shutdown()
    assert shard.finish() == 0
    desk.configure(config={"poison": False})
    (desk.recorded / f"{SHARD_ID}.jsonl").unlink()
    return [("2", 1, "key-1", 1700000000001, sha256(data[1])), ("3", 2, "key-2", 1700000000002, sha256(data[2]))]


@pytest.mark.parametrize("options", [[], ["--format", "dead-letters"]])
def test_the_file_is_an_input(desk, put_aside, options):
    (file,) = desk.letters.glob("*.jsonl")
    replay = play(desk, *options, file)
    assert replay.returncode == 0, replay.stderr
    assert seen(desk) == put_aside
    assert len(desk.listed()) == 2, "to look at a letter is not to finish it"


def test_one_that_is_shown_is_an_input(desk, put_aside):
    shown = desk("show", "--lines", "--sequence", "3/2")
    assert shown.stdout.count(b"\n") == 1
    replay = play(desk, "-", stdin=shown.stdout)
    assert replay.returncode == 0, replay.stderr
    assert seen(desk) == put_aside[1:]


def test_shown_lines_are_those_of_the_file_without_copies(desk):
    desk.put(make_letter(2), make_letter(1), make_letter(2, attempts=9))
    (file,) = desk.letters.glob("*.jsonl")
    assert desk("show", "--lines").stdout.splitlines() == file.read_bytes().splitlines()[2:0:-1]
    assert desk("show", "--lines", "--sequence", "1").stdout.splitlines() == file.read_bytes().splitlines()[1:2]


def test_without_letters_no_lines_are_shown(desk):
    assert (desk("show", "--lines").returncode, desk("show", "--lines").stdout) == (0, b"")
    desk.put(make_letter(1))
    missing = desk("show", "--lines", "--sequence", "7")
    assert (missing.returncode, missing.stdout) == (1, b"")
    assert b"no such dead letter" in missing.stderr
    both = desk("show", "--lines", "--data")
    assert (both.returncode, both.stdout) == (2, b"")
    assert b"--data" in both.stderr


def test_a_torn_line_is_one_clear_line(desk):
    desk.put(make_letter(1), make_letter(2))
    (file,) = desk.letters.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-30])
    replay = play(desk, file)
    assert (replay.returncode, replay.stdout) == (2, b"")
    assert replay.stderr.decode().splitlines() == [
        f"kclhost: {file}:2: a dead letter that is cut short: a power cut tore it, or it is being written; remove the line, "
        "or take the whole ones from kclhost dead-letters show --lines"]
    assert play(desk, "-", stdin=desk("show", "--lines").stdout).returncode == 0, "the cure"
    assert [place for place, *_ in seen(desk)] == ["1"]


def test_one_shard_at_a_time(desk):
    desk.put(make_letter(1), make_letter(2))
    desk.put(make_letter(3, shard=OTHER), shard=OTHER)
    replay = play(desk, "-", stdin=desk("show", "--lines").stdout)
    assert replay.returncode == 2
    assert b"standard input:3: a dead letter of words, shardId-000000000008 after one of words" in replay.stderr
    assert play(desk, "-", stdin=desk("show", "--lines", "--shard", OTHER).stdout).returncode == 0
    assert [place for place, *_ in seen(desk, OTHER)] == ["3"]


def test_not_beside_other_records(desk, tmp_path):
    desk.put(make_letter(1))
    (file,) = desk.letters.glob("*.jsonl")
    (tmp_path / "records").write_text('{"text":"a"}\n')
    for inputs in [file, tmp_path / "records"], [tmp_path / "records", file]:
        replay = play(desk, *inputs)
        assert replay.returncode == 2
        assert f"{inputs[1]}:1: dead letters beside other records; play them apart" in replay.stderr.decode()

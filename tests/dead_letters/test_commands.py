"""kclhost dead-letters list, show and purge."""
import json
import os

import pytest

from desk import make_letter

OTHER = "shardId-000000000008"


def texts(result):
    return result.stdout.decode(), result.stderr.decode()


@pytest.mark.parametrize("command", ["list", "show", "replay", "purge"])
def test_without_dead_letters_there_is_nothing_to_do(desk, command):
    result = desk(command, *(["--yes"] if command == "purge" else []))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"no dead letters\n", b"")
    assert not desk.letters.exists()
    assert desk("list", "--json").stdout == b"[]\n"


@pytest.mark.parametrize("command", ["list", "show", "replay", "purge"])
@pytest.mark.parametrize("of_replays, hint", [(True, "replays have set some aside: see kclhost dead-letters list --of-replays"),
                                              (False, "the application has some: see without --of-replays")])
def test_where_there_are_none_those_of_the_other_side_are_pointed_at(desk, command, of_replays, hint):
    desk.put(make_letter(1), of_replays=of_replays)
    options = (["--yes"] if command == "purge" else []) + ([] if of_replays else ["--of-replays"])
    result = desk(command, *options)
    assert (result.returncode, *texts(result)) == (0, f"no dead letters; {hint}\n", "")
    assert len(list(desk.letters.iterdir())) == 1, "they stay"


def test_list_is_a_table(desk):
    desk.put(make_letter(12, b"x" * 34, sub_sequence_number=5, partition_key="sch\u00f6n\n", attempts=7,
                         error_code="DIED", error_text="killed by SIGSEGV", last_try_ms=1700000000000))
    out, err = texts(desk("list"))
    header, line = out.splitlines()
    assert header.split("  ")[0] == "SHARD"
    for column in ["shardId-000000000007", "12/5", "sch\\xc3\\xb6n\\x0a", "34", "7", "2023-11-14T22:13:20Z",
                   "DIED: killed by SIGSEGV"]:
        assert column in line.split("  ") or column in [part.strip() for part in line.split("  ")], column
    assert not err


def test_list_goes_by_shard_and_age(desk):
    desk.put(make_letter(9, shard=OTHER), shard=OTHER)
    desk.put(make_letter(4), make_letter(3))
    desk.put(make_letter(2), stamp="20250102T000000000Z")
    desk.put(make_letter(1), stamp="20250101T235959999Z")
    desk.put(make_letter(5))
    assert [number for _, number, _ in desk.listed()] == ["1", "2", "4", "3", "5", "9"]
    assert len(texts(desk("list", "--shard", OTHER))[0].splitlines()) == 2
    assert len(texts(desk("list", "--sequence", "4"))[0].splitlines()) == 2


def test_letter_that_was_written_twice_is_shown_once(desk):
    desk.put(make_letter(1), make_letter(2), make_letter(1, attempts=8), make_letter(1, b"another record"))
    assert [(number, attempts) for _, number, attempts in desk.listed()] == [("1", 8), ("2", 3), ("1", 3)]


def test_show_prints_the_letter_whole(desk):
    letter = make_letter(1, "na\u00efve \u2603".encode())
    desk.put(letter, make_letter(2, b"\0\xff"))
    shown = json.loads(texts(desk("show", "--sequence", "1"))[0])
    assert shown.pop("data_as_text") == "na\u00efve \u2603"
    assert shown.pop("dead_letter") == 1
    assert shown == letter
    assert "data_as_text" not in json.loads(texts(desk("show", "--sequence", "2"))[0])


def test_show_data_is_raw(desk):
    data = bytes(range(256)) * 10
    desk.put(make_letter(1, data, sub_sequence_number=3), make_letter(1, b"other", sub_sequence_number=4))
    assert desk("show", "--sequence", "1/3", "--data").stdout == data
    result = desk("show", "--sequence", "1", "--data")
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"2 are selected" in result.stderr
    result = desk("show", "--sequence", "5", "--data")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"no such dead letter" in result.stderr


def test_a_selection_of_none_is_told_from_no_dead_letters(desk):
    desk.put(make_letter(1))
    none = b"no dead letters are the ones asked for\n"
    for command in "list", "replay":
        result = desk(command, "--shard", OTHER)
        assert (result.returncode, result.stdout, result.stderr) == (0, none, b""), command


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
def test_what_root_purges_stays_its_owners(desk):
    owner = 65534
    desk.put(make_letter(1), make_letter(2))
    file, = desk.letters.iterdir()
    for path in desk.letters, file:
        os.chown(path, owner, owner)
    assert desk("purge", "--sequence", "1").returncode == 0
    assert [number for _, number, _ in desk.listed()] == ["2"]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in desk.letters.iterdir()} == {(owner, owner)}


def test_purge_asks_for_a_selection_or_yes(desk):
    desk.put(make_letter(1))
    result = desk("purge")
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"--yes" in result.stderr
    assert len(desk.listed()) == 1


def test_purge_removes_what_is_selected(desk):
    desk.put(make_letter(1), make_letter(2), make_letter(1, attempts=9))
    desk.put(make_letter(1, shard=OTHER), shard=OTHER)
    result = desk("purge", "--shard", "shardId-000000000007", "--sequence", "1")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"removed 1 dead letter\n", b"")
    assert desk.listed() == [("shardId-000000000007", "2", 3), (OTHER, "1", 3)]


def test_purge_removes_what_is_old(desk):
    desk.put(make_letter(1, age=8 * 86400), make_letter(2, age=6 * 86400))
    assert desk("purge", "--older-than", "7d").stdout == b"removed 1 dead letter\n"
    assert [number for _, number, _ in desk.listed()] == ["2"]
    assert desk("purge", "--older-than", "a week").returncode == 2
    assert [number for _, number, _ in desk.listed()] == ["2"]


def test_purge_yes_removes_everything(desk):
    desk.put(make_letter(1))
    desk.put(make_letter(2), stamp="20250102T000000000Z")
    with open(desk.letters / "words-app%40words.shardId-000000000007.jsonl", "a") as file:
        file.write("damaged\n")
    assert desk("purge", "--yes").stdout == b"removed 2 dead letters and 1 damaged line\n"
    assert not list(desk.letters.glob("*.jsonl"))


def test_other_applications_are_left_alone(desk):
    desk.put(make_letter(1))
    (desk.letters / "words-app%2E2.shardId-000000000007.jsonl").write_text("mine\n")
    (desk.letters / "notes").write_text("mine")
    assert desk("purge", "--yes").returncode == 0
    assert sorted(file.name for file in desk.letters.iterdir()) == ["notes", "words-app%2E2.shardId-000000000007.jsonl",
                                                                    "words-app%40words.lock"]


def test_damaged_lines_are_told_and_kept(desk):
    desk.put(make_letter(1))
    file = desk.letters / "words-app%40words.shardId-000000000007.jsonl"
    with open(file, "a") as out:
        out.write('{"dead_letter":1,"oops":1}\n')
    desk.put(make_letter(3))
    out, err = texts(desk("list"))
    assert len(out.splitlines()) == 3
    assert f"{file}:2: " in err
    purged = desk("purge", "--sequence", "1")
    assert purged.returncode == 0 and f"damaged and left alone: {file}:2: " in texts(purged)[1]
    assert file.read_text().splitlines()[0] == '{"dead_letter":1,"oops":1}'
    for selection, printed, code in [(["--sequence", "3"], "replayed 1 dead letter: 1 passed, 0 failed and kept\n", 0),
                                     ([], "no dead letters but 1 damaged line\n", 1)]:
        result = desk("replay", *selection)
        assert (result.returncode, texts(result)[0]) == (code, printed)
        assert texts(result)[1].count(f"damaged and left alone: {file}:1: ") == 1
    for command in "list", "show":
        result = desk(command)
        assert (result.returncode, texts(result)[0]) == (0, "no dead letters but 1 damaged line\n")
    desk.put(make_letter(4))
    result = desk("replay")
    assert texts(result)[0] == "replayed 1 dead letter: 1 passed, 0 failed and kept, 1 damaged and left alone\n"
    assert result.returncode == 1
    assert texts(result)[1].count(f"damaged and left alone: {file}:1: ") == 1
    assert file.read_text().splitlines() == ['{"dead_letter":1,"oops":1}']


def test_purge_damaged_removes_nothing_else(desk):
    desk.put(make_letter(1))
    with open(desk.letters / "words-app%40words.shardId-000000000007.jsonl", "a") as file:
        file.write("damaged\n")
    for other in ["--yes"], ["--sequence", "1"]:
        assert desk("purge", "--damaged", *other).returncode == 2
    purged = desk("purge", "--damaged")
    assert (purged.returncode, texts(purged)) == (0, ("removed 0 dead letters and 1 damaged line\n", ""))
    assert [number for _, number, _ in desk.listed()] == ["1"] and texts(desk("list"))[1] == ""


def test_bad_configuration_is_refused(desk):
    desk.config.write_text("version: 1\nplugin: {path: a.so}\nisolatoin: none\n")
    result = desk("list")
    assert result.returncode == 2
    assert b"kclhost.yaml:3:1: unknown key 'isolatoin'" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_directory_is_one_line(desk):
    desk.put(make_letter(1))
    desk.letters.chmod(0)
    try:
        result = desk("list")
    finally:
        desk.letters.chmod(0o700)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(desk.letters).encode() in result.stderr

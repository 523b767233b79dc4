"""Every command that docs/dead-letters.md shows does what the page says, and every field of a letter is explained."""
import base64
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs/dead-letters.md").read_text(encoding="utf-8")
BIN = Path(os.environ["KCLHOST_BIN_DIR"])
SHARD = "shardId-000000000000"
NUMBER = "49590338271490256608559692538361571095921575989136588898"
PLACES = [(NUMBER, 2), (NUMBER, 3), ("49590338271490256608559692538361571095921575989136588899", 0)]


def commands():
    return [line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) for line in block.splitlines()]


def letter(number, sub):
    return {"dead_letter": 1, "stream": "words", "application": "words-app", "shard": SHARD, "sequence_number": number,
            "sub_sequence_number": sub, "partition_key": "key", "arrival_ms": 1700000000000, "plugin": "com.example.old",
            "plugin_version": "0.9", "generation": 1, "error_code": "FAILED", "error_text": "it failed", "attempts": 3,
            "first_try_ms": 1700000000000, "last_try_ms": 1700000000000,
            "data": base64.b64encode(b"some words\n").decode()}


@pytest.fixture
def folder(tmp_path):
    """What the page speaks of: a configuration, and letters of an application."""
    (tmp_path / "kclhost.yaml").write_text(json.dumps({
        "version": 1, "plugins_dir": os.environ["KCLHOST_PLUGINS_DIR"], "state_dir": "state",
        "plugin": {"path": "word_counter.so"}, "on_error": {"then": "dead_letter"}, "log": {"format": "text"},
        "daemon": {"properties": {"streamName": "words", "applicationName": "words-app"}}}))
    letters = tmp_path / "state/dead-letters"
    letters.mkdir(parents=True)
    (letters / f"words-app%40words.{SHARD}.jsonl").write_text(
        "".join(json.dumps(letter(*place), separators=(",", ":")) + "\n" for place in PLACES))
    return tmp_path


def run(folder, command):
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})


def left(folder):
    shown = run(folder, "kclhost dead-letters list --json --config kclhost.yaml").stdout
    return [(each["sequence_number"], each["sub_sequence_number"]) for each in json.loads(shown)]


def test_the_page_shows_every_command():
    for command in ["dead-letters list", "dead-letters show", "dead-letters replay", "dead-letters purge", "replay --config"]:
        assert any(f"kclhost {command}" in shown for shown in commands()), command


@pytest.mark.parametrize("command", commands())
def test_command(folder, command):
    done = run(folder, command)
    assert done.returncode == 0, done.stderr
    if " list " in command or " show " in command and "|" not in command:
        assert "some words" in done.stdout or NUMBER in done.stdout
    if " --sequence " in command and " --data" in command:
        assert done.stdout == "some words\n"
    if "kclhost replay" in command:
        records = 1 if "--sequence" in command else len(PLACES)
        assert done.stdout.startswith(f"{records} record"), done.stdout
    if "dead-letters replay" in command:
        assert done.stdout == "replayed 3 dead letters: 3 passed, 0 failed and kept\n"
    empties = "dead-letters replay" in command or " purge " in command and "--damaged" not in command
    assert left(folder) == ([] if empties else PLACES)


def test_the_fields_are_those_that_the_program_writes():
    writer = (TOP / "host/store/dead_letter_line.cpp").read_text(encoding="utf-8")
    written = set(re.findall(r'line\.\w+\("(\w+)"', writer)) | {"dead_letter"}
    table = PAGE.split("## What a letter holds")[1].split("\n## ")[0]
    explained = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert explained == written


def test_the_error_codes_are_those_that_the_program_gives():
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((TOP / "host/shard").glob("lane*.cpp")))
    given = set(re.findall(r'"([A-Z]+ED|[A-Z]+_[A-Z]+)"', code))
    row, = re.findall(r"^\| `error_code` \|.*$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`([A-Z_]+)`:", row)) == given >= {"FAILED", "DIED"}

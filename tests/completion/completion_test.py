"""Tab in real shells: what is typed becomes the command that is run."""
import json
import os
import subprocess
from pathlib import Path

import pexpect
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "config/completion"
BIN = Path(os.environ["KCLHOST_BIN_DIR"])
PROMPT = "ready> "
# Answers what the shell asks as kclhost does, and writes down what it is run with.
STAND_IN = """#!/usr/bin/python3
import json, os, sys
if sys.argv[1:2] == ["__complete"]:
    os.execv("{program}", sys.argv)
open("ran.partial", "w").write(json.dumps(sys.argv[1:]))
os.rename("ran.partial", "ran")
print("it has run")
"""
TYPED = {
    "kclhost chec\t--conf\tkclhost.y\t": ["check", "--config", "kclhost.yaml"],
    "kclhost check --json kclhost.y\t": ["check", "--json", "kclhost.yaml"],
    "kclhost check --config=kclhost.y\t": ["check", "--config=kclhost.yaml"],
    "kclhost dead-l\tpur\t--older\t7d": ["dead-letters", "purge", "--older-than", "7d"],
    "kclhost replay --format dead\trecor\t": ["replay", "--format", "dead-letters", "records"],
    "kclhost launch --print-cl\t": ["launch", "--print-classpath"],
    "kclhost new greeter --lang r\t--to reco\t": ["new", "greeter", "--lang", "rust", "--to", "records"],
    "kclhost put --str\twords --format js\tkclhost.y\t": ["put", "--stream", "words", "--format", "json", "kclhost.yaml"],
    "kclhost-put --create\t3": ["--create-stream", "3"],
    # No file stands here.
    "kclhost kclhost.y\t": ["kclhost.y"],
    "kclhost check --config kclhost.yaml kclhost.yaml recor\t": ["check", "--config", "kclhost.yaml", "kclhost.yaml", "recor"],
}


@pytest.fixture
def folder(tmp_path):
    """With a configuration and a folder to find, and the stand-ins in bin/."""
    for name in ("kclhost", "kclhost-put"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(STAND_IN.format(program=BIN / name))
        program.chmod(0o755)
    (tmp_path / "here/records").mkdir(parents=True)
    (tmp_path / "here/kclhost.yaml").touch()
    return tmp_path / "here"


def environment(folder):
    return {"PATH": f"{folder.parent / 'bin'}:/usr/bin:/bin", "HOME": str(folder.parent), "TERM": "dumb", "LANG": "C.UTF-8"}


def shell(name, folder):
    """At its prompt, with the completion."""
    if name == "bash":
        begin, setup = "bash --noprofile --norc", f"bind 'set enable-bracketed-paste off'; source {SCRIPTS}/kclhost.bash; PS1='{PROMPT}'"
    else:
        begin, setup = "zsh -f", f"fpath=({SCRIPTS} $fpath); autoload -U compinit; compinit -D -u; PS1='{PROMPT}'"
    spawned = pexpect.spawn(begin, cwd=folder, env=environment(folder), encoding="utf-8", timeout=None, dimensions=(24, 200))
    spawned.sendline(setup)
    spawned.expect_exact(f"PS1='{PROMPT}'")  # as it was typed
    spawned.expect_exact(PROMPT)
    return spawned


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_what_is_typed_becomes_the_command(name, folder):
    with shell(name, folder) as typing:
        for typed, expected in TYPED.items():
            typing.sendline(typed)
            typing.expect_exact("it has run")
            typing.expect_exact(PROMPT)
            ran = json.loads((folder / "ran").read_text())
            assert [word.rstrip("/") for word in ran] == expected, typed  # zsh takes a folder's slash away again


@pytest.mark.parametrize("line, offered", [
    ("kclhost chec", ["check"]),
    ("kclhost check --conf", ["--config"]),
    ("kclhost check --config kcl", ["kclhost.yaml"]),
    ("kclhost check --config=kcl", ["--config=kclhost.yaml"]),
    ("kclhost dead-letters purge --older", ["--older-than"]),
    ("kclhost new greeter --lang r", ["rust"]),
    ("kclhost new greeter --to ", ["records/"]),
    ("kclhost put --format j", ["json"]),
    ("kclhost-put --create", ["--create-stream"]),
    ("kclhost kcl", []),
])
def test_fish_offers_the_same(folder, line, offered):
    assert [word.split("\t")[0] for word in fish(folder, line)] == offered


def test_fish_says_what_a_word_is(folder):
    assert "check\tFind everything wrong with a configuration and its plugin" in fish(folder, "kclhost ")


def fish(folder, line):
    done = subprocess.run(["fish", "--no-config", "--command", f"source {SCRIPTS}/kclhost.fish; complete --do-complete '{line}'"],
                          cwd=folder, env=environment(folder), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()

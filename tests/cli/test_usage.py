import re

import pytest

COMMANDS = ["run", "check", "inspect", "conformance", "replay", "launch", "doctor", "iam", "fetch-daemon", "import", "new", "put", "schema", "dead-letters"]


def test_help_lists_the_commands(kclhost):
    done = kclhost("--help")
    assert (done.code, done.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(r"^  " + command + r"\b", done.stdout, re.M), command


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(kclhost, command):
    done = kclhost(command, "--help")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_version(kclhost):
    done = kclhost("--version")
    assert (done.code, done.stderr) == (0, "")
    assert re.fullmatch(r"kclhost \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("arguments", [
    [],
    ["fly"],
    ["--fast", "run"],
    ["run"],
    ["run", "--config"],
    ["run", "--config", "a.yaml", "b.yaml"],
    ["check"],
    ["check", "--config", "a.yaml", "--yaml"],
    ["inspect"],
    ["inspect", "a.so", "b.so"],
    ["schema", "please"],
])
def test_bad_usage_is_one_line(kclhost, arguments):
    line = kclhost(*arguments).complaint(2)
    assert line.startswith("kclhost: ")
    assert "--help" in line


@pytest.mark.parametrize("arguments, said", [
    (["chekc"], "unknown command chekc; did you mean check?"),
    (["deadletters"], "unknown command deadletters; did you mean dead-letters?"),
    (["dead-letters", "lst"], "unknown command lst; did you mean list?"),
    (["zzzzzzzz"], "unknown command zzzzzzzz; see"),
    (["--versoin"], "unknown option --versoin; did you mean --version?"),
    (["check", "--confg", "a.yaml"], "unknown option --confg; did you mean --config?"),
    (["run", "--conf=a.yaml"], "unknown option --conf; did you mean --config?"),
    (["replay", "--config", "a", "--check-point-file", "f", "-"], "did you mean --checkpoint-file?"),
    (["launch", "--print-comand", "a.yaml"], "did you mean --print-command?"),
    (["dead-letters", "purge", "--older-then", "7d"], "did you mean --older-than?"),
    (["put", "--streem", "s", "-w", "a"], "did you mean --stream?"),
])
def test_the_nearest_name_is_told(kclhost, arguments, said):
    line = kclhost(*arguments).complaint(2)
    assert said in line and "--help" in line

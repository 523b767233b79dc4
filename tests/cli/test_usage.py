import re

import pytest

COMMANDS = ["run", "check", "inspect", "replay", "launch", "fetch-daemon", "import", "put", "schema"]


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

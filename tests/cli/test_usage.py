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
    ["run", "--config"],
    ["run", "--config", "a.yaml", "b.yaml"],
    ["check", "--config", "a.yaml", "--yaml"],
    ["inspect"],
    ["inspect", "a.so", "b.so"],
    ["schema", "please"],
])
def test_bad_usage_is_one_line(kclhost, arguments):
    line = kclhost(*arguments).complaint(2)
    command = " ".join(["kclhost", *[word for word in arguments[:1] if word in COMMANDS]])
    assert line.startswith(f"{command}: ")
    assert line.endswith(f"; see {command} --help")


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_missing_configuration_is_one_line_that_says_where_it_may_be(kclhost, command):
    line = kclhost(command).complaint(2)
    assert line.startswith("kclhost: no configuration: ")
    for place in "--config FILE", "KCLHOST_CONFIG", "/etc/kclhost/kclhost.yaml":
        assert place in line


@pytest.mark.parametrize("arguments, command", [
    (["new", "x"], "new"),
    (["check", "check", "list"], "check"),
    (["--fast", "run"], ""),
    (["dead-letters"], "dead-letters"),
    (["dead-letters", "lst"], "dead-letters"),
    (["dead-letters", "list", "--jsn"], "dead-letters list"),
    (["dead-letters", "purge", "--older-than"], "dead-letters purge"),
    (["put", "--streem", "s"], "put"),
    (["doctor", "--jsn"], "doctor"),
])
def test_bad_usage_points_at_the_help_of_the_command(kclhost, arguments, command):
    line = kclhost(*arguments).complaint(2)
    name = f"kclhost {command}".strip()
    assert line.startswith(f"{name}: ") and line.endswith(f"; see {name} --help")
    assert kclhost(*name.split()[1:], "--help").code == 0


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
    (["conformance", "a.so", "--format", "line"],
     "--format: must be auto, json, lines, dead-letters or protocol, not 'line'; did you mean 'lines'?"),
    (["put", "--stream", "s", "--format", "jason", "a"], "not 'jason'; did you mean 'json'?"),
    (["new", "x", "--lang", "cobol"], "--lang: must be cpp, c or rust, not 'cobol'; see"),
])
def test_the_nearest_name_is_told(kclhost, arguments, said):
    line = kclhost(*arguments).complaint(2)
    assert said in line and "--help" in line

"""Where a command finds its configuration."""
import os

import pytest

COMMANDS = [["check"], ["launch", "--print-properties"], ["status"], ["dead-letters", "list"], ["rollout", "history"]]


@pytest.fixture
def good(configuration):
    configuration.write(more="daemon: {properties: {applicationName: app, streamName: s, "
                             "AWSCredentialsProvider: DefaultCredentialsProvider, regionName: us-east-1}}\n")
    return configuration.path


def environment(**more):
    return {"env": {name: value for name, value in os.environ.items() if name != "KCLHOST_CONFIG"} | more}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_option_argument_or_variable(kclhost, good, command):
    named = kclhost(*command, "--config", good, **environment())
    assert named.code != 2, named.stderr
    for done in (kclhost(*command, good, **environment(KCLHOST_CONFIG="/elsewhere")),
                 kclhost(*command, **environment(KCLHOST_CONFIG=str(good)))):
        assert (done.code, done.stdout, done.stderr) == (named.code, named.stdout, named.stderr)


def test_run_and_replay(kclhost, good):
    assert kclhost("run", good, **environment()).code == 0
    assert kclhost("run", **environment(KCLHOST_CONFIG=str(good))).code == 0
    done = kclhost("replay", "--format", "lines", "-", stdin=b"a\n", **environment(KCLHOST_CONFIG=str(good)))
    assert (done.code, "1 record" in done.stdout) == (0, True), done.stderr
    # --exec says what to play to, whatever the variable says.
    done = kclhost("replay", "--exec", "false", "-", **environment(KCLHOST_CONFIG=str(good)))
    assert "exit code 1" in done.stderr


def test_fetch_daemon_takes_it_too(kclhost, good):
    good.write_text("version: [\n")
    assert str(good) in kclhost("fetch-daemon", **environment(KCLHOST_CONFIG=str(good))).stderr
    assert str(good) in kclhost("fetch-daemon", good, **environment()).stderr


@pytest.mark.skipif(os.path.exists("/etc/kclhost/kclhost.yaml"), reason="this machine has a configuration")
@pytest.mark.parametrize("command", [["run"], *COMMANDS], ids=" ".join)
def test_none_says_where_it_may_be(kclhost, command):
    for variable in ({}, {"KCLHOST_CONFIG": ""}):
        line = kclhost(*command, **environment(**variable)).complaint(2)
        for place in ("--config", "KCLHOST_CONFIG", "/etc/kclhost/kclhost.yaml"):
            assert place in line

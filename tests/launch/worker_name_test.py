"""The daemon's name in the lease table, with a script in Java's place."""
import signal

from launch_test import alive, launcher  # noqa: F401, a fixture
from services import wait_for


def name_of(launcher):
    """What the daemon that started last is called."""
    arguments = launcher.report()["argv"]
    lines = open(arguments[arguments.index("--properties-file") + 1]).read().splitlines()
    return dict(line.split("=", 1) for line in lines)["workerId"]


def start(launcher, fake=""):
    (launcher.directory / "report").unlink(missing_ok=True)
    return launcher.start(fake)


def stop(process):
    process.send(signal.SIGTERM)
    assert process.wait() == 0, process.output()


def test_a_restart_keeps_it(launcher):
    stop(start(launcher))
    first = name_of(launcher)
    stop(start(launcher))
    assert name_of(launcher) == first


def test_a_kill_keeps_it(launcher):
    process = start(launcher)
    first, daemon = name_of(launcher), launcher.report()["pid"]
    process.send(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not alive(daemon), "the daemon to end")
    stop(start(launcher))
    assert name_of(launcher) == first


def test_two_that_live_have_two(launcher):
    one = start(launcher)
    first = name_of(launcher)
    two = start(launcher)
    second = name_of(launcher)
    assert first != second
    stop(one)
    three = start(launcher)
    assert name_of(launcher) == first
    stop(two)
    stop(three)


def test_a_daemon_that_outlives_launch_still_has_it(launcher):
    process = start(launcher, "slow")
    first, daemon = name_of(launcher), launcher.report()["pid"]
    process.send(signal.SIGKILL)
    process.wait()
    wait_for(lambda: launcher.has("term"), "SIGTERM for the daemon")
    assert alive(daemon)
    stop(start(launcher))
    assert name_of(launcher) != first


def test_each_application_has_its_own(launcher):
    stop(start(launcher))
    first = name_of(launcher)
    launcher.values["properties"] = "streamName: words, applicationName: other"
    stop(start(launcher))
    assert name_of(launcher) != first


def test_what_the_user_sets_wins(launcher):
    launcher.values["properties"] += ", workerId: mine"
    stop(start(launcher))
    assert name_of(launcher) == "mine"
    assert not launcher.has("state/workers")


def test_printing_takes_none(launcher):
    assert "workerId" not in launcher.run("--print-properties").stdout
    assert launcher.run("--print-command").returncode == 0
    assert not launcher.has("state/workers")

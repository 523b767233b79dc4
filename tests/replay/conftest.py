"""kclhost replay, run whole. KCLHOST_BIN_DIR names the folder with the program."""
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).parent
CHILDREN = HERE / "children"
DATA = HERE / "data"


def kclhost():
    folder = os.environ.get("KCLHOST_BIN_DIR")
    if not folder:
        pytest.fail("KCLHOST_BIN_DIR is not set; run the tests with ctest")
    return os.path.join(folder, "kclhost")


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain for " + what
        time.sleep(0.01)


def command(*words):
    """A command for --exec."""
    return " ".join(shlex.quote(str(word)) for word in words)


class Replay:
    """A replay that was started."""

    def __init__(self, arguments, stdin, env, cwd, report):
        self.report_file = report
        self.process = subprocess.Popen(
            [kclhost(), "replay", "--report", str(report), *map(str, arguments)],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, cwd=cwd)
        self.stdin = stdin

    def finish(self, seconds=60):
        stdin = self.stdin.encode() if isinstance(self.stdin, str) else self.stdin
        stdout, stderr = self.process.communicate(stdin, timeout=seconds)
        self.stdout, self.stderr = stdout.decode(errors="replace"), stderr.decode(errors="replace")
        self.code = self.process.returncode
        self.report = json.loads(self.report_file.read_text()) if self.report_file.is_file() else None
        return self

    def children(self):
        task = pathlib.Path("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid))
        return [int(pid) for pid in task.read_text().split()]

    def stop(self):
        if self.process.poll() is not None:
            return
        for child in self.children():
            os.kill(child, signal.SIGKILL)
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(tmp_path):
    """Starts a replay; what still runs at the test's end is killed."""
    started = []

    def start_replay(*arguments, stdin=None, env=None, report=None):
        report = report or "report-%d.json" % len(started)
        started.append(Replay(arguments, stdin, env, tmp_path, tmp_path / report))
        return started[-1]

    yield start_replay
    for replay in started:
        replay.stop()


@pytest.fixture
def run(start):
    """Runs a replay to its end."""
    return lambda *arguments, **more: start(*arguments, **more).finish()


class Log:
    """What a child of children/child.py has received."""

    def __init__(self, path):
        self.path = path

    def lines(self):
        whole, end, _ = (self.path.read_bytes() if self.path.exists() else b"").rpartition(b"\n")
        return (whole + end).splitlines(keepends=True)

    def messages(self, action=None):
        messages = [json.loads(line) for line in self.lines()]
        return [message for message in messages if action in (None, message["action"])]

    def actions(self):
        return [message["action"] for message in self.messages()]

    def errors(self):
        """The answers to the child's checkpoints."""
        return [message["error"] for message in self.messages("checkpoint")]

    def records(self):
        return [record for message in self.messages("processRecords") for record in message["records"]]


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "received")


@pytest.fixture
def child(log):
    """The command of children/child.py in some mode."""
    return lambda mode="plain": command(sys.executable, "-I", CHILDREN / "child.py", mode, log.path)

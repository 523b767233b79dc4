"""Every command that the README shows does what it says. quickstart.sh has a test of its own (tests/e2e)."""
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN_ELSEWHERE = {"./quickstart.sh"}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)


def commands():
    return [line for block in blocks("sh") for line in block.splitlines() if line not in RUN_ELSEWHERE]


def test_there_are_commands():
    assert len(commands()) >= 3


@pytest.mark.parametrize("command", commands())
def test_command(command, tmp_path):
    build = Path(os.environ["KCLHOST_BIN_DIR"]).parent
    environment = {**os.environ, "KCLHOST_PLUGINS_DIR": str(build / "plugins"), "XDG_STATE_HOME": str(tmp_path)}
    # The README speaks of the release build; the test's may be another.
    command = command.replace("/tmp/", f"{tmp_path}/").replace("build/release", str(build))
    done = subprocess.run(command.split(), cwd=ROOT, env=environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if " replay " in command:
        assert "words" in done.stderr and "records" in done.stdout


def test_the_smallest_plugin_is_the_one_that_is_built():
    """tests/package builds and runs it; here is that the README shows the same text."""
    shown = blocks("cpp")[0]
    built = (ROOT / "tests/package/consumer/greeter.cpp").read_text()
    assert shown.split() == built.split()

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

FILES = ROOT / "config" / "deploy"
BIN = Path(os.environ.get("KCLHOST_BIN_DIR") or ROOT / "build" / "dev" / "bin")
PLUGINS = Path(os.environ.get("KCLHOST_PLUGINS_DIR") or ROOT / "build" / "dev" / "plugins")
KCLHOST = BIN / "kclhost"
SAMPLE = ROOT / "config" / "kclhost.yaml"


def variables(text: str) -> set:
    """What a configuration takes from the environment."""
    return set(re.findall(r"\$\{(\w+)", text))


@pytest.fixture
def check(tmp_path):
    """check(file, environment): kclhost's verdict, with the places of this machine."""

    def run(file, environment):
        here = {"KCLHOST_PLUGINS_DIR": str(PLUGINS), "KCLHOST_STATE_DIR": str(tmp_path / "state"), "KCLHOST_JARS": str(tmp_path / "jars")}
        done = subprocess.run([KCLHOST, "check", "--config", file], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment, **here})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def grace(tmp_path):
    """grace(file, environment): how many seconds `launch` may take to end in order, for a configuration."""

    def seconds(file, environment):
        done = subprocess.run([KCLHOST, "launch", "--config", file, "--print-properties"], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment})
        assert done.returncode == 0, done.stderr
        daemon = int(re.search(r"^shutdownGraceMillis=(\d+)$", done.stdout, re.MULTILINE)[1]) / 1000
        timeouts = yaml.safe_load(Path(file).read_text()).get("timeouts", {})
        shutdown = re.fullmatch(r"(\d+)s", timeouts.get("shutdown", "20s"))
        return daemon + int(shutdown[1]) + 5 + 12  # for the hosts, once the daemon has ended, and for a slow reader of the log

    return seconds


def is_a_command(words):
    """kclhost knows it, options included."""
    words = [str(word) for word in words]
    options = [word for word in words if word.startswith("-")]
    words = words[:words.index(options[0])] if options else words
    done = subprocess.run([KCLHOST, *words, "--help"], capture_output=True, text=True)
    return done.returncode == 0 and all(option in done.stdout for option in options)

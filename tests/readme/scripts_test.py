"""test.sh and quickstart.sh say how they are used, and do nothing else, where they are asked or don't know an option."""
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path):
    """Runs a script in a tree of its own, from another folder. What it would begin with, installing, leaves a trace and fails."""
    install = tmp_path / "tree/scripts/install-deps"
    install.parent.mkdir(parents=True)
    install.write_text(f"#!/bin/sh\ntouch '{tmp_path}/installed'\nexit 1\n")
    install.chmod(0o755)

    def run_script(name, *options):
        shutil.copy(ROOT / name, tmp_path / "tree")
        done = subprocess.run([f"tree/{name}", *options], cwd=tmp_path, capture_output=True, text=True)
        assert not (tmp_path / "installed").exists(), done.stdout
        return done

    return run_script


@pytest.mark.parametrize("name, known", [("test.sh", "--quick"), ("quickstart.sh", "--keep")])
@pytest.mark.parametrize("option, code", [("--help", 0), ("--quik", 2)])
def test_usage(run, name, known, option, code):
    done = run(name, option)
    assert (done.returncode, done.stderr) == (code, "")
    assert f"  ./{name}  " in done.stdout and f"  ./{name} {known}  " in done.stdout and "#" not in done.stdout


@pytest.mark.parametrize("name, known", [("test.sh", "--quick"), ("quickstart.sh", "--keep")])
def test_one_option_at_a_time(run, name, known):
    done = run(name, known, "--help")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(": one option at a time; see --help\n")

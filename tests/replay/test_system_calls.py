"""kclhost replay where the system refuses it something."""
import errno
import json
import os
import subprocess
import sys

import pytest

from conftest import HERE, command, kclhost

PIDFD_OPEN = 434  # on every architecture


def without(number, error, *words, cwd):
    done = subprocess.run([sys.executable, "-I", HERE / "without_system_call.py", str(number), str(error), *words], cwd=cwd,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode == 125:
        pytest.skip("system calls can't be filtered here")
    return done


# A kernel that does not have it, and a container's profile that does not allow it.
@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM], ids=errno.errorcode.get)
@pytest.mark.parametrize("isolation", ["process", "none", "another child"])
def test_without_pidfd_open_one_line_says_what_to_do(tmp_path, error, isolation):
    (tmp_path / "records").write_text('{"text":"a"}\n')
    (tmp_path / "kclhost.yaml").write_text(json.dumps({
        "version": 1, "plugins_dir": os.environ["KCLHOST_PLUGINS_DIR"], "plugin": {"path": "noop.so"},
        "state_dir": str(tmp_path / "state"), "isolation": "none" if isolation == "none" else "process"}))
    mark = tmp_path / "the child has read"
    child = ["--exec", command("sh", "-c", f"read line && touch '{mark}'")]
    target = child if isolation == "another child" else ["--config", "kclhost.yaml"]
    done = without(PIDFD_OPEN, error, kclhost(), "replay", *target, "--timeout", "3", "--report", "report", "records", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"kclhost: cannot watch the child: the system call pidfd_open: {os.strerror(error)}; Linux has it from "
                           "5.3 on, and a container needs a seccomp profile that allows it\n")
    assert json.loads((tmp_path / "report").read_text())["child"] is None
    assert not mark.exists(), "nothing was played to it"

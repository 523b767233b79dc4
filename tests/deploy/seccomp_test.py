"""config/deploy/seccomp.json: kclhost, its workers and Java run under it, and what a plugin has no business with is refused."""
import json
import subprocess
import sys

import pytest
from conftest import FILES, KCLHOST, PLUGINS, ROOT

PROFILE = FILES / "seccomp.json"
UNDER = [sys.executable, ROOT / "tests" / "deploy" / "under_profile.py", PROFILE]
# The calls by their numbers on x86-64, with arguments that would do nothing, and what is said to them.
TRY = """import ctypes, errno, os, platform
assert platform.machine() == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)
for name, number, argument in {calls}:
    ctypes.set_errno(0)
    done = libc.syscall(number, *argument)
    print(name, errno.errorcode.get(ctypes.get_errno(), done))
"""
REFUSED = [("ptrace", 101, (0, 0, 0, 0)), ("process_vm_readv", 310, (1, 0, 0, 0, 0, 0)), ("unshare", 272, (0x10000000,)),
           ("mount", 165, (0, 0, 0, 0, 0)), ("bpf", 321, (0, 0, 0)), ("io_uring_setup", 425, (0, 0)), ("keyctl", 250, (0, 0, 0, 0, 0)),
           ("perf_event_open", 298, (0, 0, 0, 0, 0)), ("userfaultfd", 323, (0,)), ("clone", 56, (0x10000000, 0, 0, 0, 0)),
           ("kexec_load", 246, (0, 0, 0, 0)), ("pidfd_getfd", 438, (0, 0, 0))]


def run(*command, **options):
    return subprocess.run([*UNDER, *command], capture_output=True, text=True, check=False, **options)


def test_a_plugin_gets_its_records(tmp_path):
    (tmp_path / "kclhost.yaml").write_text(json.dumps({"version": 1, "plugins_dir": str(PLUGINS), "plugin": {"path": "noop.so"},
                                                       "state_dir": str(tmp_path / "state")}))
    (tmp_path / "records").write_text("one\ntwo\n")
    done = run(KCLHOST, "replay", "--config", tmp_path / "kclhost.yaml", "--format", "lines", tmp_path / "records")
    assert done.returncode == 0 and "2 records" in done.stdout + done.stderr, done


def test_java_runs():
    done = run("java", "-Xmx64m", "-XX:+UseSerialGC", "-version")
    assert done.returncode == 0 and "version" in done.stderr, done


@pytest.mark.skipif(not sys.platform.startswith("linux") or __import__("platform").machine() != "x86_64", reason="numbers of x86-64")
def test_what_is_refused():
    done = run(sys.executable, "-c", TRY.format(calls=REFUSED))
    assert done.stdout.split("\n")[:-1] == [f"{name} EPERM" for name, *_ in REFUSED], done

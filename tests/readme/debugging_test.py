"""Every command of docs/debugging.md does what the page says, each in a directory where the page's first ones were run."""
import os
import re
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/debugging.md").read_text(encoding="utf-8")
BIN = Path(os.environ["KCLHOST_BIN_DIR"])
PREPARATION = "Debugging a plugin"  # the page's own heading

pytestmark = pytest.mark.skipif(bool(os.environ.get("KCLHOST_SANITIZE")), reason="the page is about another program")


def section(heading):
    return re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE, re.DOTALL | re.MULTILINE).group(1)


def blocks(language, heading):
    return re.findall(rf"^```{language}\n(.*?)^```", section(heading), re.DOTALL | re.MULTILINE)


def headings():
    return [heading for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE) if blocks("sh", heading)]


def can(*command):
    """Whether that works here."""
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


def core_files_lie_here():
    return Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").startswith("core") and \
        resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY


def can_debug():
    return can("gdb", "-batch", "-ex", "run", "--args", "true") and "exited normally" in subprocess.run(
        ["gdb", "-batch", "-ex", "run", "--args", "true"], capture_output=True, text=True, check=False).stdout


# What the commands under a heading print, and what this needs of the system.
PROMISES = {
    "What a crash leaves": ([r'"message":"process_records: the worker was killed by SIGABRT', "DIED: killed by SIGABRT",
                             r"Buggy::process_records\(.* in buggy.so", r'"cause": "killed by SIGABRT'], lambda: True),
    "Core files": ([r"killed by SIGABRT \(core dumped\)", r"Buggy::process_records .*buggy.cpp"],
                   lambda: core_files_lie_here() and can_debug()),
    "A dead letter in the debugger": ([r"hit Breakpoint 1, Buggy::process_records", r"#0 +Buggy::process_records.*buggy.cpp"],
                                      can_debug),
    "The debugger on a running worker": ([r'Thread .*"kclhost-worker"|Thread .*LWP|process \d+'], can_debug),
    "The address sanitizer": ([r'"error":"ended by exit\(1\); it printed: ==\d+==ERROR: AddressSanitizer: heap-buffer-overflow',
                               r"SUMMARY: AddressSanitizer: heap-buffer-overflow .*Buggy::process_records"], lambda: True),
    "Leaks": ([r"destroy: the worker was ended by exit\(\d+\)", r'"printed":"==\d+==ERROR: LeakSanitizer: detected memory leaks'],
              can_debug),
    "Coverage": ([r"File 'buggy.cpp'\nLines executed:"], lambda: can("gcov", "--version")),
    "Valgrind": ([r"Invalid read of size 1\n.*Buggy::process_records.*buggy.cpp"], lambda: can("valgrind", "--version")),
    "Profiles": ([r"comm: kclhost-worker"], lambda: can("perf", "record", "-o", "/dev/null", "true")),
}
# Those that go on from another section's commands.
AFTER = {"A dead letter in the debugger": "What a crash leaves", "Leaks": "The address sanitizer"}


# As if nothing else ran on the machine: a command there takes the newest worker for its own.
ALONE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
ALONE = ALONE if can(*ALONE, "true") else []


def run(script, directory):
    script = script.replace("/usr/local/include", str(ROOT / "sdk/include"))
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run([*ALONE, "bash", "-ec", script], cwd=directory, env=environment, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def directory(tmp_path):
    (source,) = blocks("cpp", PREPARATION)
    (tmp_path / "buggy.cpp").write_text(source, encoding="utf-8")
    (commands,) = blocks("sh", PREPARATION)
    run(commands, tmp_path)
    return tmp_path


def test_every_section_is_tested():
    assert headings() == list(PROMISES)


@pytest.mark.parametrize("heading", headings())
def test_commands(heading, directory):
    promises, possible = PROMISES[heading]
    if not possible():
        pytest.skip("this system has or allows no such thing")
    if heading in AFTER:
        for block in blocks("sh", AFTER[heading]):
            run(block, directory)
    printed = "".join(run(block, directory) for block in blocks("sh", heading))
    for promise in promises:
        assert re.search(promise, printed), printed

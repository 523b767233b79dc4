"""What a failure's text, type and place become: they stand in the dead letter, in the log and in the crash report."""
import json
import os
import signal

import pytest

from shard import SANITIZED, record

NOT_SANITIZED = pytest.mark.skipif(SANITIZED, reason="the sanitizer gets there first")
ONCE = {"retry": {"max_attempts": 1}, "then": "dead_letter"}

# The fault, what it says, and the function of the plugin that is to be seen. (None: it left no stack.)
DEATHS = [
    ("throw_on_thread", ["SIGABRT", "std::runtime_error", "thrown on a thread"], "::faults"),
    ("throw_in_noexcept", ["SIGABRT", "std::invalid_argument", "thrown where nothing may be"], "throw_in_noexcept()+0x"),
    ("assert", ["SIGABRT", "misbehave.cpp:", "Assertion `sorted == 1' failed"], "fail_an_assertion()+0x"),
    pytest.param("break_the_heap", ["SIGABRT", "double free"], "Misbehave::process_records(", marks=NOT_SANITIZED),
    ("sanitizer", ["exit(1)", "ERROR: AddressSanitizer: heap-use-after-free on address",
                   "SUMMARY: AddressSanitizer: heap-use-after-free plugin.cpp:12"], None),
    ("segv", ["SIGSEGV at address 0x8"], "crash()+0x"),
    ("trap", ["SIGTRAP"], "Misbehave::process_records("),
    ("quit", ["SIGQUIT"], "Misbehave::process_records("),
]


def set_aside(shard, directory, key="key"):
    """Leads the shard through a record that is set aside; its dead letter, and the crash report if there is one."""
    shard.initialize()
    shard.process_records(record(1, "poison", key=key))
    shard.lose_lease()
    assert shard.finish() == 0, shard.stderr()
    (letters,) = (directory / "state/dead-letters").iterdir()
    (letter,) = [json.loads(line) for line in letters.read_bytes().decode().strip("\n").split("\n")]
    reports = [json.loads(file.read_bytes().decode()) for file in (directory / "state/crashes").glob("*")]
    return letter, reports[0] if reports else None


@pytest.mark.parametrize("fault, said, function", DEATHS)
def test_a_death(misbehave, tmp_path, fault, said, function):
    shard = misbehave(fault, "process_records", directory=tmp_path, on_error=ONCE)
    letter, report = set_aside(shard, tmp_path)
    cause, *words = said
    assert letter["error_code"] == "DIED"
    assert cause in letter["error_text"] and cause in report["cause"]
    for text in words:
        assert text in letter["error_text"] and text in report["printed"], letter["error_text"]
    (line,) = [line for line in shard.errors() if line["message"].startswith("process_records")]
    assert line.get("printed", "") == report["printed"]
    assert "kclhost::detail" not in letter["error_text"]
    if function:
        place = letter["error_text"].split("; in the plugin: ")[1]
        assert function in place and ".so" not in place
        assert any(function in frame and frame.endswith(" in misbehave.so") for frame in report["stack"])


def test_an_exception_that_is_let_out_of_the_table(start, tmp_path):
    letter, report = set_aside(start("unguarded.so", directory=tmp_path, on_error=ONCE), tmp_path)
    for text in ("std::out_of_range", "let out of the plugin"):
        assert text in letter["error_text"] and text in report["printed"]
    if os.environ.get("KCLHOST_COMPILER") != "Clang":  # whose host leaves the plugin's function before it ends the process
        assert "process_records(void*, kclhost_batch const*" in letter["error_text"]


@pytest.mark.parametrize("isolation", ["process", "none"])
@pytest.mark.parametrize("fault, said", [
    ("throw", "thrown on purpose (std::runtime_error)"),
    ("throw_nested", "outer failure: inner cause (std::runtime_error)"),
    ("throw_int", "threw something that is not a std::exception (int)"),
    pytest.param("fill_memory", "std::bad_alloc", marks=NOT_SANITIZED),
])
def test_an_exception_that_the_plugin_lives_on_from(misbehave, tmp_path, fault, said, isolation):
    if isolation == "none" and fault == "fill_memory":
        pytest.skip("nothing protects the host's own memory from this")
    letter, report = set_aside(misbehave(fault, "process_records", directory=tmp_path, isolation=isolation, on_error=ONCE),
                               tmp_path)
    assert (letter["error_code"], letter["error_text"]) == ("FAILED", said)
    assert report is None


def test_what_it_printed_in_an_earlier_call_has_no_part_in_it(misbehave, tmp_path):
    shard = misbehave("print", "constructor", directory=tmp_path, on_error=ONCE)
    shard.initialize()
    workers = set(shard.processes()) - {shard.process.pid}
    shard.process_records(record(1, "a"))
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    shard.wait_until_told("the worker was killed by SIGKILL")
    assert shard.finish() == 0
    assert not any("printed" in line for line in shard.errors()), shard.stderr()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_bytes_that_are_no_text(misbehave, tmp_path, log_format):
    shard = misbehave("print_bytes", "process_records", directory=tmp_path, on_error=ONCE,
                      log={"level": "debug", "format": log_format})
    key = "\0\x01\"\\\u2028</script>\U0001f600"
    letter, report = set_aside(shard, tmp_path, key)
    assert letter["partition_key"] == key and report["records"][0]["partition_key"] == key
    for text in (letter["error_text"], report["printed"]):
        assert "\ufffd\ufffd\u0001\"" in text


def core_files(directory):
    return list(directory.glob("core*"))


def system_makes_core_files():
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
        return file.read().startswith("core")


@pytest.mark.skipif(not system_makes_core_files(), reason="core files of this system go elsewhere")
@pytest.mark.skipif(SANITIZED, reason="a sanitizer forbids core files")
@pytest.mark.parametrize("fault", ["segv", "abort", "trap", "quit"])
def test_core_files_are_there_only_when_asked_for(misbehave, tmp_path, fault):
    for wanted in (False, True):
        directory = tmp_path / str(wanted)
        directory.mkdir()
        shard = misbehave(fault, "process_records", directory=directory, on_error=ONCE, worker={"core_dumps": wanted},
                          inside=["sh", "-c", f"ulimit -S -c unlimited; cd {directory}; exec \"$@\"", "sh"])
        letter, _ = set_aside(shard, directory)
        assert bool(core_files(directory)) == wanted
        assert ("(core dumped)" in letter["error_text"]) == wanted

"""Every faulty plugin of the zoo is found, each for what it does."""
import pytest

from conftest import CORE, ZOO

CALLS = {"constructor": "create", "initialize": "initialize", "shard_ended": "shard_ended", "lease_lost": "lease_lost",
         "shutdown_requested": "shutdown_requested", "destructor": "destroy"}


@pytest.mark.parametrize("place, call", CALLS.items())
def test_a_crash_in_each_call(conformance, place, call):
    said = conformance.of(ZOO / "misbehave.so", {"fault": "segv", "in": place}).finds(
        call + ": the worker was killed by SIGSEGV at address 0x8", "debugger")
    # Beside that alone what it makes of a configuration without the types that it needs.
    assert len([line for line in said.findings if not line.startswith("create was given {")]) == 1, said.stdout


@pytest.mark.parametrize("place, call", [each for each in CALLS.items() if each[0] != "destructor"])
def test_a_failure_in_each_call(conformance, place, call):
    conformance.of(ZOO / "misbehave.so", {"fault": "throw", "in": place}).finds(call + " failed: thrown on purpose")


@pytest.mark.parametrize("fault, words", [
    ("exit", ["ended by exit(3)", "must not end its process"]), ("_exit", ["ended by exit(4)"]),
    ("exit_0", ["ended by exit(0)"]), ("abort", ["SIGABRT"]), ("kill", ["SIGKILL"]), ("assert", ["SIGABRT"]),
    ("throw_on_thread", ["SIGABRT"]), ("throw_in_noexcept", ["SIGABRT"]), ("trap", ["SIGTRAP"]),
    ("break_the_heap", ["SIGABRT"]), ("overflow_stack", ["SIGSEGV"]), ("segv_later", ["between calls"]),
])
def test_an_end(conformance, fault, words):
    conformance.of(ZOO / "misbehave.so", {"fault": fault, "in": "initialize"}).finds(*words)


@pytest.mark.parametrize("place, call", [("lease_lost", "lease_lost"), ("destructor", "destroy")])
def test_a_hang(conformance, place, call):
    conformance.of(ZOO / "misbehave.so", {"fault": "hang", "in": place}, timeout=3).finds(call, "ended because", "limit")


def test_a_thread_left_behind(conformance):
    conformance.of(ZOO / "misbehave.so", {"fault": "leave_thread", "in": "constructor"}).finds("1 threads behind")


def test_what_it_prints(conformance):
    conformance.of(ZOO / "misbehave.so", {"fault": "print", "in": "initialize"}).warns("responseFor")
    conformance.of(ZOO / "load_print.so").warns("responseFor")
    conformance.of(ZOO / "entry_print.so").warns("responseFor")


@pytest.mark.parametrize("fault, words", [
    ("segv", ["record 1 of ", "SIGSEGV", "reject"]), ("_exit", ["ended by exit(4)"]),
    ("write_to_record", ["SIGSEGV"]), ("hang", ["took longer"]),
])
def test_a_record_of_the_authors(conformance, fault, words):
    conformance.of(ZOO / "misbehave.so", {"fault": fault, "in": "process_records"}, ["poison"],
                   timeout=3 if fault == "hang" else None).finds(*words)


@pytest.mark.parametrize("plugin, config, record", [
    ("misbehave", {"fault": "throw", "in": "process_records"}, "poison"),
    ("misbehave", {"fault": "partial", "in": "process_records"}, "poison"),
    ("actor", {"notes": "notes"}, "fail"),
    ("recorder", {"dir": ".", "poison": True}, "poison:throw"),
    ("starter", {"how": "fork"}, "exit 3"),
])
def test_a_record_that_fails_is_a_warning(conformance, plugin, config, record):
    said = conformance.of(ZOO / f"{plugin}.so", config, [record]).warns("process_records failed", "rejected")
    assert not [line for line in said.findings if not line.startswith("create was given {")]


@pytest.mark.parametrize("plugin, config, record, words", [
    ("actor", {"notes": "notes"}, "die", ["record 1 of ", "SIGABRT"]),
    ("holder", {"notes": "notes"}, "die", ["record 1 of ", "SIGABRT"]),
    ("holder", {"notes": "notes"}, "die_in_flush", ["SIGABRT"]),
    ("recorder", {"dir": ".", "poison": True}, "poison:segv", ["record 1 of ", "SIGSEGV"]),
    ("recorder", {"dir": ".", "poison": True}, "poison:exit", ["record 1 of ", "ended by exit(3)"]),
    ("recorder_checkpointing", {"dir": ".", "poison": True}, "poison:abort", ["SIGABRT"]),
    ("meter", None, "counter Bad-Name 1", ["the plugin was refused metric 'Bad-Name'"]),
])
def test_a_record_that_is_too_much(conformance, plugin, config, record, words):
    conformance.of(ZOO / f"{plugin}.so", config, [record]).finds(*words)


def test_an_exception_that_gets_out(conformance):
    conformance.of(ZOO / "unguarded.so").finds("process_records: the worker was killed by SIGABRT", "out_of_range")


@pytest.mark.parametrize("how, words", [
    ("other_thread", ["refused a checkpoint", "from the thread that was called"]),
    ("after_return", ["refused a checkpoint"]), ("in_lease_lost", ["refused a checkpoint"]),
    ("beyond", ["a checkpoint that is none"]), ("nothing", ["checkpointed none when it was asked to flush"]),
    ("every_batch", ["never checkpointed those records again"]),
])
def test_a_checkpoint_at_the_wrong_place(conformance, how, words):
    conformance.of(ZOO / "checkpointers.so", {"checkpoint": how}).finds(*words)


def test_records_let_go_before_their_checkpoint(conformance):
    conformance.of(ZOO / "holder.so", {"notes": "notes"}).finds("never checkpointed those records again", "stopped")


def test_a_flush_that_does_nothing(conformance):
    conformance.of(ZOO / "holder.so", {"notes": "notes", "flush": "nothing"}).finds("in_flight.max_records")
    conformance.of(ZOO / "recorder_checkpointing.so", {"dir": ".", "checkpoint": "none"}).finds("in_flight.max_records")


@pytest.mark.parametrize("fault, words", [("none", ["each instance leaks about"]),  # its handlers
                                          ("hang", ["destroy", "ended because"]), ("crash", ["SIGSEGV"]),
                                          ("leak", ["exit(23)", "LeakSanitizer"])])
def test_what_goes_wrong_at_the_processs_end(conformance, fault, words):
    conformance.of(ZOO / "farewell.so", {"file": "", "fault": fault},
                   timeout=3 if fault == "hang" else None).finds(*words)


@pytest.mark.parametrize("order", ["short", "empty", "unknown", "sizes", "metric",
                                   "made", "rejected", "ticks", "acknowledged"])
def test_a_worker_that_says_what_none_says(conformance, order):
    conformance.of(CORE / "hostile.so", None, [order]).finds("the worker was ended because it ")


@pytest.mark.parametrize("order, words", [
    ("outcome twice", ["the worker", "leave alone the descriptors"]),
    ("checkpoints 3", ["the worker was ended because"]),
    ("outcome early", ["the worker sent the outcome of another call"]),
    ("stranger", ["of another call"]),
    ("outcome and end", ["SIGKILL"]),
    ("child crashes", ["ended by exit(3)"]),
    ("child outcome", ["a process that the plugin started sent a call's outcome"]),
    ("child checkpoint", ["a process that the plugin started sent"]),
    ("leave group", ["took longer"]),
])
def test_a_worker_that_lies(conformance, order, words):
    conformance.of(CORE / "hostile.so", None, [order], timeout=3 if words == ["took longer"] else None).finds(*words)


@pytest.mark.parametrize("config, words", [("hang in destroy", ["destroy", "ended because"]),
                                           ("checkpoint in initialize", ["asked for a checkpoint in initialize"])])
def test_a_hostile_life(conformance, config, words):
    conformance.of(CORE / "hostile.so", config, timeout=3).finds(*words)


def test_a_create_that_never_succeeds(conformance):
    said = conformance.of(CORE / "checker.so").finds("create failed: create was called", "--config")
    assert said.report["broken_off"]

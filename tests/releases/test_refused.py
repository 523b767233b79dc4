"""Everything that can be wrong with a candidate: the release that runs keeps the shard, with one line, one count, and no other try.

A host is given one bad candidate after the other. Each plugin of the fault zoo is in one of the lists below.
"""
import errno
import json
import re
import shutil
import signal

import pytest

from services import wait_for

from conftest import DISK_FAULTS, HERE, ON_TRIAL_FOR_LONG, PATIENT_SWAP, PLUGINS, SANITIZED, ZOO, hang_up

# What can't be loaded, by the time that takes.
AT_ONCE = ["no_entry", "only_v2", "null_table", "short_table", "wrong_major", "unknown_flag", "no_id", "missing_function",
           "undefined_symbol", "load_segv", "load_call_exit", "load_throw_int", "entry_segv", "entry_call_exit",
           "entry_throw_int"]
NEVER = ["load_hang", "entry_hang"]
# What fails with the first record that it is given, whatever that says.
AT_A_RECORD = ["unguarded", "starter"]
# What is no fault in a candidate.
GOOD = {
    "actor": "runs here", "actor_2": "does what its records say", "actor_shadow": "as actor",
    "acknowledger_shadow": "as actor", "idler": "as actor", "holder": "as actor",
    "holder_2": "as actor", "holder_shadow": "as actor",
    "load_print": "what it prints is a log line", "entry_print": "what it prints is a log line",
    "checkpointers": "a checkpoint at a wrong time is refused to the plugin, which goes on",
    "covered": "does nothing", "meter": "counts what its records say", "farewell": "its faults are those of a worker's orderly exit",
    "recorder": "writes its records down", "recorder_checkpointing": "as recorder", "recorder_cured": "as recorder",
}
# The faults of misbehave: in the constructor and in initialize they refuse it, at a record they undo it.
FAULTS = ["throw", "throw_nested", "throw_int", "throw_on_thread", "throw_in_noexcept", "assert", "break_the_heap", "sanitizer",
          "print_bytes", "trap", "quit", "exit", "_exit", "exit_0", "abort", "segv", "kill"]
UNSANITIZED_FAULTS = ["fill_memory", "overflow_stack"]
HANGS = ["hang", "hang_unkillable"]
RECORD_FAULTS = ["partial", "write_to_record"]
HARMLESS_FAULTS = {
    "print": "what it prints is a log line", "leave_thread": "a thread may go on", "fork": "a child may live on",
    "close_descriptors": "the worker's own are out of reach", "take_signals": "no signal is needed",
    "chdir": "no path is relative", "tighten_limits": "the worker has what it needs",
    "signal_group": "the worker ends by it or not, and nothing else does",
    "segv_later": "it has taken over by then: a crash on trial, which the canary's tests have",
}
if SANITIZED:
    # The sanitizer gets there first, and takes its time.
    FAULTS = ["throw", "exit", "abort", "kill"]
    UNSANITIZED_FAULTS = []


def test_each_plugin_and_fault_of_the_zoo_is_in_a_list():
    plugins = {file.stem for file in ZOO.glob("*.so")}
    assert plugins == {*AT_ONCE, *NEVER, *AT_A_RECORD, *GOOD, "misbehave"}
    source = (HERE.parent / "fault_zoo/plugins/misbehave.cpp").read_text()
    table = source.split("all{")[1].split("return all;")[0]
    faults = {*re.findall(r'^      \{"(\w+)"', table, re.MULTILINE), *re.findall(r'fault_ == "(\w+)"', source)}
    if not SANITIZED:
        assert faults == {*FAULTS, *UNSANITIZED_FAULTS, *HANGS, *RECORD_FAULTS, *HARMLESS_FAULTS}


class Machine:
    """A launch with one shard, on which the actor runs."""

    def __init__(self, launch, **settings):
        self.here = launch(**{"rollout": ON_TRIAL_FOR_LONG, "log": {"level": "info"}} | settings)
        self.good = dict(self.here.settings["plugin"])
        self.shard = self.here.shard()
        self.sent = []
        self.refused = self.undone = self.told = 0
        self.process("first")

    def process(self, text):
        self.sent.append(text)
        self.shard.process(text)

    def lines(self):
        """Warnings and errors."""
        lines = [json.loads(line) for line in self.here.process.output().split("\n")[:-1] if line.startswith("{")]
        return [line for line in lines if line["level"] in ("warn", "error") and line["source"] in ("host", "run")]

    def until_told(self, what):
        """Processes poison until the candidate has its line, which has this text. It has no other."""
        wait_for(lambda: self.process("poison") or len(self.lines()) > self.told, "a line")
        self.process("behind it")
        lines = self.lines()
        assert len(lines) == self.told + 1, lines[self.told:]
        assert what in lines[-1]["message"], lines[-1]
        self.told += 1

    def give(self, path, **config):
        self.here.settings["plugin"] = {"path": path, "config": config}
        self.here.write()

    def refuses(self, what="could not take over and is given up until its content changes"):
        self.until_told(what)
        self.refused += 1

    def undoes(self):
        self.until_told("is undone and is given up until its content changes")
        self.undone += 1

    def is_well(self):
        """The actor had every record, once, and each candidate was counted once."""
        state = self.here.state()
        assert state["current"] == 1 and "trial" not in state
        notes = [json.loads(line) for line in (self.here.directory / "notes").read_text().split("\n")[:-1]]
        assert [note["data"] for note in notes if note["event"] == "accepted"] == self.sent
        self.here.until(self.refused, "kclhost_swaps_total", result="refused")
        self.here.until(self.undone, "kclhost_swaps_total", result="undone")
        self.here.until(len(self.sent), "kclhost_finished_records_total", outcome="processed")
        assert self.here.value("kclhost_finished_records_total") == len(self.sent)

    def looks_again(self):
        """As it was, the candidate is not tried again."""
        staged = len(list((self.here.directory / "state/releases").glob("[0-9]*")))
        self.here.process.send(signal.SIGHUP)
        self.until_told("is not tried again")
        assert len(list((self.here.directory / "state/releases").glob("[0-9]*"))) == staged


def test_what_can_not_be_loaded(launch):
    machine = Machine(launch)
    for name in AT_ONCE:
        machine.give(f"{name}.so")
        machine.refuses("")
    machine.looks_again()
    machine.is_well()


@pytest.mark.parametrize("place", ["constructor", "initialize"])
def test_what_does_not_come_up(launch, place):
    machine = Machine(launch)
    for fault in FAULTS + UNSANITIZED_FAULTS:
        machine.give("misbehave.so", fault=fault, **{"in": place})
        machine.refuses()
    machine.looks_again()
    machine.is_well()


def test_what_fails_at_a_record(launch):
    machine = Machine(launch)
    for fault in FAULTS + UNSANITIZED_FAULTS + RECORD_FAULTS:
        machine.give("misbehave.so", fault=fault, **{"in": "process_records"})
        machine.undoes()
    for name in AT_A_RECORD:
        machine.give(f"{name}.so", how="system")
        machine.undoes()
    machine.looks_again()
    machine.is_well()


def test_what_hangs(launch):
    # All at once: it is the time that is waited for.
    cases = [(f"{name}.so", {}) for name in NEVER]
    cases += [("misbehave.so", {"fault": hang, "in": place}) for hang in HANGS
              for place in ("constructor", "initialize", "process_records")]
    # Each has the limit that ends its hang, and no other.
    limits = {"initialize": {"timeouts": {"swap": "500ms"}},
              "process_records": {"rollout": ON_TRIAL_FOR_LONG | {"undo_on": {"call_longer_than": "2s"}}}}
    loading = {"timeouts": PATIENT_SWAP | {"initialize": "2s"}}
    machines = [Machine(launch, **limits.get(config.get("in"), loading)) for _, config in cases]
    for machine, (path, config) in zip(machines, cases):
        machine.give(path, **config)
    for machine, (path, config) in zip(machines, cases):
        machine.undoes() if config.get("in") == "process_records" else machine.refuses()
    for machine in machines:
        machine.is_well()


def test_a_configuration_that_does_not_fit(launch, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    for file in (ZOO / "actor.so", PLUGINS / "word_counter.so"):
        shutil.copy(file, plugins)
    machine = Machine(launch, plugins=plugins)
    settings = machine.here.settings
    good, settings["rollout"] = settings["rollout"], {"steps": 7}
    machine.give("word_counter.so")
    machine.refuses("the configuration was changed and is not used")
    settings["rollout"] = good
    machine.give("word_counter.so", nonsense=1)
    machine.refuses()
    machine.is_well()


def test_a_file_that_does_not_come_to_its_end(launch, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    whole = (ZOO / "actor.so").read_bytes()
    (plugins / "actor.so").write_bytes(whole)
    machine = Machine(launch, plugins=plugins)
    with open(plugins / "actor.so", "r+b") as copied:
        copied.truncate(len(whole) // 2)
    machine.refuses("truncated")
    with open(plugins / "actor.so", "r+b") as copied:
        copied.truncate(len(whole) // 3)
        copied.flush()
        (plugins / "actor.so").unlink()
    machine.refuses("can't be found")
    machine.is_well()


def test_a_disk_that_is_full(deployment):
    faults, state = deployment.directory / "faults", deployment.directory / "state"
    host = deployment.start("actor.so", inside=[
        "env", f"LD_PRELOAD={DISK_FAULTS}", f"DRIVER_FAULTS={faults}", f"DRIVER_FAULTS_BELOW={state}/releases/.new",
        "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0"])
    deployment.process(host, "one")
    told = len(host.log("warn", "host"))
    faults.write_text(f"{errno.ENOSPC} 100")
    deployment.rename("actor_2.so")
    host.wait_for(lambda: deployment.process(host, "two") or len(host.log("warn", "host")) > told)
    hang_up(host)
    deployment.process(host, "three")
    deployment.process(host, "four")
    [line] = host.log("warn", "host")[told:]
    assert "can't stage the plugin" in line["message"] and "No space left" in line["message"]
    assert {note["version"] for note in deployment.notes()} == {1}
    assert not host.errors() and not list((state / "releases").glob("2"))
    # It is the disk's fault, and no mark against the candidate.
    faults.unlink()
    hang_up(host)
    host.wait_for(lambda: deployment.process(host, "five") or deployment.notes()[-1]["version"] == 2)
    assert host.finish() == 0

"""Each fault that the zoo has no plugin for is found, and is called what it is."""
import pytest

from conftest import NONCONFORMING


@pytest.mark.parametrize("way, fault, words", [
    ("returning", "leak", ["each instance leaks about", "destroy"]),
    ("returning", "leak_descriptor", ["each instance leaves 1 descriptors open"]),
    ("returning", "leave_thread", ["each instance leaves 1 threads behind", "join"]),
    ("returning", "create_leaks", ["no_such_key", "each create that fails leaks about"]),
    ("returning", "create_crashes", ["no_such_key", "create: the worker was killed by SIGSEGV"]),
    ("returning", "one_instance", ["two instances", "there is an instance already", "static"]),
    ("returning", "metric", ["the plugin was refused metric 'Records-Seen'"]),
    ("returning", "empty_data", ["a record without data", "SIGSEGV", "reject"]),
    ("returning", "no_timestamp", ["a record without a timestamp", "SIGSEGV"]),
    ("returning", "long_key", ["a partition key of 256 characters", "SIGSEGV"]),
    ("returning", "many_records", ["10,000 records", "SIGSEGV"]),
    ("returning", "again", ["the same records came again", "SIGSEGV"]),
    ("returning", "no_records", ["before its first record", "SIGSEGV"]),
    ("returning", "takes_over", ["initialize: the worker was killed by SIGSEGV"]),
    ("returning", "hang", ["process_records: the worker was ended because process_records took longer", "should_stop"]),
    ("checkpointing", "finish", ["shutdown_requested: the worker was killed by SIGSEGV"]),
    ("checkpointing", "finish", ["shard_ended: the worker was killed by SIGSEGV"]),
    ("checkpointing", "finish", ["flush: the worker was killed by SIGSEGV"]),
    ("checkpointing", "hoard", ["in_flight.max_records", "checkpointed none"]),
    ("checkpointing", "forget", ["ThrottlingException", "never checkpointed those records again"]),
    ("checkpointing", "stubborn", ["was answered with ShutdownException", "took longer", "wait"]),
    ("checkpointing", "beyond", ["a checkpoint that is none", "IllegalArgumentException"]),
    ("checkpointing", "acknowledge", ["refused an acknowledgement"]),
    ("acknowledging", "never", ["neither acknowledged nor rejected"]),
    ("acknowledging", "finish", ["flush: the worker was killed by SIGSEGV"]),
    ("acknowledging", "reject", ["refused the rejection of record"]),
    ("acknowledging", "too_late", ["refused an acknowledgement: its instance is destroyed", "join in destroy"]),
])
def test_a_fault(conformance, way, fault, words):
    slow = fault in ("hang", "stubborn", "never")
    conformance.of(NONCONFORMING / f"{way}.so", {"fault": fault}, timeout=3 if slow else None).finds(*words)


@pytest.mark.parametrize("plugin, fault, words", [
    ("returning", "noise", ["it printed on standard output: ", "records"]),
    ("returning", "deaf", ["asked to stop", "more than 2 seconds"]),
    ("acknowledging", "late", ["acknowledged after lease_lost"]),
    ("open_schema", "healthy", ["the schema does not name", "additionalProperties"]),
    ("exporting", "healthy", ["exports 1 symbol ", "kclhost_add_plugin"]),
])
def test_what_is_unwise(conformance, plugin, fault, words):
    said = conformance.of(NONCONFORMING / f"{plugin}.so", {"fault": fault}).warns(*words)
    assert (said.code, said.findings) == (0, []), said.stdout


def test_a_schema_that_refuses_its_own_default(conformance):
    conformance.of(NONCONFORMING / "bad_default.so").finds("the default of 'limits.rate'", "name a default")


def test_a_schema_that_is_none(conformance):
    done = conformance(NONCONFORMING / "bad_schema.so")
    assert (done.code, done.stdout) == (3, "") and "config_schema is no JSON" in done.stderr


def test_a_hang_is_waited_for_once(conformance):
    said = conformance.of(NONCONFORMING / "returning.so", {"fault": "hang"}, timeout=3)
    assert said.report["broken_off"].endswith("mend what was found first")
    assert len(said.findings) == 1

"""The command's arguments, output and exit codes."""
import json

import pytest

from conftest import NONCONFORMING, PLUGINS, ZOO


def test_a_healthy_plugin(conformance):
    done = conformance(PLUGINS / "noop.so", "--seed", "7")
    assert done.code == 0 and all(line.startswith("conformance: ") for line in done.stderr.splitlines())
    assert done.stdout == "plugin kclhost.noop 1.0.0, 19 scenes with seed 7: nothing to mend\n"


def test_each_finding_is_a_line(conformance):
    done = conformance(NONCONFORMING / "returning.so", "--config", '{"fault": "metric"}')
    assert done.code == 1
    *findings, last = done.stdout.splitlines()
    assert len(findings) == 1 and findings[0].startswith("finding: ")
    assert "Records-Seen" in findings[0] and "; " in findings[0]
    assert last == "plugin test.nonconforming 1.0.0, 19 scenes with seed 1: 1 finding"


def test_a_seed_plays_the_same_again(conformance):
    arguments = (ZOO / "misbehave.so", "--config", '{"fault": "throw", "in": "lease_lost"}', "--seed", "3", "--json")
    assert conformance(*arguments).report == conformance(*arguments).report


def test_as_json(conformance):
    report = conformance.of(PLUGINS / "word_counter.so").passes().report
    assert (report["id"], report["seed"], report["file"]) == ("kclhost.word_counter", 1,
                                                              str((PLUGINS / "word_counter.so").resolve()))


def test_a_configuration_from_a_file(conformance, tmp_path):
    (tmp_path / "config.json").write_text('{"fault": "metric"}')
    assert conformance(NONCONFORMING / "returning.so", "--config", "config.json").code == 1
    (tmp_path / "kclhost.yaml").write_text(
        "version: 1\nplugins_dir: .\nplugin:\n  path: returning.so\n  config: {fault: metric}\n")
    assert conformance(NONCONFORMING / "returning.so", "--config", "kclhost.yaml").code == 1


@pytest.mark.parametrize("config, said", [
    ("missing.yaml", "neither JSON nor a file"),
    ('{"output_dir": 7}', "'plugin.config.output_dir' does not fit the plugin's schema"),
    ('{"format": "raw"}', "output_dir"),
    (json.dumps({"output_dir": "/not/there"}), "the plugin refuses its configuration"),
])
def test_a_configuration_that_can_not_be_used(conformance, config, said):
    done = conformance(PLUGINS / "archiver.so", "--config", config)
    assert (done.code, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1 and said in done.stderr


@pytest.mark.parametrize("form", ["lines", "auto"])
def test_a_format_without_records(conformance, form):
    done = conformance(PLUGINS / "noop.so", "--format", form)
    assert (done.code, done.stdout, done.stderr) == \
        (2, "", "kclhost: --format goes with --records; see kclhost conformance --help\n")


def test_records_that_can_not_be_read(conformance):
    done = conformance(PLUGINS / "noop.so", "--records", "missing.txt")
    assert (done.code, done.stdout) == (2, "") and "missing.txt" in done.stderr


@pytest.mark.parametrize("name, said", [
    ("missing.so", "can't be found"),
    ("load_segv.so", "SIGSEGV"), ("load_call_exit.so", "exit(5)"), ("load_hang.so", "longer"),
    ("load_throw_int.so", "can't be loaded"), ("entry_segv.so", "SIGSEGV"), ("entry_call_exit.so", "exit(5)"),
    ("entry_throw_int.so", "can't be loaded"), ("entry_hang.so", "longer"),
    ("no_entry.so", "kclhost_plugin_v1"), ("only_v2.so", "kclhost_plugin_v2"), ("null_table.so", "NULL"),
    ("short_table.so", "64"), ("wrong_major.so", "major"), ("unknown_flag.so", "flag"), ("no_id.so", "id"),
    ("missing_function.so", "shard_ended"), ("undefined_symbol.so", "nowhere_defined"),
])
def test_what_can_not_be_loaded(conformance, name, said):
    done = conformance(ZOO / name, *(["--timeout", "3"] if "hang" in name else []))
    assert (done.code, done.stdout) == (3, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1 and said in done.stderr

"""What is healthy passes."""
import pytest

from conftest import NONCONFORMING, PLUGINS, ZOO


@pytest.mark.parametrize("name", ["noop", "minimal_c", "word_counter"])
def test_the_shipped_plugins(conformance, name):
    assert conformance.of(PLUGINS / f"{name}.so").passes().lasting_warnings == []


def test_the_word_counter_with_its_file(conformance, tmp_path):
    conformance.of(PLUGINS / "word_counter.so", {"output_dir": str(tmp_path / "counts")}).passes()


@pytest.mark.parametrize("more", [{}, {"format": "raw", "compression": "gzip", "max_records": 700},
                                  {"max_age_seconds": 0.05}])
def test_the_archiver(conformance, tmp_path, more):
    assert conformance.of(PLUGINS / "archiver.so", {"output_dir": str(tmp_path), **more}).passes().lasting_warnings == []


def test_the_forwarder_that_rejects_late(conformance):
    nobody = {"url": "http://127.0.0.1:9/", "retry": {"max_attempts": 1, "initial_backoff_seconds": 0.001}}
    assert conformance.of(PLUGINS / "http_forwarder.so", nobody).passes().lasting_warnings == []


@pytest.mark.parametrize("way", ["returning", "checkpointing", "acknowledging"])
def test_each_way(conformance, way):
    assert conformance.of(NONCONFORMING / f"{way}.so", {"fault": "healthy"}).passes().lasting_warnings == []


@pytest.mark.parametrize("name, config", [
    ("covered", None), ("meter", None),
    ("misbehave", {"fault": "none", "in": "nowhere"}),
    ("recorder", {"dir": "."}), ("recorder_checkpointing", {"dir": "."}),
    ("recorder_checkpointing", {"dir": ".", "checkpoint": "record"}),
    ("actor", {"notes": "notes"}),
])
def test_the_zoo_while_nothing_is_wrong(conformance, name, config):
    said = conformance.of(ZOO / f"{name}.so", config)
    # It does not look at the types in its configuration.
    assert all(line.startswith("create was given {") and "[]" in line for line in said.findings), said.stdout
    assert not said.report["broken_off"]

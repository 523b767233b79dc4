"""kclhost replay --compare: two plugins get the same records."""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import kclhost

ZOO = pathlib.Path(os.environ.get("KCLHOST_ZOO_DIR", "zoo"))
CORE = pathlib.Path(os.environ.get("KCLHOST_CORE_PLUGINS_DIR", "core_plugins"))
PLUGINS = pathlib.Path(os.environ.get("KCLHOST_PLUGINS_DIR", "plugins"))


@pytest.fixture
def compare(tmp_path):
    """compare(old, new, words) plays the words as records."""
    config = tmp_path / "kclhost.yaml"

    def run(old, new, words, *options, batch=10, plugin_config=None):
        given = plugin_config if plugin_config is not None else {"notes": str(tmp_path / "notes")}
        config.write_text(json.dumps({"version": 1, "plugin": {"path": "unused.so", "config": given},
                                      "timeouts": {"shutdown": "1s"}, "log": {"format": "text"}}))
        return subprocess.run([kclhost(), "replay", "--compare", old, new, "-", "--config", config, "--format", "lines",
                               "--batch", str(batch), *options], input="".join(word + "\n" for word in words),
                              capture_output=True, text=True, timeout=120)

    return run


def test_each_record_has_its_own_verdict(compare):
    words = [f"word {n}" for n in range(20)]
    words[7], words[13], words[16] = "needs 2", "fail", "needs 2"
    done = compare(ZOO / "actor.so", ZOO / "actor_2.so", words, "--json")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert (result["records"], result["different"]) == (20, 2)
    assert [result["old"][name] for name in ("accepted", "rejected", "failed", "unfinished", "deaths")] == [17, 0, 3, 0, 0]
    assert [result["new"][name] for name in ("accepted", "rejected", "failed", "unfinished", "deaths")] == [19, 0, 1, 0, 0]
    first = result["firstDifference"]
    assert first["record"] == 8 and first["old"]["outcome"] == "failed" and first["new"]["outcome"] == "accepted"
    assert first["old"]["why"].startswith("FAILED: ") and first["sequenceNumber"].isdigit()
    assert result["new"]["processSeconds"] > 0 and result["new"]["maxRssKiB"] > 0


def test_a_table_for_people(compare):
    done = compare(ZOO / "actor.so", ZOO / "actor_2.so", ["a", "needs 2"])
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["OLD", "NEW"]
    assert ["failed", "1", "0"] in [line.split() for line in lines]
    assert lines[-3].startswith("1 of 2 records fare otherwise; the first is record 2, sequence number ")
    assert lines[-2].startswith("  OLD  failed: FAILED: ") and lines[-1] == "  NEW  accepted"


def test_a_death_costs_its_record_alone(compare):
    done = compare(ZOO / "actor.so", PLUGINS / "noop.so", ["a", "b", "die", "c"], "--json")
    result = json.loads(done.stdout)
    assert (result["old"]["accepted"], result["old"]["failed"], result["different"]) == (3, 1, 1), done.stderr
    assert result["old"]["deaths"] == 3, "the whole, a half, and the record alone"
    assert result["firstDifference"]["old"]["why"].startswith("DIED: ")


def test_no_difference(compare):
    done = compare(ZOO / "actor.so", ZOO / "actor_2.so", ["a", "fail"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "no record fares otherwise"


def test_what_is_acknowledged_and_rejected(compare):
    done = compare(CORE / "acker.so", PLUGINS / "noop.so", ["ack 0 1", "reject 1", "x"], "--json", batch=1)
    result = json.loads(done.stdout)
    assert [result["old"][name] for name in ("accepted", "rejected", "failed", "unfinished")] == [1, 1, 0, 1], done.stderr
    assert result["firstDifference"]["record"] == 2


def test_counters(compare):
    done = compare(PLUGINS / "noop.so", PLUGINS / "word_counter.so", ["a b", "c"], "--json", plugin_config={})
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["old"]["counters"], result["new"]["counters"]) == ({}, {"words_counted": 3})


@pytest.mark.parametrize("old, options, code, line", [
    ("nowhere.so", [], 3, "plugin nowhere.so can't be found"),
    (ZOO / "no_entry.so", [], 3, "exports no "),
    *((PLUGINS / "noop.so", options, 2, f"{options[0]} makes no sense with --compare; leave it out\n")
      for options in (["--repeat", "2"], ["--exec", "cat"], ["--pipe-size", "0"], ["--verbose"])),
])
def test_what_can_t_be(compare, old, options, code, line):
    done = compare(old, PLUGINS / "noop.so", ["a"], *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("kclhost: ") and line in done.stderr and done.stderr.count("\n") == 1


def test_two_plugins_and_an_input_are_needed(tmp_path):
    done = subprocess.run([kclhost(), "replay", "--compare", "a.so", "b.so"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--compare OLD.so NEW.so INPUT" in done.stderr


def test_a_stream_is_one_of_a_configuration(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "KCLHOST_CONFIG"}
    records = tmp_path / "records"
    records.write_text("a\n")
    done = subprocess.run([kclhost(), "replay", "--compare", PLUGINS / "noop.so", PLUGINS / "noop.so", records, "--format", "lines",
                           "--stream", "words"],
                          env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--stream" in done.stderr and "--config" in done.stderr

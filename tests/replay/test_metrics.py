"""A plugin's metrics in replay's report."""
import json
import os

import pytest

MEASURED = """counter words 1 2 0.5
gauge depth 7 3
histogram latency 2.5 0.5
counter words{language=en,kind=noun} 4
counter words{kind=noun,language=en} 1
"""


@pytest.fixture(params=["process", "none"])
def config(request, tmp_path):
    file = tmp_path / "kclhost.yaml"
    file.write_text(json.dumps({"version": 1, "plugins_dir": os.environ["KCLHOST_ZOO_DIR"], "plugin": {"path": "meter.so"},
                                "isolation": request.param, "state_dir": str(tmp_path / "state"),
                                "on_error": {"retry": {"initial_backoff": "1ms", "max_backoff": "1ms"}},
                                "log": {"format": "text"}}))
    return file


def test_they_are_in_the_report_and_the_summary(run, config):
    replay = run("--config", config, "--format", "lines", "--batch", 1, "-", stdin=MEASURED)
    assert replay.code == 0, replay.stderr
    assert replay.report["metrics"] == [
        {"name": "depth", "kind": "gauge", "value": 3},
        {"name": "latency", "kind": "histogram", "count": 2, "sum": 3, "min": 0.5, "max": 2.5},
        {"name": "words", "kind": "counter", "value": 3.5},
        {"name": "words", "labels": {"kind": "noun", "language": "en"}, "kind": "counter", "value": 5}]
    assert replay.stdout.splitlines()[2:] == [
        "metric depth (gauge): 3",
        "metric latency (histogram): 2 values from 0.5 to 2.5, sum 3",
        "metric words (counter): 3.5",
        'metric words{kind="noun",language="en"} (counter): 5']


def test_json_prints_the_report(run, config):
    replay = run("--config", config, "--json", "--format", "lines", "-", stdin=MEASURED)
    assert json.loads(replay.stdout) == replay.report
    assert replay.report["metrics"]
    both = run("--config", config, "--json", "--quiet", "-", stdin="")
    assert (both.code, both.stdout) == (2, "") and "--quiet" in both.stderr


@pytest.mark.parametrize("line, why", [("gauge depth nan", "no finite number"), ("counter depth -1", "its value is negative"),
                                       ("counter depth 1e308 1e308", "its sum is")])
def test_what_is_no_value_is_named_once(run, config, line, why):
    replay = run("--config", config, "--format", "lines", "-", stdin=f"{line}\n{line}\ncounter good 1\n")
    assert replay.code == 0, replay.stderr
    assert "good" in [metric["name"] for metric in replay.report["metrics"]]
    (told,) = [said for said in replay.stderr.splitlines() if "is left out of the replay's report" in said]
    assert line.split()[1] in told and why in told


@pytest.mark.parametrize("lines, why", [("counter Bad-Name 1", "its name is none"), ("gauge 9lives 1", "its name is none"),
                                        ("counter words_total 1", "leave _total out of its name"),
                                        ("counter good{9=1} 1", "label '9' is no name"),
                                        ("counter depth 1\ngauge depth 1", "it was made as a counter before")])
def test_the_plugin_is_told_what_is_no_metric(run, config, lines, why):
    replay = run("--config", config, "--format", "lines", "-", stdin=f"{lines}\ncounter good 1\n")
    assert replay.code == 0, replay.stderr
    assert {"name": "good", "kind": "counter", "value": 1} in replay.report["metrics"]
    assert why in replay.stderr


def test_another_child_tells_of_none(run, child):
    replay = run("--exec", child(), "-", stdin='{"text":"a"}')
    assert replay.report["metrics"] is None
    assert replay.report["setAside"] is None
    assert len(replay.stdout.splitlines()) == 2

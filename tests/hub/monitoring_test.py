"""The dashboard and the alerts name series that are there, with labels that they have."""
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "config/monitoring/grafana.json").read_text())
ALERTS = yaml.safe_load((ROOT / "config/monitoring/alerts.yaml").read_text())
TABLE = (ROOT / "docs/metrics.md").read_text(encoding="utf-8").split("\n## Series\n")[1].split("\n## ")[0]
# A series' own labels, by its name; docs/metrics.md has them, and another test compares it with the page.
LABELS = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in re.findall(r"^\| `(kclhost_\w+)` \| ([^|]*)\|", TABLE, re.MULTILINE)}
EVERYWHERE = {"stream", "shard", "instance", "le"}


def expressions():
    for panel in DASHBOARD["panels"]:
        yield from ((f"panel {panel['title']}", target["expr"]) for target in panel["targets"])
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]["query"]
    for group in ALERTS["groups"]:
        yield from ((f"alert {rule['alert']}", rule["expr"]) for rule in group["rules"])


def test_there_is_something_to_compare():
    assert len(LABELS) > 20 and len(list(expressions())) > 25


@pytest.mark.parametrize("where, expression", expressions())
def test_every_series_and_label_is_there(where, expression):
    names = re.findall(r"kclhost_\w+", expression)
    assert names, where
    known = set(EVERYWHERE)
    for name in names:
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        assert plain in LABELS, f"{where} names {name}"
        known |= LABELS[plain]
    selected = re.findall(r"[{,]\s*(\w+)\s*(?:=|!=|=~|!~)", expression)
    grouped = [label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", labels)]
    for label in selected + grouped:
        assert label in known, f"{where} has the label {label}"


def test_panels_do_not_overlap():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken and x < 24, panel["title"]
                taken.add((x, y))

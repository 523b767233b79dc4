"""Every configuration key that the documentation names is one that the program knows, and the reference has them all."""
import functools
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from pages import TOP, blocks, inline, pages

# Dotted names that are none of ours: files, and members in code.
FILE = re.compile(r".*\.(yaml|yml|json|jsonl|jsa|md|so|sh|txt|xml|cpp|hpp|c|h|py|env|svg|properties|log|service|rs|toml)")
FOREIGN = {"context.counter"}


@functools.cache
def schema():
    kclhost = Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost"
    return json.loads(subprocess.run([kclhost, "schema"], check=True, capture_output=True).stdout)


def keys(node=None, above=""):
    """Every key's full name, without the daemon's own."""
    found = set()
    for name, below in (node or schema())["properties"].items():
        found.add(above + name)
        if "properties" in below and above + name != "daemon.properties":
            found |= keys(below, above + name + ".")
    return found


def is_open(node):
    """Anything may stand below it: plugin.config, and the groups of the daemon's properties."""
    return not node.keys() - {"description", "type"} and "object" in node.get("type", ["object"])


def is_known(name, node=None):
    """Whether the program takes the key. Names that have dots in them are the daemon's."""
    node = node or schema()
    if is_open(node) or any(re.search(pattern, name) for pattern in node.get("patternProperties", {})):
        return True
    if "$ref" in node:  # one level below the top
        return is_known(name, schema()["properties"][node["$ref"].split("/")[-1]])
    if "propertyNames" in node:  # any name may stand here
        own, _, below = name.partition(".")
        return bool(re.search(node["propertyNames"]["pattern"], own)) and (not below or is_known(below, node["additionalProperties"]))
    return any(name == key or name.startswith(key + ".") and is_known(name[len(key) + 1:], below)
               for key, below in node.get("properties", {}).items())


def keys_of(value, above=""):
    """The full names of the keys in a YAML document, sections included; flat names with dots stay as they are."""
    found = []
    for name, below in value.items() if isinstance(value, dict) else []:
        found += [above + str(name), *keys_of(below, above + str(name) + ".")]
    return found


def yaml_blocks():
    return [(page, body) for page, text in pages().items() for body in blocks(text, "yaml")]


def launched():
    """The examples that are whole configurations for `kclhost launch`."""
    return [(page, body) for page, body in yaml_blocks()
            if re.search(r"^version:", body, re.MULTILINE) and re.search(r"^  jars:", body, re.MULTILINE)]


def names_in_text():
    """(page, name) of what looks like a key in backquotes: `a.b`, and `a: value`."""
    found = set()
    for page, text in pages().items():
        for span in inline(text):
            name = re.match(r"([A-Za-z_]+(?:\.[A-Za-z_]+)*)(?=: \S|$)", span)
            if not name or FILE.fullmatch(span) or name.group(1) in FOREIGN:
                continue
            if "." in name.group(1) or (":" in span and name.group(1) == span.split(":")[0]):
                found.add((page, name.group(1), span))
    return sorted(found)


def is_known_in_text(name):
    """Whole, by its end where the page speaks of a section (retry.max_attempts), or as the daemon's own."""
    return (is_known(name) or any(key.endswith("." + name) for key in keys())
            or is_known("daemon.properties." + name))


# A log line or a message, whose first word is no key.
SAYS = {"FILE:LINE:COL: message", "FILE:LINE: what, and the cure", "process_records: the worker was CAUSE"}


def test_there_is_something_to_compare():
    assert len(keys()) > 40
    assert is_known("plugin.config.a.b") and is_known("daemon.properties.fanoutConfig.consumerName")
    assert is_known("streams.a-1.plugin.config.b") and not is_known("streams.a.log") and not is_known("streams.A")
    assert not is_known("version.a") and not is_known("daemon.properties.fanoutConfig.consumerNam")
    assert len(yaml_blocks()) >= 3 and len(names_in_text()) > 60


@pytest.mark.parametrize("page, block", yaml_blocks())
def test_the_program_knows_the_keys_of_an_example(page, block):
    wrong = [name for name in keys_of(yaml.safe_load(block)) if not is_known(name)]
    assert not wrong, f"{page} shows {', '.join(wrong)}"


def test_there_are_examples_for_launch():
    assert [page for page, _ in launched()] == ["docs/configuration.md", "docs/daemon.md"]


@pytest.mark.parametrize("page, block", launched())
def test_launch_takes_the_example(page, block, tmp_path):
    file = tmp_path / "kclhost.yaml"
    file.write_text(block)
    places = {name: str(tmp_path) for name in variables_of_the_image()}
    kclhost = Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost"
    done = subprocess.run([kclhost, "launch", "--config", file, "--print-properties"], capture_output=True, text=True, check=False,
                          env={**os.environ, **places})
    assert done.returncode == 0, f"{page}: {done.stderr}"


def variables_of_the_image():
    line, = re.findall(r"^ENV (KCLHOST_.*)$", (TOP / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return set(re.findall(r"(KCLHOST_\w+)=", line))


def test_the_example_for_the_image_takes_its_places():
    section = pages()["docs/daemon.md"].split("\n## In a container\n")[1]
    assert set(re.findall(r"\$\{(\w+)\}", blocks(section, "yaml")[0])) == variables_of_the_image()


def test_the_program_knows_the_keys_of_the_sample():
    sample = yaml.safe_load((TOP / "config/kclhost.yaml").read_text(encoding="utf-8"))
    assert [name for name in keys_of(sample) if not is_known(name)] == []


@pytest.mark.parametrize("page, name, span", names_in_text())
def test_the_program_knows_the_keys_in_the_text(page, name, span):
    assert span in SAYS or is_known_in_text(name), f"{page} names {name}"


def reference():
    """The first column of the table of keys."""
    section = pages()["docs/configuration.md"].split("\n## Keys\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE)


def test_the_reference_has_each_key_once():
    assert sorted(reference()) == sorted(keys())

import hashlib
import json
import re
import shutil

import pytest
from conftest import folder


def test_what_a_plugin_is(kclhost, configuration):
    plugin = configuration.plugins / "minimal_c.so"
    done = kclhost("inspect", plugin)
    assert (done.code, done.stderr) == (0, "")
    shown = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert shown["id"] == "kclhost.minimal_c"
    assert shown["version"] == "1.0.0"
    assert shown["abi"] == "1.0"
    assert shown["checkpoints"] == "by the host"
    assert shown["sha256"] == hashlib.sha256(plugin.read_bytes()).hexdigest()
    assert shown["exports"] == "kclhost_plugin_v1"
    assert "warning" not in shown


def test_as_json(kclhost, configuration):
    plugin = configuration.zoo / "checkpointers.so"
    done = kclhost("inspect", "--json", plugin)
    assert (done.code, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert (shown["id"], shown["version"], shown["checkpointing"]) == ("zoo.checkpointers", "6.6.6", "plugin")
    assert shown["file"] == str(plugin.resolve())
    assert shown["exports"] == ["kclhost_plugin_v1"]
    assert any(name.startswith("libc.so") for name in shown["needs"])
    assert shown["warnings"] == []


def test_a_plugin_that_acknowledges(kclhost):
    plugin = folder("KCLHOST_CORE_PLUGINS_DIR") / "acker.so"
    assert re.search(r"^acknowledges +yes$", kclhost("inspect", plugin).stdout, re.M)
    assert json.loads(kclhost("inspect", "--json", plugin).stdout)["acknowledges"] is True


def test_a_plugin_that_can_run_as_a_shadow(kclhost, configuration):
    plugin = configuration.zoo / "actor_shadow.so"
    assert re.search(r"^can shadow +yes$", kclhost("inspect", plugin).stdout, re.M)
    assert json.loads(kclhost("inspect", "--json", plugin).stdout)["can_shadow"] is True
    plugin = configuration.plugins / "minimal_c.so"
    assert "can shadow" not in kclhost("inspect", plugin).stdout
    assert json.loads(kclhost("inspect", "--json", plugin).stdout)["can_shadow"] is False


def test_the_schema_is_the_plugins(kclhost, configuration):
    done = kclhost("inspect", "--json", configuration.plugins / "word_counter.so")
    assert json.loads(json.loads(done.stdout)["config_schema"])["properties"]


def test_a_path_from_here(kclhost, configuration, tmp_path):
    shutil.copy(configuration.plugins / "noop.so", tmp_path / "here.so")
    assert kclhost("inspect", "here.so").code == 0


@pytest.mark.parametrize("name, said", [
    ("missing.so", "can't be found"),
    (".", "is a directory"),
    ("text.so", "is no ELF file"),
    ("open.so", "mode 0666"),
])
def test_what_is_none(kclhost, configuration, tmp_path, name, said):
    (tmp_path / "text.so").write_text("text\n")
    (tmp_path / "text.so").chmod(0o644)
    shutil.copy(configuration.plugins / "noop.so", tmp_path / "open.so")
    (tmp_path / "open.so").chmod(0o666)
    line = kclhost("inspect", name).complaint(3)
    assert line.startswith("kclhost: plugin ")
    assert said in line


@pytest.mark.parametrize("command", ["inspect", "conformance"])
@pytest.mark.parametrize("name, cure", [
    ("built.os", "did you mean 'built.so'?"),
    ("sub/buildt.so", "did you mean 'sub/built.so'?"),
    ("nope.so", "build it first, or look at its path"),
])
def test_one_that_is_not_there_gets_its_cure(kclhost, tmp_path, command, name, cure):
    (tmp_path / "sub").mkdir()
    for path in "built.so", "sub/built.so":
        (tmp_path / path).write_text("")
    assert kclhost(command, name).complaint(3) == f"kclhost: plugin {name} can't be found: No such file or directory; {cure}"


@pytest.mark.parametrize("name, said", [
    ("entry_segv.so", "killed by SIGSEGV"),
    ("undefined_symbol.so", "nowhere_defined"),
    ("wrong_major.so", "wrong_major.so speaks ABI major 2"),
    ("null_table.so", "null_table.so returned NULL"),
    ("missing_function.so", "missing_function.so has no shard_ended function"),
])
def test_what_cant_be_loaded(kclhost, configuration, name, said):
    line = kclhost("inspect", configuration.zoo / name).complaint(3)
    assert name in line and said in line

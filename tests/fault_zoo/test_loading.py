"""Plugins that fail to load, and files that are none: exit code 3, and one line that says why."""
import os
import platform
import shutil
import struct
import subprocess

import pytest

from shard import BIN, PATIENCE, PLUGINS, SANITIZED, ZOO, Ended, environment, record, sha256_of, write_config

MACHINE_OFFSET, CLASS_OFFSET = 18, 4  # in the ELF header
AARCH64, X86_64 = 183, 62


def refuse(shard, *texts):
    """The program ends with code 3, says nothing to the daemon, and one line to the user."""
    with pytest.raises(Ended):
        shard.initialize()
    assert shard.finish() == 3, shard.stderr()
    assert len(shard.errors()) == 1, shard.stderr()
    for text in texts:
        assert text in shard.errors()[0]["message"]


def check(directory, plugin, *texts, **settings):
    """`kclhost check` finds the same."""
    file = write_config(directory, plugin, **settings)
    done = subprocess.run([BIN / "kclhost", "check", "--config", file], capture_output=True, text=True, timeout=PATIENCE,
                          env=environment(), check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    for text in texts:
        assert text in said
    assert [line for line in said.splitlines() if f"{file}:1:" in line], said


BAD_PLUGINS = [
    ("only_v2", "kclhost_plugin_v2"),
    ("no_entry", "kclhost_plugin_v1"),
    ("null_table", "returned NULL"),
    ("short_table", "has a table of 64 bytes"),
    ("wrong_major", "ABI major 2"),
    ("unknown_flag", "0x40000000"),
    ("no_id", "id"),
    ("missing_function", "shard_ended"),
    ("undefined_symbol", "nowhere_defined"),
    ("load_segv", "SIGSEGV"),
    ("load_call_exit", "exit(5)"),
    ("load_throw_int", "SIGABRT"),
    ("entry_segv", "SIGSEGV"),
    ("entry_call_exit", "exit(5)"),
    ("entry_throw_int", ""),
]


@pytest.mark.parametrize("name, said", BAD_PLUGINS)
def test_run_refuses_the_plugin(start, name, said):
    refuse(start(name + ".so"), name + ".so", said)


@pytest.mark.parametrize("name, said", BAD_PLUGINS)
def test_check_refuses_the_plugin(tmp_path, name, said):
    check(tmp_path, name + ".so", said)


@pytest.mark.parametrize("name", ["load_hang", "entry_hang"])
def test_loading_has_to_end(start, name):
    refuse(start(name + ".so", timeouts={"initialize": "2s"}), name + ".so")


@pytest.mark.parametrize("isolation", ["process", "none"])
@pytest.mark.parametrize("name", ["load_print", "entry_print"])
def test_what_is_printed_while_loading_reaches_the_log_only(start, name, isolation):
    shard = start(name + ".so", isolation=isolation)
    shard.initialize()
    shard.process_records(record(1, "a"))
    shard.lose_lease()
    assert shard.finish() == 0
    assert "load" in shard.stderr()


# ---- files that are no plugins; each function makes one and says what the line is to say


def text_file(path):
    path.write_text("I am no plugin.\n", encoding="utf-8")
    return "ELF"


def empty_file(path):
    path.write_bytes(b"")
    return ""


def directory(path):
    path.mkdir()
    return "directory"


def fifo(path):
    os.mkfifo(path)
    return "regular file"


def missing(path):
    return "No such file"


def truncated(path):
    path.write_bytes((PLUGINS / "noop.so").read_bytes()[:-4000])
    return "truncated"


def header_only(path):
    path.write_bytes((PLUGINS / "noop.so").read_bytes()[:64])
    return ""


def patched(path, offset, value):
    image = bytearray((PLUGINS / "noop.so").read_bytes())
    image[offset:offset + len(value)] = value
    path.write_bytes(image)


def class_32_bit(path):
    patched(path, CLASS_OFFSET, b"\x01")
    return "32-bit"


def foreign_machine(path):
    patched(path, MACHINE_OFFSET, struct.pack("<H", AARCH64 if platform.machine() == "x86_64" else X86_64))
    return ""


def executable(path):
    shutil.copy(BIN / "kclhost", path)
    return ""


def world_writable(path):
    shutil.copy(PLUGINS / "noop.so", path)
    path.chmod(0o757)
    return "writable"


def group_writable(path):
    shutil.copy(PLUGINS / "noop.so", path)
    path.chmod(0o775)
    return "writable"


def escaping_symlink(path):
    path.symlink_to(PLUGINS / "noop.so")
    return "plugins_dir"


FILES = [text_file, empty_file, directory, fifo, missing, truncated, header_only, class_32_bit, foreign_machine, executable,
         world_writable, group_writable, escaping_symlink]


@pytest.fixture
def plugins_dir(tmp_path):
    made = tmp_path / "plugins"
    made.mkdir()
    return made


@pytest.mark.parametrize("make", FILES)
def test_run_refuses_the_file(start, plugins_dir, make):
    said = make(plugins_dir / "it.so")
    refuse(start("it.so", plugins_dir=plugins_dir), "it.so", said)


@pytest.mark.parametrize("make", FILES)
def test_check_refuses_the_file(tmp_path, plugins_dir, make):
    said = make(plugins_dir / "it.so")
    check(tmp_path, "it.so", said, plugins_dir=plugins_dir)


@pytest.mark.parametrize("path", ["../noop.so", "sub/../../noop.so", str(PLUGINS / "noop.so")])
def test_a_path_may_not_leave_plugins_dir(start, plugins_dir, path):
    shutil.copy(PLUGINS / "noop.so", plugins_dir.parent / "noop.so")
    (plugins_dir / "sub").mkdir()
    refuse(start(path, plugins_dir=plugins_dir), "plugins_dir")


def test_a_symlink_inside_plugins_dir_is_followed(start, plugins_dir):
    shutil.copy(PLUGINS / "noop.so", plugins_dir / "noop-1.0.so")
    (plugins_dir / "noop.so").symlink_to("noop-1.0.so")
    shard = start("noop.so", plugins_dir=plugins_dir)
    shard.initialize()
    shard.lose_lease()
    assert shard.finish() == 0


def test_the_pin_must_match(start, tmp_path):
    wrong = "0" * 64
    refuse(start("noop.so", plugins_dir=PLUGINS, sha256=wrong), "sha256", sha256_of(PLUGINS / "noop.so"))
    check(tmp_path, "noop.so", "sha256", plugins_dir=PLUGINS, sha256=wrong)
    shard = start("noop.so", plugins_dir=PLUGINS, sha256=sha256_of(PLUGINS / "noop.so"))
    shard.initialize()
    shard.lose_lease()
    assert shard.finish() == 0


def test_overwriting_the_file_does_not_reach_a_running_worker(start, plugins_dir):
    shutil.copy(ZOO / "recorder.so", plugins_dir / "it.so")
    shard = start("it.so", {"dir": str(plugins_dir)}, plugins_dir=plugins_dir)
    shard.initialize()
    with open(plugins_dir / "it.so", "r+b") as file:
        file.truncate(0)
    shard.process_records(record(1, "a"))
    shard.lose_lease()
    assert shard.finish() == 0

"""The Rust crate: it passes its own tests, docs/rust.md is true, and plugins that are made with it run in kclhost."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
CRATE = TOP / "sdk/rust"
sys.path.insert(0, str(TOP / "tests/docs"))
from pages import blocks, pages  # noqa: E402

GUIDE = pages()["docs/rust.md"]
SHOWN = blocks(GUIDE, "rust")
WHOLE = [body for body in SHOWN if "kclhost::plugin!" in body]
AT_ONCE = {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "1ms"}
# What stands around a piece that is not a whole file.
PIECE = """use kclhost::*;

#[allow(unreachable_code)]
pub fn shown(context: &Context, batch: &Batch) -> Result<(), Failure> {
    let _ = (context, batch);
    %s
    Ok(())
}
"""


def records(*texts):
    """What replay reads, with sequence numbers from 101 on."""
    return "".join(json.dumps({"text": text, "sequenceNumber": str(101 + i)}) + "\n" for i, text in enumerate(texts))


def environment():
    """Debian's Rust, and nothing of the user's own configuration."""
    folder = pathlib.Path(os.environ["KCLHOST_RUST_DIR"])
    path = os.pathsep.join([os.environ["KCLHOST_BIN_DIR"], "/usr/bin", os.environ["PATH"]])
    if shutil.which("cargo", path=path) is None:
        pytest.fail("cargo is missing; scripts/install-deps test installs it")
    return {**os.environ, "PATH": path, "CARGO_HOME": str(folder / "home"), "CARGO_TARGET_DIR": str(folder / "target"),
            "CARGO_NET_OFFLINE": "true", "RUSTFLAGS": "-Dwarnings", "RUST_BACKTRACE": "0"}


def run(*command, cwd, code=0, **more):
    done = subprocess.run([str(word) for word in command], cwd=cwd, env={**environment(), **more.pop("env", {})},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=0o022, **more)
    assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def project(name, source):
    """The guide's project with another name and source, beside a checkout. Its folder is the same each time: so cargo keeps
    one build of it."""
    folder = pathlib.Path(os.environ["KCLHOST_RUST_DIR"], "projects", name)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "src").mkdir(parents=True)
    checkout = folder.with_name("kclhost")
    if not checkout.is_symlink():
        checkout.symlink_to(TOP)
    manifest, = blocks(GUIDE, "toml")
    (folder / "Cargo.toml").write_text(manifest.replace('"greeter"', f'"{name}"'))
    (folder / "src/lib.rs").write_text(source)
    return folder


def build(name, source):
    """Builds a plugin; the folder that has it, and its file's name."""
    run("cargo", "build", cwd=project(name, source))
    return pathlib.Path(environment()["CARGO_TARGET_DIR"], "debug"), f"lib{name}.so"


@pytest.fixture
def configure(tmp_path):
    def write(plugin, config=None, **more):
        file = tmp_path / "kclhost.yaml"
        file.write_text(json.dumps({
            "version": 1, "plugins_dir": str(plugin[0]), "plugin": {"path": plugin[1], "config": config or {}},
            "state_dir": str(tmp_path / "state"), "log": {"format": "text"},
            "on_error": {"retry": AT_ONCE, "then": "skip"}, **more}))
        return file
    return write


@pytest.fixture
def replay(tmp_path):
    def replay_records(config, records, *options, code=0):
        report = tmp_path / "report.json"
        done = run("kclhost", "replay", "--config", config, "--report", report, *options, "-",
                   cwd=tmp_path, code=code, input=records)
        done.report = json.loads(report.read_text()) if report.exists() else None
        return done
    return replay_records


@pytest.fixture(scope="session")
def filter_plugin():
    run("cargo", "build", "--locked", "--example", "filter", cwd=CRATE)
    return pathlib.Path(environment()["CARGO_TARGET_DIR"], "debug/examples"), "libfilter.so"


def test_the_crate_passes_its_tests():
    done = run("cargo", "test", "--locked", cwd=CRATE)
    for name in ("the_layout_is_the_headers", "nothing_reaches_the_host_when_the_instance_has_ended"):
        assert f"test {name} ... ok" in done.stdout
    assert "compile fail ... ok" in done.stdout


def test_the_smallest_plugin(configure, replay):
    """tests/new runs the guide's commands."""
    done = replay(configure(build("greeter", WHOLE[0])), records("hello"))
    assert done.stderr.count("hello") == 1


@pytest.mark.parametrize("piece", range(len(SHOWN) - len(WHOLE)))
def test_a_piece_of_the_guide_compiles(piece):
    source = [body for body in SHOWN if body not in WHOLE][piece]
    run("cargo", "check", cwd=project(f"piece{piece}", PIECE % source))


def test_the_only_symbol(filter_plugin):
    done = run("nm", "-D", "--defined-only", filter_plugin[0] / filter_plugin[1], cwd=TOP)
    assert [line.split()[1:] for line in done.stdout.splitlines()] == [["T", "kclhost_plugin_v1"]]


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_the_example_filters(filter_plugin, configure, tmp_path, replay, isolation):
    config = configure(filter_plugin, {"word": "stop"}, isolation=isolation)
    lines = tmp_path / "lines"
    lines.write_bytes(b"go on\nstop here\n\xff\xfe\nfull stop\n")
    done = run("kclhost", "replay", "--config", config, "--format", "lines", "--report", tmp_path / "report.json", lines,
               cwd=tmp_path)
    assert "stop here" in done.stderr and "full stop" in done.stderr and "go on" not in done.stderr
    assert "invalid utf-8" in done.stderr  # why the third was rejected
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["metrics"] == [{"name": "found", "kind": "counter", "value": 2}]


def test_the_example_checks_its_configuration(filter_plugin, configure):
    assert run("kclhost", "inspect", filter_plugin[0] / filter_plugin[1], cwd=TOP).stdout.count("that have a word") == 1
    run("kclhost", "check", "--config", configure(filter_plugin, {"word": "stop"}), cwd=TOP)
    schema = run("kclhost", "check", "--config", configure(filter_plugin, {"word": 7}), cwd=TOP, code=2)
    assert "does not fit the plugin's schema" in schema.stderr
    own = run("kclhost", "check", "--config", configure(filter_plugin, {"word": ""}), cwd=TOP, code=2)
    assert "plugin.config.word must be a word without quotes and backslashes" in own.stderr


def test_a_panic_is_a_failure_of_the_call(configure, replay):
    plugin = build("panics", (HERE / "plugins/panics.rs").read_text())
    done = replay(configure(plugin), records("one", "panic", "two"), "--batch", 1)
    assert "what is " in done.stderr and "(panic)" in done.stderr
    assert "seen: 2" in done.stderr  # by the same instance
    refused = replay(configure(plugin, {"at": "new"}, on_error={"retry": AT_ONCE, "then": "stop"}), records("one"), code=3)
    assert "not today (panic)" in refused.stderr
    dropped = replay(configure(plugin, {"at": "drop"}), records("one"))
    assert "dropped" in dropped.stderr and "seen: 1" in dropped.stderr
    checked = run("kclhost", "check", "--config", configure(plugin, {"at": "check"}), cwd=TOP, code=2)
    assert "nobody checks this" in checked.stderr


@pytest.mark.parametrize("at, failed", [
    ("finish", ["shutdown_requested failed: no Shutdown today (panic)", "shard_ended failed: no ShardEnded today (panic)"]),
    ("tick", ["tick failed: tock (panic)"]),
    ("lease, drop", ["lease_lost failed: it is not lost (panic)"]),
])
def test_a_panic_costs_neither_the_process_nor_memory(at, failed):
    folder, name = build("panics", (HERE / "plugins/panics.rs").read_text())
    done = run("kclhost", "conformance", folder / name, "--config", json.dumps({"at": at}), "--json", cwd=TOP,
               code=0 if at == "tick" else 1)
    found = [one["did"] for one in json.loads(done.stdout)["findings"]]
    assert set(failed) <= set(found), found
    assert all(" failed: " in one for one in found), "it has died, or leaks"


def test_records_are_acknowledged_from_a_thread(configure, replay):
    done = replay(configure(build("uploader", WHOLE[1])), records("one", "two", "three"), "--batch", 1)
    assert done.report["lastCheckpoint"]["sequenceNumber"] == "103", done.report


def test_a_plugin_checkpoints(configure, replay):
    done = replay(configure(build("batcher", WHOLE[2])), records("one", "two", "three"), "--batch", 1)
    assert done.report["lastCheckpoint"]["sequenceNumber"] == "103", done.report
    assert done.report["checkpoints"] == 1, done.report  # its own, at the end

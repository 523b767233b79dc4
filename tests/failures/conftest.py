import os
import json
import shutil
import subprocess
from pathlib import Path

import pytest

BIN = Path(os.environ["KCLHOST_BIN_DIR"]) / "kclhost"
ZOO = Path(os.environ["KCLHOST_ZOO_DIR"])
PLUGINS = Path(os.environ["KCLHOST_PLUGINS_DIR"])
SHARD = "shardId-000000000000"


class World:
    """A plugins_dir with one plugin, a state_dir, what the plugin wrote down, and a shard's checkpoint that outlives runs."""

    def __init__(self, directory: Path):
        self.dir = directory
        self.records_dir = directory / "records"
        self.plugins = directory / "plugins"
        self.state = directory / "state"
        self.checkpoint = directory / "checkpoint.json"
        for folder in (self.records_dir, self.plugins):
            folder.mkdir()
        self.install(ZOO / "recorder.so")
        self.inputs = directory / "input.jsonl"
        self.processes = []

    def install(self, source: Path):
        """Puts a plugin where the configuration looks, the way a deployment does: whole or not at all."""
        shutil.copy(source, self.plugins / "new")
        os.chmod(self.plugins / "new", 0o755)
        os.rename(self.plugins / "new", self.plugins / "plugin.so")

    def write_input(self, texts, keys=50):
        self.inputs.write_text("".join(
            json.dumps({"text": text, "partitionKey": f"key-{i % keys}"}) + "\n" for i, text in enumerate(texts)))

    def configure(self, on_error, **more):
        config = {
            "version": 1, "plugins_dir": str(self.plugins), "state_dir": str(self.state),
            "plugin": {"path": "plugin.so", "config": {"dir": str(self.records_dir), "poison": True}},
            "log": {"format": "json", "sink": "stderr"},
            "on_error": {"retry": {"max_attempts": 3, "initial_backoff": "1ms", "max_backoff": "5ms"}, **on_error},
            # A machine that is busy makes no new file a bad one.
            "timeouts": {"swap": "1h"}, "rollout": {"undo_on": {"call_longer_than": "1h"}},
            **more}
        path = self.dir / "config.yaml"
        path.write_text(json.dumps(config))  # JSON is YAML
        return path

    def command(self, config, batch=10_000, *more):
        return [BIN, "replay", "--config", config, "--batch", str(batch), "--checkpoint-file", self.checkpoint, *more,
                self.inputs]

    def replay(self, config, batch=10_000, *more, inside=()):
        """To its end; `inside` is the front of a command that runs another."""
        done = subprocess.run([*inside, *self.command(config, batch, *more)], capture_output=True, text=True)
        return Run(done.returncode, done.stdout, done.stderr)

    def start(self, config, batch=10_000, *more):
        log = open(self.dir / "log", "w")
        process = subprocess.Popen(self.command(config, batch, *more), stdout=subprocess.DEVNULL, stderr=log)
        self.processes.append(process)
        return process

    def log(self):
        return log_lines((self.dir / "log").read_text())

    def delivered(self):
        """Every record that was written down, in that order: (index in the input, line)."""
        file = self.records_dir / f"{SHARD}.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [line for line in lines if "event" not in line]

    def checkpointed(self):
        return json.loads(self.checkpoint.read_text()) if self.checkpoint.exists() else None

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def log_lines(text):
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            pass  # replay's own
    return lines


class Run:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.log = log_lines(err)

    def lines(self, part):
        return [line for line in self.log if part in line["message"]]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()

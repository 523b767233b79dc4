"""A configuration with its dead letters, and the program that looks after them."""
import base64
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault_zoo"))

from shard import BIN, PATIENCE, SHARD_ID, Shard, environment, record, write_config  # noqa: E402,F401

STREAM = "words"
APPLICATION = "words-app"


class Desk:
    """A directory with a configuration, its dead letters, and what the recorder plugin wrote down."""

    def __init__(self, directory):
        self.directory = directory
        self.letters = directory / "state" / "dead-letters"
        self.recorded = directory / "recorded"
        self.recorded.mkdir()
        self.shards = []
        self.configure()

    def configure(self, plugin="recorder.so", config=None, **settings):
        config = {"dir": str(self.recorded), "poison": True} | (config or {})
        settings = {"on_error": {"retry": {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "1ms"},
                                 "then": "dead_letter"},
                    "daemon": {"properties": {"streamName": STREAM, "applicationName": APPLICATION}}} | settings
        self.settings = (plugin, config, settings)
        self.config = write_config(self.directory, plugin, config, **settings)

    def run(self):
        """A `kclhost run`, which ends with the test."""
        plugin, config, settings = self.settings
        self.shards.append(Shard(self.directory, plugin, config, **settings))
        return self.shards[-1]

    def __call__(self, *arguments):
        command, *rest = arguments
        return subprocess.run([BIN / "kclhost", "dead-letters", command, "--config", self.config, *rest],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, env=environment(),
                              check=False)

    def put(self, *letters, shard="shardId-000000000007", stamp=None, of_replays=False):
        """Writes letters into a shard's file, or into one that was set aside."""
        self.letters.mkdir(parents=True, exist_ok=True)
        name = f"{'replay%3A' if of_replays else ''}{APPLICATION}%40{STREAM}.{shard}.{stamp + '.' if stamp else ''}jsonl"
        with open(self.letters / name, "a", encoding="utf-8") as file:
            for letter in letters:
                file.write(json.dumps({"dead_letter": 1} | letter, separators=(",", ":")) + "\n")

    def listed(self):
        """(shard, sequence number, attempts) of all, as the program tells."""
        result = self("list", "--json")
        assert result.returncode == 0, result.stderr
        return [(each["shard"], each["sequence_number"], each["attempts"]) for each in json.loads(result.stdout)]

    def events(self, shard="shardId-000000000007"):
        file = self.recorded / f"{shard}.jsonl"
        return [json.loads(line) for line in file.read_text().split("\n")[:-1]] if file.exists() else []

    def records(self, shard="shardId-000000000007"):
        return [event for event in self.events(shard) if "sha256" in event]


def make_letter(sequence_number, data=b"data", shard="shardId-000000000007", sub_sequence_number=0, age=0, **members):
    tried = int((time.time() - age) * 1000)
    return {"stream": "words", "application": APPLICATION, "shard": shard, "sequence_number": str(sequence_number),
            "sub_sequence_number": sub_sequence_number, "partition_key": f"key-{sequence_number}",
            "arrival_ms": 1700000000000, "plugin": "com.example.old", "plugin_version": "0.9", "generation": 1,
            "error_code": "FAILED", "error_text": "it failed", "attempts": 3, "first_try_ms": tried,
            "last_try_ms": tried, "data": base64.b64encode(data).decode()} | members


def sha256(data):
    return hashlib.sha256(data).hexdigest()

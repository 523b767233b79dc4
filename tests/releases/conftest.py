"""A host in the hands of a stand-in for the daemon, and the files that its releases are made of."""
import json
import os
import pathlib
import shutil
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
for folder in ("support", "hub", "fault_zoo"):
    sys.path.insert(0, str(HERE.parent / folder))

from launch import Launch  # noqa: E402
from shard import BIN, PLUGINS, SANITIZED, ZOO, Shard, record, write_config  # noqa: E402

DISK_FAULTS = pathlib.Path(os.environ["KCLHOST_DRIVER_DIR"]) / "disk_faults.so"

APPLICATION = {"properties": {"applicationName": "orders", "streamName": "events"}}
DEAD_LETTER = {"retry": {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "5ms"}, "then": "dead_letter"}
# A machine that is busy makes no release a bad one: a test that is about these limits has its own.
PATIENT = {"call_longer_than": "1h"}
PATIENT_SWAP = {"swap": "1h"}
ON_TRIAL_FOR_LONG = {"bake": {"time": "1h"}, "undo_on": PATIENT}
AT_ONCE = {"bake": {"time": "0s", "records": 1}, "undo_on": PATIENT}


def pytest_addoption(parser):
    parser.addoption("--swaps", type=int, default=40, help="so many where it is about what they leave behind")


class Deployment:
    """A plugins_dir and a configuration that somebody changes while hosts run."""

    def __init__(self, directory):
        self.directory = directory
        self.plugins = directory / "plugins"
        self.plugins.mkdir()
        self.notes_file = directory / "notes"
        self.hosts = []
        self.settings = {"plugins_dir": self.plugins, "on_error": DEAD_LETTER, "daemon": APPLICATION,
                         "rollout": AT_ONCE, "timeouts": PATIENT_SWAP}
        self.plugin, self.config = "plugin.so", {"notes": str(self.notes_file)}
        self.number = 100

    # ---- What a team does

    def rename(self, plugin, name="plugin.so", tail=""):
        """A whole file takes the place of the other at once; a tail makes another content of it."""
        (self.plugins / "new").write_bytes((ZOO / plugin).read_bytes() + tail.encode())
        os.chmod(self.plugins / "new", 0o755)
        os.rename(self.plugins / "new", self.plugins / name)

    def copy_over(self, plugin):
        """As `cp` does it: the file is cut to nothing, and grows."""
        content = (ZOO / plugin).read_bytes()
        with open(self.plugins / "plugin.so", "r+b") as file:
            file.truncate(0)
            for begin in range(0, len(content), 50_000):
                file.write(content[begin:begin + 50_000])
                file.flush()

    def switch_link(self, plugin):
        """As Kubernetes does with a ConfigMap: plugin.so is a link into ..data, which is a link that is switched."""
        folder = self.plugins / f"..{plugin}.{len(list(self.plugins.iterdir()))}"
        folder.mkdir()
        shutil.copy(ZOO / plugin, folder / "plugin.so")
        os.chmod(folder / "plugin.so", 0o755)
        os.symlink(folder.name, self.plugins / "..next")
        os.rename(self.plugins / "..next", self.plugins / "..data")
        if not (self.plugins / "plugin.so").is_symlink():
            os.symlink("..data/plugin.so", self.plugins / "link")
            os.rename(self.plugins / "link", self.plugins / "plugin.so")

    def configure(self, plugin=None, **config):
        """Another file by name, or another plugin.config."""
        if plugin:
            self.rename(plugin, plugin)
            self.plugin = plugin
        self.config |= config
        write_config(self.directory, self.plugin, self.config, state_dir=str(self.directory / "state"), **self.settings)

    def start(self, plugin=None, shard=None, **settings):
        """A host; it begins with `plugin` where nothing is in place. Of several, each has a `shard` of its own."""
        self.settings |= settings
        if plugin:
            self.rename(plugin)
        folder = self.directory / shard if shard else self.directory
        folder.mkdir(exist_ok=True)
        host = Shard(folder, self.plugin, self.config, state_dir=str(self.directory / "state"), **self.settings)
        self.hosts.append(host)
        if shard:
            host.ask({"shardId": shard, "sequenceNumber": "TRIM_HORIZON", "subSequenceNumber": 0, "action": "initialize"})
        else:
            host.initialize()
        return host

    # ---- What comes of it

    def machine(self, plugin, shards=4, **rollout):
        """That many hosts, on which release 1 has processed a record each."""
        hosts = [self.start(plugin if number == 0 else None, shard=f"shard-{number}",
                            rollout={"undo_on": PATIENT} | rollout)
                 for number in range(shards)]
        for host in hosts:
            self.process(host, "one")
        return hosts

    def process(self, host, *texts):
        """A batch of records with these texts."""
        records = []
        for text in texts:
            self.number += 1
            records.append(record(self.number, text))
        host.process_records(*records)

    def notes(self, event="accepted"):
        whole = self.notes_file.read_text().split("\n")[:-1] if self.notes_file.exists() else []
        return [note for note in map(json.loads, whole) if note["event"] == event]

    def state(self):
        [file] = (self.directory / "state" / "releases").glob("of-*.json")
        return json.loads(file.read_text())

    def dead_letters(self):
        folder = self.directory / "state" / "dead-letters"
        files = folder.glob("*.jsonl") if folder.exists() else []
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture
def deployment(tmp_path):
    it = Deployment(tmp_path)
    yield it
    for host in it.hosts:
        host.__exit__()


@pytest.fixture
def launch(tmp_path):
    """launch(**settings): one whose daemon runs, and the actor is its plugin."""
    made = []

    def make(**settings):
        directory = tmp_path / str(len(made))
        directory.mkdir()
        plugin = {"path": "actor.so", "config": {"notes": str(directory / "notes")}}
        made.append(Launch(BIN / "kclhost", directory, plugin, **{"plugins": ZOO} | settings))
        return made[-1].begin()

    yield make
    for one in made:
        one.clean_up()


def hang_up(host):
    os.kill(host.process.pid, signal.SIGHUP)

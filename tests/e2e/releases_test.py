"""Releases change while records flow: the daemon, the leases and the records do not notice."""
import json
import os
import shutil
import threading

import promises
import recordings
from application import Application
from scenario import scenario

SWAPS = 20
SHARDS = 4
# A machine that is busy makes no release a bad one.
PATIENCE = "1h"


class Releases:
    """The plugin and the configuration of an application, which somebody changes; each release writes to its own folder."""

    def __init__(self, stage):
        self.stage = stage
        self.plugins = stage.directory / "plugins"
        self.plugins.mkdir()
        self.install("recorder.so")

    def install(self, plugin: str):
        shutil.copy(self.stage.zoo / plugin, self.plugins / "new")
        os.rename(self.plugins / "new", self.plugins / "recorder.so")

    def configure(self, daemon, number: int):
        """Another plugin.config: from now on the records go to a folder of their own."""
        folder = daemon.directory / f"records-{number}"
        folder.mkdir()
        file = daemon.directory / "kclhost.yaml"
        settings = json.loads(file.read_text())
        settings["plugin"]["config"]["dir"] = str(folder)
        (daemon.directory / "next").write_text(json.dumps(settings))
        os.rename(daemon.directory / "next", file)


def folders(daemon):
    """Where the releases wrote, in their order."""
    return [daemon.records, *sorted(daemon.directory.glob("records-*"), key=lambda path: int(path.name.split("-")[1]))]


def begun(daemon) -> set:
    """The instances that were initialized so far: each is a process of its own."""
    return {(instance.shard, instance.pid) for folder in folders(daemon) for instance in recordings.read(folder)
            if instance.start is not None}


def delivered(daemon):
    return [(instance.shard, record.position) for folder in folders(daemon) for instance in recordings.read(folder)
            for record in instance.records]


@scenario
def test_swaps_under_load(stage):
    releases = Releases(stage)
    application = Application(stage, shards=SHARDS, settings={"plugins_dir": str(releases.plugins),
                                                              "timeouts": {"swap": PATIENCE},
                                                              "rollout": {"bake": {"time": "0s", "records": 1},
                                                                          "undo_on": {"call_longer_than": PATIENCE}}})
    daemon = application.start()
    load = threading.Event()

    def put():
        while not load.wait(0.1):
            application.producer.put(application.producer.single(300) for _ in range(20))

    producer = threading.Thread(target=put)
    producer.start()
    try:
        application.until(lambda: len({shard for shard, _ in delivered(daemon)}) == SHARDS, "records on every shard")
        owners = {shard: lease["leaseOwner"] for shard, lease in application.leases().items()}
        pid = daemon.process.pid
        for swap in range(1, SWAPS + 1):
            before = begun(daemon)
            if swap % 2:
                releases.configure(daemon, swap)
            else:
                releases.install("recorder_cured.so" if swap % 4 else "recorder.so")
            application.until(lambda: {shard for shard, _ in begun(daemon) - before} == set(owners),
                              f"swap {swap} on every shard")
            seen = len(delivered(daemon))
            application.until(lambda: len(delivered(daemon)) > seen + SHARDS, f"records after swap {swap}")
    finally:
        load.set()
        producer.join()
    application.until(lambda: len(set(delivered(daemon))) >= application.producer.total(), "all records delivered")
    application.until(lambda: not application.unfinished(), "every lease at its end")
    assert daemon.process.pid == pid and daemon.running()
    assert {shard: lease["leaseOwner"] for shard, lease in application.leases().items()} == owners
    got = delivered(daemon)
    assert sorted(got) == sorted(application.sent()), "each record once, whichever release had it"
    for folder in folders(daemon):
        for instance in recordings.read(folder):
            promises.check_content(instance, application.producer.sent.get(instance.shard, {}))

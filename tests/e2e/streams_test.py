"""Two streams under one kclhost launch, and one of their daemons dies."""
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import fetch
import promises
import recordings
import services
from application import JVM_OPTIONS, PROPERTIES, Application
from prometheus_client.parser import text_string_to_metric_families
from scenario import scenario

NAMES = ("clicks", "orders")
FIRST, MORE = 300, 1000  # records on each stream: to come up with, and in the middle of which one dies


class OneStream:
    """What an application sees of its stream's daemons, one after the other under the same launch."""

    def __init__(self, name, launch, records):
        self.name, self.launch, self.records = name, launch, records
        self.leases_before = {}

    def instances(self):
        return recordings.read(self.records)

    def running(self):
        return self.launch.running()

    def output(self):
        return self.launch.output()


class Launched:
    def __init__(self, stage):
        self.stage = stage
        self.applications = {name: Application(stage, shards=2) for name in NAMES}
        directory = stage.directory
        common = {**stage.services.daemon_properties(), **PROPERTIES}
        streams = {}
        for name, application in self.applications.items():
            application.put(application.producer.single(500) for _ in range(FIRST))
            (directory / name).mkdir()
            streams[name] = {"plugin": {"config": {"dir": str(directory / name), "delay_us": 5000}},
                             "daemon": {"properties": {"streamName": application.stream, "applicationName": application.name}}}
        self.config = directory / "kclhost.yaml"
        self.config.write_text(json.dumps({
            "version": 1, "plugins_dir": str(stage.zoo), "plugin": {"path": "recorder.so"}, "state_dir": str(directory / "state"),
            "metrics": {"listen": "127.0.0.1:0"}, "checkpoint": {"interval": "1s"},
            "daemon": {"jars": str(fetch.daemon()), "jvm_options": list(JVM_OPTIONS), "properties": common,
                       "logback": str(fetch.ROOT / "config/daemon/logback.xml")}, "streams": streams}))
        self.process = stage.enter(services.Process([stage.kclhost, "launch", "--config", self.config], directory / "launch.log",
                                                    env=stage.services.environment()))
        for name, application in self.applications.items():
            application.daemons.append(OneStream(name, self.process, directory / name))

    def told(self):
        """What /shards has."""
        done = subprocess.run([self.stage.kclhost, "status", "--json", "--config", self.config], capture_output=True, text=True)
        return json.loads(done.stdout)

    def stream(self, name):
        return next(one for one in self.told()["streams"] if one["name"] == name)

    def hosts(self, name):
        """The shards' hosts, by shard."""
        return {shard["shard"]: shard["pid"] for shard in self.told()["shards"] if shard["stream"] == name}

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.told()['launch']['metrics']}{path}", timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def finished(self, name):
        """The records of the stream that were processed, by the page of metrics."""
        return sum(sample.value for family in text_string_to_metric_families(self.get("/metrics")) for sample in family.samples
                   if sample.name == "kclhost_finished_records_total" and sample.labels["stream"] == name
                   and sample.labels["outcome"] == "processed")

    def daemon(self, name):
        launch = self.stream(name)["pid"]
        for child in Path(f"/proc/{launch}/task/{launch}/children").read_text().split():
            if b"MultiLangDaemon" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        raise AssertionError("the stream's launch has no daemon")


@scenario(long=True)
def test_one_daemon_dies_of_two(stage):
    here = Launched(stage)
    clicks, orders = (here.applications[name] for name in NAMES)
    for application in (clicks, orders):
        application.until_delivered(1)
    stage.until(lambda: len(here.hosts("clicks")) == 2, "both shards of the one that stays")
    hosts, daemon, leases, victim = here.hosts("clicks"), here.daemon("clicks"), clicks.leases(), here.daemon("orders")
    for application in (clicks, orders):
        application.put(application.producer.single(500) for _ in range(MORE))
    orders.until(lambda: len(orders.delivered()) > FIRST, "more records are delivered")

    os.kill(victim, signal.SIGKILL)
    stage.until(lambda: here.stream("orders")["restarts"] > 0 and here.stream("orders")["daemon"], "it is started again")
    for application in (clicks, orders):
        application.until_finished()

    assert here.hosts("clicks") == hosts and here.daemon("clicks") == daemon
    assert here.stream("clicks")["restarts"] == 0
    for shard, lease in clicks.leases().items():
        assert lease["leaseOwner"] == leases[shard]["leaseOwner"]
        assert lease["leaseCounter"] > leases[shard]["leaseCounter"]
    assert here.finished("clicks") == FIRST + MORE, "each record was counted once"
    stage.until(lambda: here.get("/readyz") == "ok\n", "/readyz")
    stage.until(lambda: {shard["stream"] for shard in here.told()["shards"]} == set(NAMES), "/shards to have both")
    here.process.send(signal.SIGTERM)
    assert here.process.wait() == 0
    for application in (clicks, orders):
        promises.check(application)

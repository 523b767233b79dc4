"""A KCL application whose record processor writes down what it gets, and the daemons that run it."""
import json
from itertools import count
from pathlib import Path

import recordings
import services
from records import Position, Producer
from scenario import Stage

# Set for a daemon and inherited by its hosts and their workers: how a test finds them.
MARK = "KCLHOST_E2E_DAEMON"

# Everything that makes the KCL wait less, and small batches, so that there is a middle to stop in.
# Leases move without graceful hand-off: the KCL (3.1.3) loses sight of a lease that is to be handed off, often to a daemon
# that has just ended, while its consumer is still being set up or waits for a parent shard. The old owner renews it for
# ever, and nobody reads the shard. 3.4.2 to 3.5.0 have repairs for that.
PROPERTIES = {"idleTimeBetweenReadsInMillis": 250, "parentShardPollIntervalMillis": 1000, "maxRecords": 100,
              "callProcessRecordsEvenForEmptyRecordList": "true", "shutdownGraceMillis": 60000,
              "isGracefulLeaseHandoffEnabled": "false"}
# The KCL asks Kinesis for the shards before a daemon's first batch, and says this when it gets no answer.
SKIPPED = "The incoming data has been skipped"
JVM_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Daemon(services.Daemon):
    """A daemon of an application. leases_before has the lease table as nobody changes it until the daemon does."""

    def __init__(self, stage: Stage, name: str, application: str, stream: str, leases_before: dict, plugin: str,
                 plugin_config: dict, properties: dict, jvm_options, settings: dict):
        directory = stage.directory / application / name
        self.records = directory / "records"
        self.records.mkdir(parents=True)
        self.state = directory / "state"
        config = directory / "kclhost.yaml"
        config.write_text(json.dumps({  # JSON is YAML
            "version": 1, "plugins_dir": str(stage.zoo), "state_dir": str(self.state),
            "plugin": {"path": f"{plugin}.so", "config": {"dir": str(self.records), **plugin_config}},
            "checkpoint": {"interval": "1s"}, "log": {"level": "info", "format": "text"}, **settings}))
        self.leases_before = leases_before
        self.name = name
        super().__init__(stage.services, directory, f"{stage.kclhost} run --config {config}", stream, application,
                         properties={"workerIdentifier": name, **PROPERTIES, **properties},
                         jvm_options=(*JVM_OPTIONS, *jvm_options), env={MARK: str(directory)})

    def instances(self) -> list:
        return recordings.read(self.records)

    def family(self) -> dict:
        """The processes that are this daemon, its hosts and their workers: command by process id."""
        mark = f"{MARK}={self.directory}".encode()
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                pass  # it has ended, or is not ours
        return found


class Application:
    """One consumer of one stream."""
    _numbers = count(1)

    def __init__(self, stage: Stage, *, shards: int = 1, producer: Producer = None, plugin: str = "recorder",
                 plugin_config=None, properties=None, jvm_options=(), settings=None):
        """Of a new stream with that many shards, or of the one that the producer puts on; settings are kclhost's."""
        self.stage = stage
        self.producer = producer or Producer(stage.services, stage.services.create_stream(shards), seed=shards)
        self.stream = self.producer.stream
        self.name = f"application-{next(self._numbers)}"
        self.daemons = []
        self._options = plugin, plugin_config or {}, properties or {}, jvm_options, settings or {}

    def start(self) -> Daemon:
        name = f"daemon-{len(self.daemons) + 1}"
        alone = not any(daemon.running() for daemon in self.daemons)
        daemon = Daemon(self.stage, name, self.name, self.stream, self.leases() if alone else {}, *self._options)
        self.stage.enter(daemon)
        self.daemons.append(daemon)
        self.stage.note(f"{name} starts")
        return daemon

    def put(self, puts):
        self.producer.put(puts)
        self.stage.note(f"{self.producer.total()} records put")

    def until_some_are_to_come(self, puts):
        """Puts what puts() makes until the daemons have not caught up, however slow this process is."""
        while not self.sent() - self.delivered():
            self.put(puts())

    def leases(self) -> dict:
        return self.stage.services.leases(self.name)

    def shards(self) -> dict:
        """The stream's shards by id, as ListShards describes them."""
        return {shard["ShardId"]: shard for shard in self.stage.services.kinesis.list_shards(
            StreamName=self.stream)["Shards"]}

    def delivered(self) -> set:
        """The (shard, position) of every record that a processor got."""
        return {(instance.shard, record.position) for daemon in self.daemons for instance in daemon.instances()
                for record in instance.records}

    def sent(self) -> set:
        return {(shard, position) for shard, records in self.producer.sent.items() for position in records}

    def until(self, condition, what: str):
        """Waits for condition, as long as one of the daemons is alive."""
        def check():
            result = condition()
            assert result or any(daemon.running() for daemon in self.daemons), f"no daemon lives; waited for {what}"
            for daemon in self.daemons:
                assert SKIPPED not in daemon.output(), f"{daemon.name}: Kinesis did not answer, so the KCL left out records"
            return result

        return self.stage.until(check, what, self._state)

    def until_delivered(self, share: float):
        """Waits until that share of what was put so far has been delivered."""
        sent = self.sent()
        self.until(lambda: len(self.delivered() & sent) >= share * len(sent),
                   f"{share:.0%} of {len(sent)} records delivered")

    def until_finished(self):
        """Waits until every record is delivered and every lease has arrived at its end."""
        self.until_delivered(1)
        self.until(lambda: not self.unfinished(), "every lease at its end")

    def unfinished(self) -> dict:
        """The leases that are not where they must be in the end, as {shard: (checkpoint, wanted)}."""
        leases = self.leases()
        wrong = {}
        for shard, description in self.shards().items():
            checkpoint = position(leases[shard]) if shard in leases else None
            sent = self.producer.sent.get(shard)
            if "EndingSequenceNumber" in description["SequenceNumberRange"]:
                # The KCL deletes the lease of a finished shard some time after its children began.
                if checkpoint not in ("SHARD_END", None) or not self._ended(shard):
                    wrong[shard] = checkpoint, "SHARD_END"
            elif checkpoint != (max(sent) if sent else "TRIM_HORIZON"):
                wrong[shard] = checkpoint, max(sent) if sent else "TRIM_HORIZON"
        return wrong

    def _ended(self, shard: str) -> bool:
        return any(instance.shard == shard and instance.event("shard_ended") for daemon in self.daemons
                   for instance in daemon.instances())

    def _state(self) -> str:
        owners = {shard: (lease.get("leaseOwner"), lease.get("checkpointOwner"))
                  for shard, lease in self.leases().items()}
        return (f"{len(self.delivered() & self.sent())} of {self.producer.total()} delivered; leases not at their end: "
                f"{self.unfinished()}; lease and checkpoint owners: {owners}")


def position(lease: dict):
    """A lease's checkpoint: a Position, or TRIM_HORIZON, SHARD_END, ..."""
    checkpoint = lease["checkpoint"]
    return Position(int(checkpoint), lease["checkpointSubSequenceNumber"]) if checkpoint.isdigit() else checkpoint

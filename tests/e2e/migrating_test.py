"""docs/migrating.md, "From kclpy", step by step: kclhost goes on where the kclpy application stopped."""
import shutil
import signal
import subprocess

import fetch
import recordings
import services
from application import position
from records import Position, Producer
from scenario import scenario

# What the daemon waits for is shorter, and there is more than one batch.
PROPERTIES = {"idleTimeBetweenReadsInMillis": 250, "shutdownGraceMillis": 60000, "maxRecords": 20}
JVM = "-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"


@scenario(long=True)
def test_from_kclpy(stage):
    stream = stage.services.create_stream(2)
    producer = Producer(stage.services, stream, seed=14)
    application = f"{stage.directory.name}-migrating"
    produce(producer)
    read_by_kclpy = run_kclpy(stage, producer, stream, application)
    assert read_by_kclpy == places(producer)
    before = checkpoints(stage, application)
    assert before == ends(producer), "kclpy stopped in order"
    tables = tables_of(stage)

    produce(producer)  # while nobody reads
    new = places(producer) - read_by_kclpy
    instances = run_kclhost(stage, application, producer)
    # A shard has more than one instance when the daemon was too slow to keep its lease.
    first = {instance.shard: instance.start for instance in reversed(instances)}
    assert first == before, "each shard goes on from kclpy's checkpoint"
    read_by_kclhost = {(instance.shard, record.position) for instance in instances for record in instance.records}
    assert read_by_kclhost == new, "none that kclpy had read comes again, and none is missing"
    assert tables_of(stage) == tables, "no table was made beside those there were"


def produce(producer):
    """Some records for each shard, whole ones and aggregates."""
    producer.put(producer.single(200) for _ in range(60))
    producer.put(producer.aggregate(4) for _ in range(10))
    assert len(producer.sent) == 2


def places(producer):
    return {(shard, place) for shard, records in producer.sent.items() for place in records}


def ends(producer):
    return {shard: max(records) for shard, records in producer.sent.items()}


def checkpoints(stage, application):
    return {shard: position(lease) for shard, lease in stage.services.leases(application).items()}


def tables_of(stage):
    return sorted(name for name in stage.services.dynamodb.list_tables()["TableNames"] if stage.directory.name in name)


def run_kclpy(stage, producer, stream, application):
    """Until it has read what there is; then it is stopped in order. Where the records were that it read."""
    written = stage.directory / "kclpy-records"

    def read():
        lines = [line.split() for line in written.read_text().split("\n")[:-1]] if written.exists() else []
        return {(shard, Position(int(number), int(sub))) for shard, number, sub in lines}

    processor = f"{fetch.kclpy()} {fetch.ROOT / 'tests/e2e/kclpy_processor.py'} {written}"
    daemon = stage.enter(services.Daemon(stage.services, stage.directory, processor, stream, application,
                                         properties={"processingLanguage": "python/3.11", **PROPERTIES},
                                         jvm_options=JVM.split()))
    stage.until(lambda: read() >= places(producer) or not daemon.running(), "kclpy has read the first half")
    daemon.send(signal.SIGTERM)
    daemon.wait()
    stage.note("kclpy stopped")
    return read()


def run_kclhost(stage, application, producer):
    """Steps 2, 3 and 6 of the page, until the lease table is at the end of what was put. Its instances."""
    directory, records = stage.directory, stage.directory / "kclhost-records"
    records.mkdir()
    (directory / "plugins").mkdir()
    shutil.copy(stage.zoo / "recorder.so", directory / "plugins" / "my_processor.so")
    (directory / "jars").symlink_to(fetch.daemon())
    env = stage.services.environment(XDG_STATE_HOME=str(directory / "state"), JAVA_TOOL_OPTIONS=JVM)
    kclhost = [stage.kclhost]
    imported = subprocess.run([*kclhost, "import", "daemon.properties", "--plugin", "my_processor.so"], check=True,
                              cwd=directory, env=env, capture_output=True, text=True)
    # What the plugin needs for itself is the only thing that is added.
    plugin = "  path: my_processor.so"
    assert plugin in imported.stdout
    (directory / "kclhost.yaml").write_text(imported.stdout.replace(plugin, f"  config: {{dir: {records}}}\n{plugin}"))
    checked = subprocess.run([*kclhost, "check", "--config", "kclhost.yaml"], cwd=directory, env=env, text=True,
                             capture_output=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    launch = stage.enter(services.Process([*kclhost, "launch", "--config", "kclhost.yaml"], directory / "launch.log",
                                          cwd=directory, env=env))

    def at_the_end():
        assert launch.running(), launch.tail()
        return checkpoints(stage, application) == ends(producer)

    stage.until(at_the_end, "kclhost's checkpoints at the end", lambda: str(checkpoints(stage, application)))
    return recordings.read(records)

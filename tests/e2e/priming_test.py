"""What kclhost-prime makes of a new application, beside what the KCL itself makes of one."""
import subprocess
import time

import promises
import services
from application import PROPERTIES, Application
from records import Producer
from scenario import scenario

SUFFIXES = ("", "-CoordinatorState", "-WorkerMetricStats")


@scenario(long=True)
def test_the_tables_and_leases_are_the_kcls_own(stage):
    stream, plain = stage.services.create_stream(2), stage.services.create_stream(2)
    split(stage, stream)
    between = next_second(stage)
    merge(stage, stream)
    # Of TRIM_HORIZON kinesis-local says that parents and children were open there, and from these nobody makes leases.
    positions = ((plain, 2, {"initialPositionInStream": "TRIM_HORIZON"}),
                 (stream, 2, {"initialPositionInStream": "LATEST"}),
                 (stream, 2, {"initialPositionInStream": None}),
                 (stream, 3, {"initialPositionInStream": None, "initialPositionInStreamExtended": between}))
    for number, (stream, shards, position) in enumerate(positions):
        ours, theirs = f"primed-{number}", f"unprimed-{number}"
        assert "kclhost made its tables, and leases from" in prime(stage, ours, stream, position)
        wanted = leases(stage, ours)
        assert len(wanted) == shards
        # It is to make its tables and leases, and gone before it runs anything for a shard.
        daemon = stage.enter(services.Daemon(stage.services, stage.directory / theirs, "/bin/false", stream, theirs,
                                             properties={**position, "leaseAssignmentIntervalMillis": 600_000},
                                             jvm_options=("-Xmx256m", "-XX:+UseSerialGC")))
        stage.until(lambda: len(leases(stage, theirs)) >= len(wanted), f"leases by the KCL from {position}", daemon.tail)
        found = leases(stage, theirs)
        assert not any("leaseOwner" in lease for lease in found.values()), "too late: they have been given out"
        assert found == wanted
        if number == 0:
            stage.until(lambda: len(tables(stage, theirs)) == 3 and tables(stage, theirs)[""]["indexes"],
                        "tables by the KCL", daemon.tail)
            assert tables(stage, ours) == tables(stage, theirs)
        daemon.stop()


@scenario(long=True)
def test_a_primed_application_reads_what_came_before_a_split_and_after_it(stage):
    stream = stage.services.create_stream(2)
    begin = {"initialPositionInStream": None, "initialPositionInStreamExtended": next_second(stage)}
    application = Application(stage, producer=Producer(stage.services, stream, seed=2), properties=begin)
    application.put(application.producer.mixed(300))
    split(stage, stream)
    application.put(application.producer.mixed(300))
    assert "leases from AT_TIMESTAMP for the stream's 2 shards" in prime(stage, application.name, stream,
                                                                         {**PROPERTIES, **begin})
    application.start()
    application.until_finished()
    promises.check(application)


@scenario
def test_of_four_that_prime_at_the_same_time_one_does(stage):
    stream = stage.services.create_stream(8)
    at_once = [subprocess.Popen(command(stage, "raced", stream, {}, number), stderr=subprocess.PIPE, text=True,
                                env=stage.services.environment()) for number in range(4)]
    told = [process.communicate(timeout=300)[1] for process in at_once]
    assert all(process.returncode == 0 for process in at_once), told
    assert sum("kclhost made" in line for line in told) == 1, told
    assert sorted(leases(stage, "raced")) == sorted(shard["ShardId"] for shard in listed(stage, stream))


def command(stage, application, stream, position, number=0):
    """kclhost-prime, with nothing for a daemon."""
    file = stage.directory / f"{application}-{number}.properties"
    file.write_text(services.properties_text({**stage.services.daemon_properties(), "applicationName": application,
                                              "streamName": stream, **position}))
    return [stage.kclhost.with_name("kclhost-prime"), file, "true"]


def prime(stage, application, stream, position):
    done = subprocess.run(command(stage, application, stream, position), check=True, stderr=subprocess.PIPE, text=True,
                          env=stage.services.environment())
    stage.note(done.stderr.strip())
    return done.stderr


def leases(stage, application):
    """The rows of the lease table as DynamoDB has them, by key."""
    dynamodb = stage.services.dynamodb
    try:
        rows = dynamodb.scan(TableName=application, ConsistentRead=True)["Items"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return {}
    for row in rows:
        if "parentShardId" in row:
            row["parentShardId"]["SS"].sort()
    return {row["leaseKey"]["S"]: row for row in rows}


def tables(stage, application):
    """What was asked for of each table that is there."""
    dynamodb = stage.services.dynamodb
    found = {}
    for suffix in SUFFIXES:
        try:
            table = dynamodb.describe_table(TableName=application + suffix)["Table"]
        except dynamodb.exceptions.ResourceNotFoundException:
            continue
        indexes = [(index["IndexName"], index["IndexStatus"], index["KeySchema"], index["Projection"])
                   for index in table.get("GlobalSecondaryIndexes", [])]
        found[suffix] = {"indexes": indexes, "key": table["KeySchema"],
                         "attributes": sorted(table["AttributeDefinitions"], key=str),
                         "billing": table.get("BillingModeSummary", {}).get("BillingMode"),
                         "protected": table.get("DeletionProtectionEnabled", False)}
    return found


def listed(stage, stream):
    return stage.services.kinesis.list_shards(StreamName=stream)["Shards"]


def split(stage, stream):
    """The first shard, in the middle."""
    first = min(listed(stage, stream), key=lambda shard: shard["ShardId"])
    keys = first["HashKeyRange"]
    middle = (int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2
    stage.services.kinesis.split_shard(StreamName=stream, ShardToSplit=first["ShardId"], NewStartingHashKey=str(middle))
    stage.services.wait_active(stream)


def merge(stage, stream):
    """The halves of what was split."""
    left, right = sorted(shard["ShardId"] for shard in listed(stage, stream))[2:4]
    stage.services.kinesis.merge_shards(StreamName=stream, ShardToMerge=left, AdjacentShardToMerge=right)
    stage.services.wait_active(stream)


def next_second(stage):
    """A whole second between what was before and what is after it."""
    begin = int(time.time()) + 1
    stage.until(lambda: time.time() > begin + 1, "a whole second")
    return begin

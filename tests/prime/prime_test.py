"""kclhost-prime, which makes a new application's tables and becomes the daemon."""
import signal

import pytest
from fake_aws import MOST, shard, shards
from fake_kinesis import error

TABLES = {"app": "leaseKey", "app-CoordinatorState": "key", "app-WorkerMetricStats": "wid"}


def actions(server):
    return [request.action for request in server.requests]


def asked(server, action):
    return [request.json for request in server.requests if request.action == action]


def made_nothing(server):
    return not {"CreateTable", "TransactWriteItems"} & set(actions(server))


# ---- A new application -------------------------------------------------------------------------------------------------


def test_makes_the_tables_and_a_lease_for_each_shard(prime, server, aws):
    aws.shards = shards(2)
    aws.shards[1].update(ParentShardId="shardId-9", AdjacentParentShardId="shardId-8")
    assert prime() == ("kclhost: application app is new: kclhost made its tables, and leases from TRIM_HORIZON for the "
                       "stream's 2 shards\n")
    for name, key in TABLES.items():
        table = aws.tables[name]
        assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["DeletionProtectionEnabled"] is False
    index, = aws.tables["app"]["GlobalSecondaryIndexes"]
    assert index == {"IndexName": "LeaseOwnerToLeaseKeyIndex", "Projection": {"ProjectionType": "KEYS_ONLY"},
                     "KeySchema": [{"AttributeName": "leaseOwner", "KeyType": "HASH"},
                                   {"AttributeName": "leaseKey", "KeyType": "RANGE"}]}
    lease = {"leaseCounter": {"N": "0"}, "ownerSwitchesSinceCheckpoint": {"N": "0"}, "checkpoint": {"S": "TRIM_HORIZON"},
             "checkpointSubSequenceNumber": {"N": "0"}}
    assert aws.items == {
        "app": {"shardId-000000000000": {**lease, "leaseKey": {"S": "shardId-000000000000"}, "startingHashKey": {"S": "0"},
                                         "endingHashKey": {"S": str(2 ** 127 - 1)}},
                "shardId-000000000001": {**lease, "leaseKey": {"S": "shardId-000000000001"},
                                         "startingHashKey": {"S": str(2 ** 127)}, "endingHashKey": {"S": str(MOST)},
                                         "parentShardId": {"SS": ["shardId-9", "shardId-8"]}}},
        "app-CoordinatorState": {}, "app-WorkerMetricStats": {}}


@pytest.mark.parametrize("name, extended, checkpoint, listed", [
    ("TRIM_HORIZON", None, "TRIM_HORIZON", {"Type": "AT_TRIM_HORIZON"}),
    ("latest", None, "LATEST", {"Type": "AT_LATEST"}),
    (None, None, "LATEST", {"Type": "AT_LATEST"}),  # the KCL's default
    (None, 1767225600, "AT_TIMESTAMP", {"Type": "AT_TIMESTAMP", "Timestamp": 1767225600}),
])
def test_the_initial_position_says_which_shards_and_from_where(prime, server, aws, name, extended, checkpoint, listed):
    prime.properties.update(initialPositionInStream=name, initialPositionInStreamExtended=extended)
    assert checkpoint in prime()
    assert asked(server, "ListShards")[0]["ShardFilter"] == listed
    assert {lease["checkpoint"]["S"] for lease in aws.items["app"].values()} == {checkpoint}


def test_a_stream_by_its_arn(prime, aws):
    prime.properties.update(streamName=None, streamArn="arn:aws:kinesis:eu-west-1:123456789012:stream/words")
    assert "2 shards" in prime()


def test_waits_until_the_tables_can_be_used(prime, server, aws):
    aws.looks_until_active = 2
    assert "2 shards" in prime()
    assert len(aws.items["app"]) == 2


def test_properties_name_and_protect_the_tables(prime, aws):
    prime.properties.update(tableName="t-leases", coordinatorStateTableName="t-state", workerMetricsTableName="t-metrics",
                            leaseTableDeletionProtectionEnabled="true", workerMetricsDeletionProtectionEnabled="true")
    prime()
    assert {name: table["DeletionProtectionEnabled"] for name, table in aws.tables.items()} == {
        "t-leases": True, "t-state": False, "t-metrics": True}


@pytest.mark.parametrize("name, value", [("BillingMode", "PROVISIONED"), ("PointInTimeRecoveryEnabled", "true"),
                                         ("Tags", "team=data")])
def test_a_table_that_the_properties_want_otherwise_is_left_to_the_kcl(prime, aws, name, value):
    prime.properties["coordinatorState" + name] = value
    assert "2 shards" in prime()
    assert set(aws.tables) == {"app", "app-WorkerMetricStats"}


# ---- Not a new application ---------------------------------------------------------------------------------------------


def test_an_application_that_has_a_lease_table_is_left_alone_in_silence(prime, server, aws):
    aws.CreateTable({"TableName": "app"})  # empty though it is
    assert prime() == ""
    assert actions(server) == ["DescribeTable"]


@pytest.mark.parametrize("name", ["app-CoordinatorState", "app-WorkerMetricStats"])
def test_one_of_the_other_tables_is_enough(prime, server, aws, name):
    aws.CreateTable({"TableName": name})
    assert name in prime()
    assert made_nothing(server)


# ---- Somebody else is at it --------------------------------------------------------------------------------------------


def test_the_second_of_two_waits_for_the_first(prime, server, aws):
    aws.CreateTable({"TableName": "app"})
    aws.tables["app"]["looks"] = 3
    aws.CreateTable({"TableName": "app-CoordinatorState"})
    aws.tables["app-CoordinatorState"]["looks"] = 2
    assert "another daemon" in prime()
    assert all(not table["looks"] for table in aws.tables.values())
    assert set(actions(server)) == {"DescribeTable"}


def test_the_second_of_two_at_the_same_time_makes_nothing(prime, server, aws):
    def create(body):
        aws.tables["app"] = {"looks": 0}
        return error(400, "ResourceInUseException", "Table already exists: app")

    aws.CreateTable = create
    assert "another daemon" in prime()
    assert asked(server, "CreateTable") != [] and len(asked(server, "CreateTable")) == 1
    assert "TransactWriteItems" not in actions(server)


def test_where_another_has_begun_with_the_leases_none_is_written(prime, aws):
    create = aws.CreateTable

    def create_and_begin(body):
        answer = create(body)
        aws.items["app"]["shardId-000000000001"] = {"theirs": True}
        return answer

    aws.CreateTable = create_and_begin
    assert "somebody else" in prime()
    assert aws.items["app"] == {"shardId-000000000001": {"theirs": True}}


# ---- What it can't do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1000, 40])
def test_more_shards_than_a_transaction_takes(prime, server, aws, page):
    aws.shards, aws.page = shards(101), page
    told = prime()
    assert "its tables" in told and "more than 100 shards" in told
    assert set(aws.tables) == set(TABLES) and aws.items["app"] == {}


def test_as_many_shards_as_a_transaction_takes(prime, aws):
    aws.shards, aws.page = shards(100), 40
    assert "100 shards" in prime()
    assert len(aws.items["app"]) == 100


@pytest.mark.parametrize("listed", [
    [],
    shards(3)[:2],
    shards(3)[1:],
    [shards(3)[0], shards(3)[2]],
    [shard(0, 0, MOST), shard(1, 0, 5)],
])
def test_shards_that_do_not_cover_the_hash_keys_once(prime, server, aws, listed):
    aws.shards = listed
    assert "do not cover all hash keys" in prime()
    assert made_nothing(server)


def test_a_stream_that_is_not_there(prime, server, aws):
    aws.shards = None
    assert "left to the KCL" in (told := prime()) and "Stream words not found" in told
    assert made_nothing(server)


@pytest.mark.parametrize("action", ["DescribeTable", "ListShards", "CreateTable", "TransactWriteItems"])
def test_what_is_not_allowed_is_left_to_the_kcl(prime, aws, action):
    aws.failures[action] = 400, "AccessDeniedException", f"not authorized to perform {action}"
    assert "left to the KCL" in (told := prime()) and f"AccessDeniedException: not authorized to perform {action}" in told


def test_without_credentials(prime, server):
    del prime.environment["AWS_ACCESS_KEY_ID"], prime.environment["AWS_SECRET_ACCESS_KEY"]
    assert "no AWS credentials" in prime()
    assert server.requests == []


@pytest.mark.parametrize("name, value", [
    ("awsCredentialsProvider", "StsAssumeRoleCredentialsProvider|arn|session"),
    ("awsCredentialsProviderDynamoDB", "ProfileCredentialsProvider"),
    ("AwsCredentialsProvider", "EnvironmentVariableCredentialsProvider"),
    ("dynamoDbClient.region", "eu-west-2"),
    ("kinesisClient.endpointOverride", "http://127.0.0.1:1"),
    ("kinesisCredentialsProvider.roleArn", "arn"),
    ("clientVersionConfig", "CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X"),
    ("initialPositionInStreamExtended", "1767225600"),  # beside initialPositionInStream
    ("streamArn", "arn:aws:kinesis:us-east-1:123456789012:stream/words"),  # another region
])
def test_where_the_daemon_may_go_elsewhere_nobody_is_asked(prime, server, name, value):
    prime.properties[name] = value
    assert "left to the KCL" in prime()
    assert server.requests == []


@pytest.mark.parametrize("name, value", [("JAVA_TOOL_OPTIONS", "-Xmx1g -Daws.region=eu-west-2"),
                                         ("JDK_JAVA_OPTIONS", "@options")])
def test_options_for_java_in_the_environment(prime, server, name, value):
    prime.environment[name] = value
    assert name in prime()
    assert server.requests == []


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_USE_FIPS_ENDPOINT"])
def test_endpoints_come_from_the_properties_alone(prime, server, name):
    prime.properties["dynamoDBEndpoint"] = None
    prime.environment[name] = "true" if "FIPS" in name else server.url
    assert "left to the KCL" in (told := prime()) and name in told
    assert server.requests == []


def test_variables_of_kclhosts_own_are_no_endpoints(prime, server):
    prime.properties["kinesisEndpoint"] = None
    prime.environment.update(KCLHOST_KINESIS_ENDPOINT=server.url, HTTPS_PROXY="http://127.0.0.1:1")
    assert "left to the KCL" in prime()
    assert made_nothing(server) and "ListShards" not in actions(server)


def test_a_region_is_named_or_the_environments(prime, server, aws):
    prime.properties["regionName"] = None
    assert "regionName" in prime()
    prime.environment["AWS_DEFAULT_REGION"] = "eu-west-1"  # which the daemon does not look at
    assert "regionName" in prime()
    assert server.requests == []
    prime.environment["AWS_REGION"] = "eu-west-1"
    assert "2 shards" in prime()


# ---- Signals -----------------------------------------------------------------------------------------------------------


def test_it_can_be_stopped_and_takes_no_notice_of_a_jvms_signal(prime, server, aws):
    aws.looks_until_active = 1_000_000
    process = prime.start()
    server.wait_for(lambda requests: len(requests) > 6)
    process.send_signal(signal.SIGQUIT)
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == -signal.SIGTERM
    assert aws.items["app"] == {}


def test_the_daemon_gets_its_own_signals_and_words(prime):
    process = prime.start("sh", "-c", "printf '%s|' \"$@\"; kill -QUIT $$", "sh", "a b", "--", "")
    out, _ = process.communicate(timeout=120)
    assert out == "a b|--||"
    assert process.returncode == -signal.SIGQUIT


def test_a_daemon_that_can_not_be_started(prime):
    process = prime.start("/nowhere/java")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "/nowhere/java: cannot be started" in err.splitlines()[-1]

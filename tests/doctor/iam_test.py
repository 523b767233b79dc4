"""`kclhost iam`: the policy for a configuration."""
import pytest

ANY = "eu-west-1:*"
OWN = "eu-west-1:123456789012"


def test_a_daemon_that_polls(clinic):
    policy = clinic.policy()
    assert {name: statement["Resource"] for name, statement in policy.items()} == {
        "ReadStream": [f"arn:aws:kinesis:{ANY}:stream/words"],
        "KeepLeases": [f"arn:aws:dynamodb:{ANY}:table/app"],
        "FindOwnLeases": [f"arn:aws:dynamodb:{ANY}:table/app/index/LeaseOwnerToLeaseKeyIndex"],
        "Coordinate": [f"arn:aws:dynamodb:{ANY}:table/app-CoordinatorState"],
        "ReportLoad": [f"arn:aws:dynamodb:{ANY}:table/app-WorkerMetricStats"],
        "PutMetrics": ["*"]}
    assert policy["ReadStream"]["Action"] == ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
    assert policy["PutMetrics"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "app"}}
    assert not any("Condition" in statement for name, statement in policy.items() if name != "PutMetrics")


def test_the_account_that_is_named(clinic):
    policy = clinic.policy("--account", "123456789012")
    assert policy["ReadStream"]["Resource"] == [f"arn:aws:kinesis:{OWN}:stream/words"]
    assert policy["KeepLeases"]["Resource"] == [f"arn:aws:dynamodb:{OWN}:table/app"]


@pytest.mark.parametrize("partition, region", [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")])
def test_the_streams_arn_says_more(clinic, partition, region):
    arn = f"arn:{partition}:kinesis:{region}:123456789012:stream/words"
    del clinic.properties["streamName"], clinic.properties["regionName"]
    clinic.properties["streamArn"] = arn
    policy = clinic.policy()
    assert policy["ReadStream"]["Resource"] == [arn]
    assert policy["KeepLeases"]["Resource"] == [f"arn:{partition}:dynamodb:{region}:123456789012:table/app"]
    # Without the ARN the region tells the partition.
    del clinic.properties["streamArn"]
    clinic.properties.update(streamName="words", regionName=region)
    assert clinic.policy()["ReadStream"]["Resource"] == [arn.replace("123456789012", "*")]


def test_what_is_not_known_is_any(clinic):
    del clinic.properties["regionName"]
    assert clinic.policy()["ReadStream"]["Resource"] == ["arn:*:kinesis:*:*:stream/words"]


def test_no_metrics_no_leave_for_them(clinic):
    for level in ("NONE", "none"):
        clinic.properties["metricsLevel"] = level
        assert "PutMetrics" not in clinic.policy()


def test_a_daemon_that_fans_out(clinic):
    clinic.properties["retrievalMode"] = "fanout"
    policy = clinic.policy()
    stream = f"arn:aws:kinesis:{ANY}:stream/words"
    assert {"kinesis:DescribeStreamSummary", "kinesis:RegisterStreamConsumer"} < set(policy["ReadStream"]["Action"])
    assert policy["SubscribeToShards"]["Resource"] == [f"{stream}/consumer/app:*"]
    assert policy["SubscribeToShards"]["Action"] == ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"]
    clinic.properties["fanoutConfig"] = {"consumerName": "other"}
    assert clinic.policy()["SubscribeToShards"]["Resource"] == [f"{stream}/consumer/other:*"]
    clinic.properties["fanoutConfig"] = {"consumerArn": f"{stream}/consumer/mine:1"}
    policy = clinic.policy()
    assert policy["SubscribeToShards"]["Resource"] == [f"{stream}/consumer/mine:1"]
    assert policy["SubscribeToShards"]["Action"] == ["kinesis:SubscribeToShard"]
    assert not any("Consumer" in action for action in policy["ReadStream"]["Action"])


def test_tables_by_their_own_names(clinic):
    clinic.properties.update(tableName="t-leases", coordinatorStateTableName="t-state", workerMetricsTableName="t-load")
    tables = {name: statement["Resource"][0].split("table/")[1] for name, statement in clinic.policy().items()
              if "table/" in statement["Resource"][0]}
    assert tables == {"KeepLeases": "t-leases", "FindOwnLeases": "t-leases/index/LeaseOwnerToLeaseKeyIndex",
                      "Coordinate": "t-state", "ReportLoad": "t-load"}


@pytest.mark.parametrize("properties, statement, action", [
    ({"leaseTablePitrEnabled": True}, "KeepLeases", "UpdateContinuousBackups"),
    ({"coordinatorStatePointInTimeRecoveryEnabled": True}, "Coordinate", "UpdateContinuousBackups"),
    ({"workerMetricsTags": "team=data"}, "ReportLoad", "TagResource"),
])
def test_what_the_properties_want_of_a_table(clinic, properties, statement, action):
    assert f"dynamodb:{action}" not in clinic.allowed()
    clinic.properties.update(properties)
    having = [name for name, each in clinic.policy().items() if f"dynamodb:{action}" in each["Action"]]
    assert having == [statement]


@pytest.mark.parametrize("missing", ["applicationName", "streamName"])
def test_without_an_application_or_a_stream_there_is_no_policy(clinic, missing):
    del clinic.properties[missing]
    done = clinic.run(command="iam")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"daemon.properties.{missing} is not set" in done.stderr and done.stderr.count("\n") == 1


def test_an_account_that_is_none(clinic):
    done = clinic.run("--account", "12345", command="iam")
    assert (done.returncode, done.stdout) == (2, "")
    assert "12 digits" in done.stderr

"""Against a real local Kinesis."""
import base64
import json
import sys
from pathlib import Path

import boto3
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import services  # noqa: E402


@pytest.fixture(scope="module")
def kinesis(tmp_path_factory):
    with services.Kinesis(tmp_path_factory.mktemp("kinesis")) as kinesis:
        yield kinesis


def read_all(endpoint, stream):
    """Every record of the stream as (shard, partition key, data), in each shard's order."""
    client = boto3.client("kinesis", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="x",
                          aws_secret_access_key="x")
    records = []
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"],
                                             ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while True:
            page = client.get_records(ShardIterator=iterator)
            records += [(shard["ShardId"], record["PartitionKey"], record["Data"]) for record in page["Records"]]
            if page.get("MillisBehindLatest", 0) == 0 and not page["Records"]:
                break
            iterator = page["NextShardIterator"]
    return records


def test_what_is_put_can_be_read(put, kinesis):
    put.environment["AWS_ENDPOINT_URL"] = kinesis.endpoint
    assert put("--stream", "mixed", "--create-stream", 3, "-w", "cat", "dög") == \
        "kclhost put: 2 records to stream mixed (3 shards)\n"
    lines = [b"%d" % i for i in range(1_200)] + [b"\x00\xff" * 100_000]
    assert "1,201 records to stream mixed (3 shards)" in put("--stream", "mixed", "-", input=b"\n".join(lines))
    record = {"data": base64.b64encode(b"\x00").decode(), "partitionKey": "clé", "explicitHashKey": "0"}
    put("--stream", "mixed", "--create-stream", 3, "--format", "json", "-", input=json.dumps(record).encode())

    records = read_all(kinesis.endpoint, "mixed")
    assert sorted(data for _, _, data in records) == sorted([b"cat", "dög".encode(), b"\x00", *lines])
    assert ("shardId-000000000000", "clé", b"\x00") in records
    by_shard = {shard: sum(1 for other, _, _ in records if other == shard) for shard, _, _ in records}
    assert len(by_shard) == 3 and min(by_shard.values()) > 300, by_shard


def test_a_stream_that_is_not_there(put, kinesis):
    put.environment["AWS_ENDPOINT_URL"] = kinesis.endpoint
    assert "no stream absent" in put("--stream", "absent", "-w", "a", code=1)


def test_the_services_own_error(put, kinesis):
    put.environment["AWS_ENDPOINT_URL"] = kinesis.endpoint
    err = put("--stream", "not a name", "--create-stream", 1, "-w", "a", code=1)
    assert "Exception: " in err and err.count("\n") == 1

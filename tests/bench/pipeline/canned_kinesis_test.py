"""The canned Kinesis answers as Kinesis does, read by an SDK over HTTP/1.1 in JSON."""
import json
import subprocess

import pytest

from canned import HERE, CannedKinesis, services

SHARDS, RECORDS, SIZE = 2, 10_500, 100


@pytest.fixture
def start(tmp_path):
    """Starts one with these options; returns it and a client."""
    import boto3
    from botocore.config import Config
    started = []

    def start(shards=SHARDS, records=RECORDS, size=SIZE, pace=0):
        started.append(CannedKinesis(tmp_path, shards=shards, records=records, size=size, pace=pace))
        client = boto3.client("kinesis", endpoint_url=started[-1].endpoint, region_name=services.REGION,
                              aws_access_key_id="local", aws_secret_access_key="local",
                              config=Config(retries={"max_attempts": 0}))
        return started[-1], client

    yield start
    for kinesis in started:
        kinesis.stop()


def shards(client, **options):
    return {shard["ShardId"]: shard for shard in client.list_shards(StreamName="any", **options)["Shards"]}


def iterator(client, shard, kind="TRIM_HORIZON", **more):
    return client.get_shard_iterator(StreamName="any", ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def read(client, begin):
    """All records from an iterator on, and the answer that was the last: it is empty, or ends the shard."""
    records, answer = [], {"NextShardIterator": begin, "Records": [None]}
    while answer["Records"] and answer.get("NextShardIterator"):
        answer = client.get_records(ShardIterator=answer["NextShardIterator"])
        records += answer["Records"]
    return records, answer


def numbers(records):
    return [int(record["SequenceNumber"]) for record in records]


def test_each_shard_has_its_records_in_order(start):
    _, client = start()
    found = shards(client)
    assert len(found) == SHARDS
    for shard, description in found.items():
        records, last = read(client, iterator(client, shard))
        assert len(records) == RECORDS
        assert all(before < after for before, after in zip(numbers(records), numbers(records)[1:]))
        assert numbers(records)[0] > int(description["SequenceNumberRange"]["StartingSequenceNumber"])
        assert {len(record["Data"]) for record in records} == {SIZE}
        assert last["MillisBehindLatest"] == 0 and last["NextShardIterator"]


def test_the_shards_have_all_hash_keys(start):
    _, client = start(shards=3)
    ranges = [shard["HashKeyRange"] for shard in shards(client).values()]
    assert ranges[0]["StartingHashKey"] == "0" and int(ranges[-1]["EndingHashKey"]) == 2 ** 128 - 1
    assert all(int(after["StartingHashKey"]) == int(before["EndingHashKey"]) + 1
               for before, after in zip(ranges, ranges[1:]))


@pytest.mark.parametrize("size, most", [(SIZE, 10_000), (100 << 10, 102)])
def test_an_answer_holds_no_more_than_kinesis_gives(start, size, most):
    _, client = start(size=size)
    begin = iterator(client, next(iter(shards(client))))
    whole, part = client.get_records(ShardIterator=begin), client.get_records(ShardIterator=begin, Limit=7)
    assert len(whole["Records"]) == most and whole["MillisBehindLatest"] > 0
    assert part["Records"] == whole["Records"][:7]


def test_a_shard_rests_behind_what_it_gave(start):
    _, client = start(pace=1)  # it will rest for days
    first, second = (iterator(client, shard) for shard in shards(client))
    assert len(client.get_records(ShardIterator=first)["Records"]) == 10_000
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException, match="Rate exceeded for shard"):
        client.get_records(ShardIterator=first)
    assert len(client.get_records(ShardIterator=second, Limit=5)["Records"]) == 5, "each shard has its own limit"


def test_a_shard_without_records_does_not_rest(start):
    _, client = start(records=0, pace=1)
    answer = {"NextShardIterator": iterator(client, next(iter(shards(client))))}
    for _ in range(3):
        answer = client.get_records(ShardIterator=answer["NextShardIterator"])
        assert answer["Records"] == []


def test_reading_goes_on_at_a_sequence_number(start):
    _, client = start()
    shard = next(iter(shards(client)))
    records, _ = read(client, iterator(client, shard))
    middle = records[4000]["SequenceNumber"]
    at, _ = read(client, iterator(client, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=middle))
    after, _ = read(client, iterator(client, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=middle))
    assert numbers(at) == numbers(records)[4000:] and numbers(after) == numbers(records)[4001:]
    assert read(client, iterator(client, shard, "LATEST"))[0] == []


def test_more_records_come_behind_the_others(start):
    kinesis, client = start()
    for shard in shards(client):
        records, _ = read(client, iterator(client, shard))
        _, idle = read(client, iterator(client, shard, "LATEST"))
        kinesis.more(3)
        more, _ = read(client, idle["NextShardIterator"])
        assert len(more) == 3 and numbers(more)[0] > numbers(records)[-1]


def test_a_shard_that_was_split_ends_with_its_children(start):
    kinesis, client = start()
    parent = next(iter(shards(client)))
    kinesis.split(5)
    records, last = read(client, iterator(client, parent))
    assert len(records) == RECORDS and "NextShardIterator" not in last
    children = {child["ShardId"]: child for child in last["ChildShards"]}
    known = shards(client)
    assert len(children) == 2 and all(child["ParentShards"] == [parent] for child in children.values())
    assert set(shards(client, ShardFilter={"Type": "AT_LATEST"})) == set(known) - {parent}
    assert set(shards(client, ShardFilter={"Type": "AT_TRIM_HORIZON"})) == set(known) - set(children)
    first, second = (known[child]["HashKeyRange"] for child in children)
    assert (first["StartingHashKey"], second["EndingHashKey"]) == tuple(known[parent]["HashKeyRange"].values())
    assert int(second["StartingHashKey"]) == int(first["EndingHashKey"]) + 1
    for child in children:
        of_child, _ = read(client, iterator(client, child))
        assert len(of_child) == 5 and numbers(of_child)[0] > numbers(records)[-1]


def test_what_it_does_not_know_it_refuses(start):
    _, client = start()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        iterator(client, "shardId-000000000009")
    with pytest.raises(client.exceptions.ClientError, match="the canned Kinesis has no ListStreams"):
        client.list_streams()


# Asks in CBOR over HTTP/2 with prior knowledge, as the KCL does, for all shards on one connection: each when the one
# before has begun to answer, and takes what they answer after that. Prints the records of each shard as JSON.
KCL = r"""
const [folder, endpoint, limit, ...shards] = process.argv.slice(1), cbor = require(folder + '/cbor.js');
const session = require('http2').connect(endpoint);
const ask = (action, request) => new Promise((resolve, reject) => {
  const stream = session.request({':method': 'POST', ':path': '/', 'content-type': 'application/x-amz-cbor-1.1',
                                  'x-amz-target': 'Kinesis_20131202.' + action});
  stream.on('response', () => resolve(stream));
  stream.on('error', reject);
  stream.end(cbor.encode(request));
});
const take = async stream => cbor.decode(Buffer.concat(await stream.toArray()));
(async () => {
  const answers = [], records = [];
  for (const ShardId of shards) {
    const {ShardIterator} = await take(await ask('GetShardIterator', {ShardId, ShardIteratorType: 'TRIM_HORIZON'}));
    answers.push(await ask('GetRecords', {ShardIterator, Limit: Number(limit)}));
  }
  for (const answer of answers) records.push((await take(answer)).Records);
  console.log(JSON.stringify(records.map(each => each.map(one => ({...one, Data: one.Data.toString('hex')})))));
  session.close();
})();
"""


def read_as_the_kcl(kinesis, limit, found):
    done = subprocess.run(["node", "-e", KCL, HERE / "canned_kinesis", kinesis.endpoint, str(limit), *found],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_records_come_in_cbor_over_http_2(start):
    kinesis, client = start()
    found = shards(client)
    for shard, records in zip(found, read_as_the_kcl(kinesis, 300, found)):
        expected = client.get_records(ShardIterator=iterator(client, shard), Limit=300)["Records"]
        assert [(record["SequenceNumber"], record["PartitionKey"], record["Data"]) for record in records] == \
            [(record["SequenceNumber"], record["PartitionKey"], record["Data"].hex()) for record in expected]


def test_one_connection_takes_the_answers_for_all_shards(start):
    kinesis, client = start(shards=3, size=1024)
    assert [len(records) for records in read_as_the_kcl(kinesis, 10_000, shards(client))] == [10_000] * 3


@pytest.mark.parametrize("options, complaint", [
    (["--port", "x"], "canned_kinesis: --port must be a whole number, at least 1\n"),
    ([], "canned_kinesis: --port must be a whole number, at least 1\n"),
    (["--port", "1", "--shards", "0"], "canned_kinesis: --shards must be a whole number, at least 1\n")])
def test_wrong_options_get_one_line(options, complaint):
    done = subprocess.run(["node", HERE / "canned_kinesis" / "main.js", *options], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, complaint)

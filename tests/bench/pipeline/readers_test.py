"""Whoever reads without the KCL reads a stream whole, at the pace that it is told; async-kinesis goes on where it was."""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline import readers  # noqa: E402
from pipeline.arrivals import UNTOLD, Arrivals  # noqa: E402
from pipeline.canned import CannedKinesis, services  # noqa: E402
from pipeline.pace import Pace  # noqa: E402
from pipeline.running import Ended, Running  # noqa: E402
from pipeline.site import Site  # noqa: E402

SHARDS, RECORDS, SIZE, MORE = 2, 2_500, 100, 3
TOTAL = SHARDS * RECORDS
PACE = Pace(records=1_000, pause=100, quiet=150)


class Like:
    """In kclhost's place."""

    def pace(self, _site) -> Pace:
        return PACE


def cpp_floor(_folder):
    return readers.CppFloor(Like(), Path(os.environ["KCLHOST_BUILD_DIR"]))


def go_floor(folder):
    try:
        return readers.GoFloor(Like(), folder)
    except readers.LeftOut as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=[cpp_floor, go_floor], scope="module")
def floor(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def kinesis(tmp_path):
    with CannedKinesis(tmp_path, shards=SHARDS, records=RECORDS, size=SIZE, pace=0) as kinesis:
        yield kinesis


@pytest.fixture
def dynamodb(tmp_path):
    with services.DynamoDb(tmp_path) as dynamodb:
        yield dynamodb


def start(contender, site) -> Running:
    return Running(contender, site, Arrivals(site.arrivals))


def by_shard(batches) -> dict:
    return {shard: [batch for batch in batches if batch.shard == shard] for shard in {batch.shard for batch in batches}}


def test_a_floor_reads_the_stream_whole(floor, kinesis, tmp_path):
    with start(floor, Site(tmp_path / "site", "floor", kinesis, None)) as running:
        running.all_of(TOTAL)
        kinesis.more(MORE)
        running.all_of(TOTAL + SHARDS * MORE)
        found = by_shard(running.arrivals.batches)
    assert len(found) == SHARDS
    for batches in found.values():
        assert sum(batch.records for batch in batches) == RECORDS + MORE
        assert all(batch.bytes == batch.records * SIZE for batch in batches)


def test_a_floor_keeps_the_pace(floor, kinesis, tmp_path):
    with start(floor, Site(tmp_path / "site", "floor", kinesis, None)) as running:
        running.all_of(TOTAL)
        found = by_shard(running.arrivals.batches)
    for batches in found.values():
        assert [batch.records for batch in batches] == [PACE.records, PACE.records, RECORDS - 2 * PACE.records]
        assert all(later.at - batch.at >= PACE.pause / 1000 for batch, later in zip(batches, batches[1:]))


def test_a_floor_ends_with_the_shards_that_there_were(floor, kinesis, tmp_path):
    with start(floor, Site(tmp_path / "site", "floor", kinesis, None)) as running:
        running.all_of(TOTAL)
        for _ in range(SHARDS):
            kinesis.split(MORE)
        assert running.process.wait() == 0
        assert running.arrivals.look().records == TOTAL


def test_a_floor_that_cannot_read_says_so(floor, kinesis, tmp_path):
    kinesis.stop()
    with start(floor, Site(tmp_path / "site", "floor", kinesis, None)) as running:
        with pytest.raises(Ended, match="ListShards"):
            running.all_of(1)
    assert running.process.wait() == 1


def checkpoints(client, table: str) -> dict:
    """Each shard's sequence number, as a position."""
    rows = client.scan(TableName=table, ConsistentRead=True)["Items"]
    return {row["shard_id"]["S"]: int(row["sequence"].get("S", "0")[-12:]) for row in rows}


def test_async_kinesis_goes_on_where_it_was(kinesis, dynamodb, tmp_path):
    import boto3
    client = boto3.client("dynamodb", endpoint_url=dynamodb.endpoint, region_name=services.REGION,
                          aws_access_key_id="local", aws_secret_access_key="local")
    contender, site = readers.AsyncKinesis(Like()), Site(tmp_path / "site", "asyncio", kinesis, dynamodb)
    with start(contender, site) as running:
        running.all_of(TOTAL)
        services.wait_for(lambda: set(checkpoints(client, site.application).values()) == {RECORDS}, "checkpoints")
        running.stop_in_order()
        assert running.arrivals.look().records == TOTAL
        assert {batch.shard for batch in running.arrivals.batches} == {UNTOLD} and running.arrivals.shards == set()
        assert sum(batch.bytes for batch in running.arrivals.batches) == TOTAL * SIZE
    owners = [row["ref"] for row in client.scan(TableName=site.application)["Items"]]
    assert owners == [{"NULL": True}] * SHARDS, "it has given its shards back"
    kinesis.more(MORE)
    with start(contender, site) as running:
        running.all_of(TOTAL + SHARDS * MORE)
        assert running.arrivals.records == TOTAL + SHARDS * MORE


def test_async_kinesis_stops_in_order_while_it_reads(kinesis, dynamodb, tmp_path):
    contender = readers.AsyncKinesis(Like())
    for name in ("first", "second", "third"):
        with start(contender, Site(tmp_path / name, name, kinesis, dynamodb)) as running:
            running.all_of(1)
            running.stop_in_order()
            assert running.process.wait() == 0


def test_the_go_floor_is_left_out_where_there_is_no_go(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(readers.LeftOut, match="golang-go"):
        readers.GoFloor(Like(), tmp_path)

"""One application through everything that ordinarily happens to it: every kind of record, a split, a stop and a start, a
merge."""
import signal

import promises
from application import Application
from scenario import scenario


@scenario(long=True)
def test_records_of_every_kind_through_a_split_a_restart_and_a_merge(stage):
    application = Application(stage, shards=4, plugin_config={"delay_us": 3000}, jvm_options=("-Xmx512m",))
    kinesis = stage.services.kinesis
    first = application.start()
    application.put(application.producer.mixed(3000))
    application.until_delivered(0.1)

    split = sorted(application.shards())[0]
    kinesis.split_shard(StreamName=application.stream, ShardToSplit=split, NewStartingHashKey=middle(application, split))
    stage.services.wait_active(application.stream)
    stage.note(f"{split} split")
    application.put(application.producer.mixed(1500))
    application.until_delivered(0.5)

    application.put(application.producer.mixed(300))
    application.until_some_are_to_come(lambda: application.producer.mixed(300))
    first.send(signal.SIGTERM)
    assert first.wait() == 128 + signal.SIGTERM
    stage.note("stopped")
    application.put(application.producer.mixed(300))
    second = application.start()

    left, right = sorted(application.shards())[2:4]
    application.until(lambda: any(instance.records for instance in second.instances()), "the second daemon at work")
    kinesis.merge_shards(StreamName=application.stream, ShardToMerge=left, AdjacentShardToMerge=right)
    stage.services.wait_active(application.stream)
    stage.note(f"{left} and {right} merged")
    application.put(application.producer.mixed(900))
    application.until_finished()

    promises.check(application)
    shards = application.shards()
    assert len(shards) == 7
    for shard in shards:
        assert application.producer.sent.get(shard), f"{shard} got no records: the test proves nothing about it"


def middle(application: Application, shard: str) -> str:
    keys = application.shards()[shard]["HashKeyRange"]
    return str((int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2)

"""Ways to read a stream that docs/daemon.md shows: enhanced fan-out, by the stream's ARN, from a time on."""
import math
import signal
import time
from collections import Counter

import services
from counting import WORDS, Counting
from scenario import scenario

ACCOUNT = "000000000000"  # kinesis-local's
EARLIER = ["early", "earlier", "earliest"]


def arn(stream):
    return f"arn:aws:kinesis:{services.REGION}:{ACCOUNT}:stream/{stream}"


@scenario
def test_enhanced_fan_out(stage):
    counting = Counting(stage, "fanned-out", retrievalMode="FANOUT", fanoutConfig={"consumerName": "words-app"})
    counting.check()
    counting.put("--create-stream", "2")
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    consumer, = stage.services.kinesis.list_stream_consumers(StreamARN=arn("fanned-out"))["Consumers"]
    assert consumer["ConsumerName"] == "words-app"
    counting.put()
    counting.until_counted(launch, WORDS * 2)
    assert counting.counted() == Counter(WORDS * 2)
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0


@scenario
def test_a_stream_by_its_arn_from_a_time_on(stage):
    kinesis = stage.services.kinesis
    stage.services.create_stream(1, "by-arn")  # one shard: what came before would be counted before
    for word in EARLIER:
        kinesis.put_record(StreamName="by-arn", Data=word.encode(), PartitionKey=word)
    begin = math.floor(time.time()) + 1
    stage.until(lambda: time.time() > begin, "a new second")
    counting = Counting(stage, "by-arn", streamName="", streamArn=arn("by-arn"), initialPositionInStream="",
                        initialPositionInStreamExtended=begin)
    counting.check()
    counting.put()
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    assert counting.counted() == Counter(WORDS)
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0

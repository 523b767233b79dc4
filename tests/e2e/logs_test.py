"""The log of a whole run: every line is JSON, nothing is an error that is none, and an idle shard is nearly silent."""
import json
import signal
import time

from counting import WORDS, Counting
from scenario import scenario

SHARDS = 2
# Over this time the lines of an idle application are counted; fewer than one a minute and shard may come. The KCL
# reports to itself once a minute.
IDLE_SECONDS = 90
# What the KCL's SDK says when a machine is so busy that a connection takes ten seconds. An error, but none of the log's.
BUSY = "Acquire operation took longer than the configured maximum time"


def events(launch):
    """Of the log so far, but for what a busy machine adds; fails where a line is no event."""
    read = [json.loads(line) for line in launch.output().split("\n")[:-1]]
    assert all({"time", "level", "source", "message"} <= event.keys() for event in read), read
    return [event for event in read if BUSY not in event.get("stack", "")]


@scenario
def test_the_log_of_a_run(stage):
    counting = Counting(stage, "logged")
    counting.put("--create-stream", str(SHARDS))
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    stage.until(lambda: all(lease["checkpoint"].isdigit() for lease in counting.leases().values()), "the checkpoints")
    before, idle = len(events(launch)), time.monotonic()
    stage.until(lambda: time.monotonic() - idle >= IDLE_SECONDS, "some time without a record")
    quiet = events(launch)[before:]
    assert len(quiet) < SHARDS * IDLE_SECONDS / 60, quiet
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0
    said = events(launch)
    assert [event for event in said if event["level"] == "error"] == []
    assert [event for event in said if "\tat " in event["message"] or "stack" in event] == []
    assert [event for event in said if event["message"].startswith("WARNING: ")] == [], "what Java warns of"
    assert {event["source"] for event in said} >= {"launch", "daemon", "host"}
    of_shards = {event["shard"] for event in said if event["source"] == "daemon" and "shard" in event}
    assert of_shards == set(counting.leases()), "the daemon's lines are found by their shard"


@scenario
def test_a_stack_trace_is_part_of_its_event(stage):
    counting = Counting(stage, "unreachable", dynamoDBEndpoint="http://127.0.0.1:1")
    counting.put("--create-stream", "1")
    launch = counting.launch()
    stage.until(lambda: any("stack" in event for event in events(launch)), "an exception in the log")
    launch.send(signal.SIGTERM)
    launch.wait()
    stack = next(event["stack"] for event in events(launch) if "stack" in event)
    assert "Exception" in stack.split("\n")[0] and "\n\tat " in stack and not stack.endswith("\n"), stack

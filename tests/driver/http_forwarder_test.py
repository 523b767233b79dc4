"""The http_forwarder, whose workers are killed at random, before a server of which some answers are 503: each record is accepted
before it is checkpointed, in the order of its key, and none but those that were in flight come twice."""
import json
import os
import random
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from killing import RECORDS_A_KILL, Killer, live
from stream import Stream

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from http_server import Server  # noqa: E402

PLUGINS = os.environ["KCLHOST_PLUGINS_DIR"]
CONCURRENCY, RECORDS_A_REQUEST = 4, 5


class Endpoint:
    """Answers the server's requests, one at a time."""

    def __init__(self, choice: random.Random, stream: Stream):
        self.choice, self.stream = choice, stream
        self.accepted = [0] * len(stream)  # how often
        self.unavailable = self.twice = self._complete = 0
        self.wrong = []
        self._of_key = defaultdict(list)
        for number, record in enumerate(stream.records):
            self._of_key[record.key].append(number)
        self._first = {number: before for numbers in self._of_key.values() for before, number in zip([None, *numbers], numbers)}

    def __call__(self, request):
        if self.choice.random() < 0.01:
            self.unavailable += 1
            return 503, b""
        for line in request.body.splitlines():
            self._accept(json.loads(line))
        return 204, b""

    def _accept(self, line: dict):
        number = self.stream.index[int(line["sequenceNumber"]), line["subSequenceNumber"]]
        record, before = self.stream.records[number], self._first[number]
        if (line["partitionKey"], line["text"]) != (record.key, record.data):
            self.wrong.append(f"record {number} came as {line}")
        if before is not None and not self.accepted[before]:
            self.wrong.append(f"record {number} came before record {before} of its key")
        self.twice += bool(self.accepted[number])
        self.accepted[number] += 1

    def check(self, count: int):
        """The first `count` records are about to be checkpointed."""
        while self._complete < count:
            assert self.accepted[self._complete], f"record {self._complete} is checkpointed, and was not accepted"
            self._complete += 1


@pytest.mark.parametrize("lanes", [1, 3])
def test_nothing_is_lost_and_what_was_in_flight_comes_twice_at_most(directory, seed, kills, lanes):
    choice = random.Random(f"{seed} {lanes}")
    stream = Stream(choice, ["ok"] * (RECORDS_A_KILL * kills))
    endpoint = Endpoint(choice, stream)
    with Server(endpoint) as server:
        server.delay = 0.003
        killer = Killer(choice, lambda: server.in_flight > 0, kills)
        checkpoints = live(directory, {
            "plugins_dir": PLUGINS, "concurrency": lanes,
            "plugin": {"path": "http_forwarder.so", "config": {
                "url": server.url, "concurrency": CONCURRENCY,
                "batch": {"max_records": RECORDS_A_REQUEST, "linger_seconds": 0.005},
                "retry": {"initial_backoff_seconds": 0.001, "max_backoff_seconds": 0.005}}},
            "in_flight": {"max_records": 100 * lanes},
            "checkpoint": {"interval": "0s"},
            "on_error": {"retry": {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "5ms"}, "then": "block"}},
            stream, killer, endpoint.check)
    print(f"\nseed {seed}, {lanes} lanes: {len(stream)} records, {kills} kills, {killer.while_busy} of them with requests in "
          f"flight, {len(server.requests)} requests, {endpoint.unavailable} of them answered 503, {checkpoints} checkpoints, "
          f"{endpoint.twice} records twice")
    assert not endpoint.wrong
    assert all(endpoint.accepted)
    assert endpoint.twice <= kills * CONCURRENCY * RECORDS_A_REQUEST

"""Puts records all the while, and remembers them."""
import random
import threading

import services

POISON = ("throw", "partial", "segv", "abort", "exit")


class Producer(threading.Thread):
    """Some records at a time, until it is told to stop or has put `most`: the local Kinesis is slow beyond 6,000."""

    def __init__(self, local: services.LocalServices, stream: str, seed: str, most: int, pause: float):
        super().__init__(daemon=True)
        self.kinesis, self.stream, self.most, self.pause = local.kinesis, stream, most, pause
        self.choice = random.Random(seed)
        self.put = {}  # (partition key, data) by index
        self.poison = set()
        self.last = {}  # the highest sequence number by shard
        self.error = None
        self._stop_asked = threading.Event()

    def run(self):
        try:
            while len(self.put) < self.most and not self._stop_asked.wait(self.choice.uniform(0, 2 * self.pause)):
                self._put(self.choice.randint(1, 60))
        except Exception as error:
            self.error = error

    def finish(self):
        self._stop_asked.set()
        self.join()
        assert self.error is None, f"the producer failed: {self.error}"

    def _put(self, count: int):
        entries = []
        for index in range(len(self.put), len(self.put) + count):
            deed = self.choice.choice(POISON) if self.choice.random() < 0.004 else "ok"
            if deed != "ok":
                self.poison.add(index)
            key, data = f"key-{self.choice.randrange(200)}", f"{index}:{deed}"
            self.put[index] = key, data
            entries.append({"Data": data.encode(), "PartitionKey": key})
        while entries:
            answers = self.kinesis.put_records(StreamName=self.stream, Records=entries)["Records"]
            for answer in answers:
                if "SequenceNumber" in answer:
                    shard = answer["ShardId"]
                    self.last[shard] = max(self.last.get(shard, 0), int(answer["SequenceNumber"]))
            entries = [entry for entry, answer in zip(entries, answers) if "SequenceNumber" not in answer]

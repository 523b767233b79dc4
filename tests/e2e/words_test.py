"""Words put by kclhost put, counted by word_counter under kclhost launch: what the quick start does, and a crash."""
import json
import signal
import subprocess
from collections import Counter

import fetch
import services
from scenario import scenario

WORDS = ["stream", "shard", "größe", "lease", "stream", "record", "stream"]

CONFIG = """\
version: 1
plugins_dir: {plugins}
plugin: {{path: word_counter.so, config: {{output_dir: {counts}}}}}
state_dir: {state}
checkpoint: {{interval: 1s}}
daemon:
  jvm_options: [-Xmx256m, -XX:+UseSerialGC, -XX:TieredStopAtLevel=1]
  jars: {jars}
  logback: {logback}
  properties: {properties}
"""


class Counting:
    """A stream of words of its own, and kclhost launch over it."""

    def __init__(self, stage, stream, **properties):
        self.stage, self.stream = stage, stream
        self.application = f"{stage.directory.name}-words"
        self.counts, self.config = stage.directory / "counts", stage.directory / "kclhost.yaml"
        self.counts.mkdir()
        properties = {**stage.services.daemon_properties(), "streamName": stream, "applicationName": self.application,
                      **properties}
        self.config.write_text(CONFIG.format(plugins=stage.plugins, counts=self.counts, state=stage.directory / "state",
                                             jars=fetch.daemon(), logback=fetch.ROOT / "config/daemon/logback.xml",
                                             properties=json.dumps(properties)))

    def put(self, *options):
        subprocess.run([self.stage.kclhost, "put", "--stream", self.stream, *options, "--endpoint",
                        self.stage.services.kinesis_endpoint, "--region", services.REGION, *(f"-w{word}" for word in WORDS)],
                       check=True, env=self.stage.services.environment())

    def launch(self):
        return self.stage.enter(services.Process([self.stage.kclhost, "launch", "--config", self.config],
                                                 self.stage.directory / "launch.log", env=self.stage.services.environment()))

    def counted(self) -> Counter:
        total = Counter()
        for file in self.counts.glob("*.json"):
            total.update(json.loads(file.read_text())["words"])
        return total

    def until_counted(self, launch, words):
        def enough():
            assert launch.running(), "launch has ended"
            return sum(self.counted().values()) >= len(words)

        self.stage.until(enough, f"{len(words)} words counted", self.counted)

    def leases(self):
        return self.stage.services.leases(self.application)


@scenario
def test_words_in_counts_out(stage):
    counting = Counting(stage, "words")
    counting.put("--create-stream", "2")
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    assert counting.counted() == Counter(WORDS)
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0
    for file in counting.counts.glob("*.json"):
        assert counting.leases()[file.stem]["checkpoint"].isdigit(), counting.leases()


@scenario
def test_a_crashed_daemon_goes_on_under_its_name(stage):
    counting = Counting(stage, "crashing", failoverTimeMillis="10000", leaseAssignmentIntervalMillis="2000")
    counting.put("--create-stream", "1")
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    before = {shard: lease["leaseOwner"] for shard, lease in counting.leases().items()}
    # Without launch the daemon would get SIGTERM, which is no crash.
    daemon, = (int(pid) for pid in open(f"/proc/{launch.pid}/task/{launch.pid}/children").read().split())
    launch.send(signal.SIGSTOP)
    subprocess.run(["kill", "-KILL", str(daemon), str(launch.pid)], check=True)
    launch.wait()
    stage.note("launch and the daemon are killed")

    counting.put()
    launch = counting.launch()
    counting.until_counted(launch, WORDS * 2)
    after = {shard: lease["leaseOwner"] for shard, lease in counting.leases().items()}
    assert after == before, "another name would have waited for the old one's leases and lock"
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0

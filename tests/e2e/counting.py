"""Words on a stream of their own, put by kclhost put and counted by word_counter under kclhost launch."""
import json
import subprocess
from collections import Counter

import fetch
import services

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
        """The properties go over what the local services need; an empty one leaves it out."""
        self.stage, self.stream = stage, stream
        self.application = f"{stage.directory.name}-words"
        self.counts, self.config = stage.directory / "counts", stage.directory / "kclhost.yaml"
        self.counts.mkdir()
        properties = {**stage.services.daemon_properties(), "streamName": stream, "applicationName": self.application,
                      **properties}
        self.config.write_text(CONFIG.format(plugins=stage.plugins, counts=self.counts, state=stage.directory / "state",
                                             jars=fetch.daemon(), logback=fetch.ROOT / "config/daemon/logback.xml",
                                             properties=json.dumps(properties)))

    def put(self, *options, words=WORDS):
        subprocess.run([self.stage.kclhost, "put", "--stream", self.stream, *options, "--endpoint",
                        self.stage.services.kinesis_endpoint, "--region", services.REGION, *(f"-w{word}" for word in words)],
                       check=True, env=self.stage.services.environment())

    def check(self):
        """What kclhost check says; it must have found nothing wrong."""
        done = subprocess.run([self.stage.kclhost, "check", "--config", self.config], capture_output=True, text=True,
                              env=self.stage.services.environment())
        assert done.returncode == 0, done.stderr
        return done.stderr

    def launch(self, *before):
        """before: a program, with its arguments, that runs it."""
        return self.stage.enter(services.Process([*before, self.stage.kclhost, "launch", "--config", self.config],
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

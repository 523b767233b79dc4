"""What the quick start does: words put by kclhost put, counted by word_counter under kclhost launch."""
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


@scenario
def test_words_in_counts_out(stage):
    counts, config = stage.directory / "counts", stage.directory / "kclhost.yaml"
    counts.mkdir()
    application = f"{stage.directory.name}-words"
    properties = {**stage.services.daemon_properties(), "streamName": "words", "applicationName": application}
    config.write_text(CONFIG.format(plugins=stage.plugins, counts=counts, state=stage.directory / "state",
                                    jars=fetch.daemon(), logback=fetch.ROOT / "config/daemon/logback.xml",
                                    properties=json.dumps(properties)))
    subprocess.run([stage.kclhost, "put", "--stream", "words", "--create-stream", "2", "--endpoint",
                    stage.services.kinesis_endpoint, "--region", services.REGION, *(f"-w{word}" for word in WORDS)],
                   check=True, env=stage.services.environment())
    launch = stage.enter(services.Process([stage.kclhost, "launch", "--config", config], stage.directory / "launch.log",
                                          env=stage.services.environment()))

    def counted() -> Counter:
        assert launch.running(), "launch has ended"
        total = Counter()
        for file in counts.glob("*.json"):
            total.update(json.loads(file.read_text())["words"])
        return total

    stage.until(lambda: sum(counted().values()) >= len(WORDS), "the words counted", counted)
    assert counted() == Counter(WORDS)
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0
    leases = stage.services.leases(application)
    for file in counts.glob("*.json"):
        assert leases[file.stem]["checkpoint"].isdigit(), leases

"""`kclhost launch` with a daemon that the test plays, shard by shard."""
import base64
import json
import os
import select
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from prometheus_client import parser as old_format
from prometheus_client.openmetrics import parser as open_metrics
from services import Process, wait_for

HERE = Path(__file__).parent
PATIENCE = 120  # seconds; only a program that hangs takes as long


def record(number, data, key="key"):
    data = data if isinstance(data, bytes) else data.encode()
    return {"action": "record", "data": base64.b64encode(data).decode(), "partitionKey": key, "sequenceNumber": str(number),
            "subSequenceNumber": 0, "approximateArrivalTimestamp": 1700000000000}


class Shard:
    """The daemon's side of one host."""

    def __init__(self, launch, shard):
        self.shard = shard
        theirs_in, self.stdin = os.pipe()
        self.stdout, theirs_out = os.pipe()
        self.pid = launch.start_host(theirs_in, theirs_out)
        for pipe in (theirs_in, theirs_out):
            os.close(pipe)
        self.pending = b""
        self.error = None  # of the checkpoints to come
        self.checkpoints = []
        self.number = 1000

    def send(self, message):
        os.write(self.stdin, json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def read(self, patience=PATIENCE):
        end = time.monotonic() + patience
        while b"\n" not in self.pending:
            assert select.select([self.stdout], [], [], max(0, end - time.monotonic()))[0], "no answer"
            read = os.read(self.stdout, 65536)
            assert read, "the host has ended"
            self.pending += read
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line) if line else self.read(patience)

    def wait(self):
        """For the status of what was sent."""
        while (message := self.read())["action"] == "checkpoint":
            self.checkpoints.append(message["sequenceNumber"])
            self.send(message | {"error": self.error})

    def ask(self, message):
        self.send(message)
        self.wait()

    def initialize(self):
        self.ask({"action": "initialize", "shardId": self.shard, "sequenceNumber": "TRIM_HORIZON", "subSequenceNumber": 0})
        return self

    def batch(self, *data, behind=0):
        records = []
        for text in data:
            self.number += 1
            records.append(record(self.number, text))
        return {"action": "processRecords", "records": records, "millisBehindLatest": behind}

    def process(self, *data, behind=0):
        self.ask(self.batch(*data, behind=behind))

    def lose(self):
        """The lease goes to somebody else, and the host ends."""
        self.ask({"action": "leaseLost"})
        self.close()

    def close(self):
        for pipe in (self.stdin, self.stdout):
            os.close(pipe)
        self.stdin = self.stdout = None

    def workers(self):
        """The pids of its workers, the oldest first."""
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def worker(self):
        return wait_for(self.workers, "a worker")[0]


class Launch:
    def __init__(self, kclhost, directory, plugin, plugins, output=None, **settings):
        """output: where its standard output and error go; a file of its own if not given."""
        self.kclhost, self.directory = kclhost, directory
        (directory / "jars").mkdir()
        (directory / "jars" / "amazon-kinesis-client-multilang-9.jar").touch()
        (directory / "logback.xml").touch()
        self.config = directory / "kclhost.yaml"
        self.settings = {"version": 1, "plugins_dir": str(plugins), "plugin": plugin, "state_dir": str(directory / "state"),
                         "metrics": {"listen": "127.0.0.1:0"}, "checkpoint": {"interval": "0s"},
                         "on_error": {"retry": {"max_attempts": 2, "initial_backoff": "1ms", "max_backoff": "1ms"},
                                      "then": "dead_letter"},
                         # A machine that is busy makes no release a bad one.
                         "timeouts": {"shutdown": "3s", "swap": "1h"},
                         "rollout": {"undo_on": {"call_longer_than": "1h"}},
                         "daemon": {"java": str(HERE / "fake_daemon.py"), "jars": str(directory / "jars"), "prime": False,
                                    "logback": str(directory / "logback.xml"), "jvm_options": ["-Xmx100m"],
                                    "properties": {"streamName": "words", "applicationName": "app"}}} | settings
        self.write()
        self.shards = []
        self.daemon = None
        self.address = None
        control = directory / "control"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(control))
        self.listener.listen()
        self.process = Process([kclhost, "launch", "--config", self.config], output or directory / "launch.log",
                               env=dict(os.environ, FAKE_SOCKET=str(control)))

    def write(self):
        """The settings, as they are now, are the configuration."""
        draft = self.directory / "draft"
        draft.write_text(json.dumps(self.settings))
        draft.rename(self.config)

    def state(self):
        """Of the releases."""
        (file,) = (self.directory / "state" / "releases").glob("of-*.json")
        return json.loads(file.read_text())

    def notes(self):
        """What the plugin `actor` wrote down."""
        text = Path(self.settings["plugin"]["config"]["notes"]).read_text()
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def begin(self):
        """Waits until the daemon runs."""
        self.listener.settimeout(0.1)
        while self.daemon is None:
            try:
                self.daemon, _ = self.listener.accept()
            except TimeoutError:
                assert self.process.running(), self.process.output()
        self.daemon.settimeout(PATIENCE)
        self.address = self.status()["launch"]["metrics"]
        if self.address:
            wait_for(lambda: self.get("/healthz")[0], "the HTTP server")
        return self

    def start_host(self, *pipes):
        socket.send_fds(self.daemon, [b"start"], pipes)
        return int(self.daemon.recv(100))

    def shard(self, name="shardId-000000000000"):
        self.shards.append(Shard(self, name))
        return self.shards[-1].initialize()

    def stop(self):
        self.process.send(signal.SIGTERM)
        for shard in self.shards:
            if shard.stdin is not None:
                shard.close()
        return self.process.wait()

    def clean_up(self):
        for shard in self.shards:
            if shard.stdin is not None:
                shard.close()
        self.process.stop()
        self.listener.close()
        if self.daemon:
            self.daemon.close()

    # ---- what it tells

    def get(self, path, accept=None):
        """(status, body); (0, "") while nobody listens."""
        request = urllib.request.Request(f"http://{self.address}{path}", headers={"Accept": accept} if accept else {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def families(self):
        """The page's families by name, as OpenMetrics has them."""
        status, text = self.get("/metrics", "application/openmetrics-text")
        assert status == 200, text
        return {family.name: family for family in open_metrics.text_string_to_metric_families(text)}

    def value(self, sample, **labels):
        """The sum of the samples of that name with these labels; 0 where there are none."""
        return sum(one.value for family in self.families().values() for one in family.samples
                   if one.name == sample and labels.items() <= one.labels.items())

    def old_families(self):
        status, text = self.get("/metrics")
        assert status == 200, text
        return {family.name: family for family in old_format.text_string_to_metric_families(text)}

    def until(self, expected, sample, **labels):
        """Waits until it has that value."""
        wait_for(lambda: self.value(sample, **labels) == expected, f"{sample}{labels} to be {expected}, not {self.value(sample, **labels)}")

    def run_status(self, *options):
        return subprocess.run([self.kclhost, "status", "--config", self.config, *options], capture_output=True, text=True,
                              timeout=PATIENCE)

    def status(self):
        done = self.run_status("--json")
        assert done.stdout.count("\n") == 1, done
        return json.loads(done.stdout)

    def daemon_pid(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pid, = [pid for pid in map(int, children.read_text().split())
                if b"fake_daemon.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return pid

    def ready(self):
        return self.get("/readyz")[0]

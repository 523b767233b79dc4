"""Local Kinesis and DynamoDB, on free ports of 127.0.0.1, for tests and the quick start.

    with LocalServices() as services:
        stream = services.create_stream(shards=4)
        services.kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
        subprocess.run([...], env=services.environment())

What a context manager starts it stops, whatever happens; if the Python process is killed outright, the kernel ends the
services with it. Runs under Debian's own Python (/usr/bin/python3), which has boto3.
"""
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import fetch

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": REGION,
               "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
# Settings that would lead an SDK past the local services.
FOREIGN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS",
           "AWS_ENDPOINT_URL_DYNAMODB")
CLIENTS = threading.Lock()  # boto3 clients are for any thread, but made by one at a time


class Timeout(AssertionError):
    """Something that was waited for did not come about."""


def wait_for(condition, what: str, timeout: float = 300, poll: float = 0.05):
    """Calls condition until it returns something true, and returns that. The timeout is a last resort against hanging
    for ever, generous enough for a busy machine; what names the thing in its message."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Timeout(f"waited {timeout:g} s for {what}")
        time.sleep(poll)


def free_port() -> int:
    """A port nobody listens on now. Somebody else may take it before you do: be ready to try again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A child in a process group of its own that is gone at the latest when this Python process is. Its output goes to
    log, a file."""

    def __init__(self, command, log, *, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.command = [str(word) for word in command]
        self.log = Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *self.command], stdin=stdin,
                                            stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd,
                                            start_new_session=True)
        self.pid = self.process.pid

    def running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.output().splitlines()[-lines:])

    def send(self, number: int):
        """Signals the process alone, not its group."""
        if self.running():
            os.kill(self.pid, number)

    def wait(self, timeout: float = 300) -> int:
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"waited {timeout:g} s for {self.command[0]} to end; its log:\n{self.tail()}") from None

    def stop(self, grace: float = 30):
        """SIGTERM, then SIGKILL for whatever is left of the group. A launch has a daemon to stop, which is in no group of
        its."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(grace)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Service:
    """An HTTP server on a free port. Subclasses say how it is started and where it answers."""
    path = "/"
    jvm_options = ()  # what a JVM that uses the service needs

    def __init__(self, directory):
        self.directory = Path(directory)
        self.process = None
        for _ in range(5):  # another process may take the port between its choice and its use
            self.port = free_port()
            self.process = self.start()
            if self._answers():
                return
            self.process.stop()
        raise RuntimeError(f"{type(self).__name__} does not start; its log:\n{self.process.tail()}")

    def start(self) -> Process:
        raise NotImplementedError

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        if self.process:
            self.process.stop(grace=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _answers(self) -> bool:
        def probe():
            if not self.process.running():
                return "died"
            try:
                urllib.request.urlopen(self.endpoint + self.path, timeout=5).close()
            except urllib.error.HTTPError:
                pass  # an answer
            except (OSError, ValueError):
                return None
            # Answered, but by us? With the port lost to another process, ours ends.
            return "answers" if self.process.running() else "died"

        try:
            return wait_for(probe, f"{type(self).__name__} to answer", timeout=120) == "answers"
        except Timeout:
            self.stop()
            raise


class Kinesis(Service):
    """kinesis-local: behaves like Kinesis, reshards; slow beyond some 6,000 records a stream."""
    path = "/healthcheck"

    def start(self) -> Process:
        main = fetch.kinesis_local()
        self.tls_port = free_port()  # where it shows a certificate of its own
        # Its own limit of shards, 50, is one account's; here many tests share it.
        env = dict(os.environ, KINESIS_MOCK_PLAIN_PORT=str(self.port), KINESIS_MOCK_TLS_PORT=str(self.tls_port),
                   SHARD_LIMIT="1000", LOG_LEVEL="WARN")
        # From its own folder: it reads server.json there.
        return Process(["node", "main.js"], self.directory / "kinesis.log", env=env, cwd=main)


class MotoKinesis(Service):
    """moto: takes thousands of puts a second; its split shards never end. The JVM needs -Daws.cborEnabled=false."""
    jvm_options = ("-Daws.cborEnabled=false",)

    def start(self) -> Process:
        python = fetch.moto()
        env = dict(os.environ, **CREDENTIALS)
        return Process([python, "-m", "hypercorn", "--workers", "1", "--bind", f"127.0.0.1:{self.port}",
                        "wsgi:moto_app:app"], self.directory / "moto.log", env=env, cwd=fetch.HERE / "moto")


class DynamoDb(Service):
    """DynamoDBLocal, in memory."""

    def start(self) -> Process:
        jars = fetch.dynamodb_local()
        return Process(["java", "-Xmx256m", "-Djava.library.path=.", "-cp", "*",
                        "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-sharedDb",
                        "-disableTelemetry", "-port", self.port], self.directory / "dynamodb.log", cwd=jars)


class LocalServices:
    """Kinesis and DynamoDB together. directory receives their logs; kinesis is Kinesis or MotoKinesis."""

    def __init__(self, directory=None, kinesis=Kinesis):
        directory = directory or fetch.CACHE / "logs" / f"services-{os.getpid()}"
        self.jvm_options = list(kinesis.jvm_options)
        self._clients = {}
        self._started = []
        try:
            for service in (kinesis, DynamoDb):
                self._started.append(service(directory))
        except BaseException:
            self.stop()
            raise
        self.kinesis_endpoint, self.dynamodb_endpoint = (service.endpoint for service in self._started)

    @classmethod
    def attach(cls):
        """Services that another process runs, as environment() describes them; stop() leaves them running."""
        services = cls.__new__(cls)
        services.jvm_options, services._clients, services._started = [], {}, []
        services.kinesis_endpoint = os.environ["KCLHOST_KINESIS_ENDPOINT"]
        services.dynamodb_endpoint = os.environ["KCLHOST_DYNAMODB_ENDPOINT"]
        return services

    @property
    def kinesis(self):
        """A boto3 client."""
        return self._client("kinesis", self.kinesis_endpoint)

    @property
    def dynamodb(self):
        """A boto3 client."""
        return self._client("dynamodb", self.dynamodb_endpoint)

    def environment(self, **more) -> dict:
        """The variables that config/kclhost.yaml and every AWS SDK need to use these services, on top of ours."""
        ours = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {**ours, **CREDENTIALS, "KCLHOST_KINESIS_ENDPOINT": self.kinesis_endpoint,
                "KCLHOST_DYNAMODB_ENDPOINT": self.dynamodb_endpoint, **more}

    def daemon_properties(self) -> dict:
        """The KCL's properties that use these services, and that start an application fast. A lease lasts as long as
        anywhere: a daemon that has too little CPU for a while is to keep it."""
        return {"kinesisEndpoint": self.kinesis_endpoint, "dynamoDBEndpoint": self.dynamodb_endpoint,
                "regionName": REGION, "initialPositionInStream": "TRIM_HORIZON", "retrievalMode": "POLLING",
                "metricsLevel": "NONE", "failoverTimeMillis": "10000", "leaseAssignmentIntervalMillis": "1000",
                "shardSyncIntervalMillis": "1000", "shutdownGraceMillis": "15000",
                "awsCredentialsProvider": "DefaultCredentialsProvider"}

    def create_stream(self, shards: int = 1, name: str = None) -> str:
        """A new, active stream; its name."""
        name = name or f"stream-{uuid.uuid4().hex[:12]}"
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.wait_active(name)
        return name

    def wait_active(self, stream: str):
        wait_for(lambda: self.kinesis.describe_stream_summary(StreamName=stream)
                 ["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE", f"stream {stream} to be active")

    def leases(self, application: str) -> dict:
        """The leases in the lease table by shard, as {"checkpoint", "checkpointSubSequenceNumber", "leaseOwner", ...};
        empty as long as the table does not exist. From 3.5.0 on the table of a new application has other rows too."""
        try:
            pages = list(self.dynamodb.get_paginator("scan").paginate(TableName=application, ConsistentRead=True))
        except self.dynamodb.exceptions.ResourceNotFoundException:
            return {}
        rows = (({key: _plain(value) for key, value in item.items()}) for page in pages for item in page["Items"])
        return {row["leaseKey"]: row for row in rows if row.get("entityType", "LEASE") == "LEASE"}

    def stop(self):
        for service in reversed(self._started):
            service.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _client(self, name, endpoint):
        import boto3
        from botocore.config import Config
        with CLIENTS:
            if name not in self._clients:
                self._clients[name] = boto3.client(
                    name, endpoint_url=endpoint, region_name=REGION, aws_access_key_id="local",
                    aws_secret_access_key="local", config=Config(retries={"max_attempts": 8}, read_timeout=120))
            return self._clients[name]


class Daemon(Process):
    """The MultiLangDaemon itself, without kclhost launch, running executable for each shard. Tests of launch start
    kclhost launch with Process instead. A property that is None is left out. stop() kills one that takes long
    to end; for an orderly end send(SIGTERM) and wait()."""

    def __init__(self, services: LocalServices, directory, executable: str, stream: str, application: str, *,
                 properties=None, jvm_options=(), env=None):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        values = {"executableName": executable, "streamName": stream, "applicationName": application,
                  "processingLanguage": "cpp/20", **services.daemon_properties(), **(properties or {})}
        self.properties_file = self.directory / "daemon.properties"
        self.properties_file.write_text(properties_text(values))
        super().__init__(
            ["java", "-Xmx512m", "-Dfile.encoding=UTF-8", *services.jvm_options, *jvm_options, "-cp",
             f"{fetch.daemon()}/*", "software.amazon.kinesis.multilang.MultiLangDaemon", "--properties-file",
             self.properties_file, "--log-configuration", fetch.ROOT / "config" / "daemon" / "logback.xml"],
            self.directory / "daemon.log", env=services.environment(**(env or {})))


def properties_text(values: dict) -> str:
    """A daemon's properties file, without those that are None."""
    return "".join(f"{key} = {value}\n" for key, value in values.items() if value is not None)


def _plain(value: dict):
    """A DynamoDB attribute as a Python value."""
    (kind, content), = value.items()
    if kind == "N":
        return int(content) if content.lstrip("-").isdigit() else float(content)
    if kind == "M":
        return {key: _plain(item) for key, item in content.items()}
    if kind == "L":
        return [_plain(item) for item in content]
    return content

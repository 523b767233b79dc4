"""kclhost doctor and kclhost iam on the real Java, jars, daemon, Kinesis and DynamoDB."""
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from application import Application
from counting import WORDS, Counting
from scenario import scenario

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from http_server import Server  # noqa: E402

# What a good set-up leaves to kclhost.
GOOD = {"shutdownGraceMillis": ""}


def findings(counting):
    done = subprocess.run([counting.stage.kclhost, "doctor", counting.config, "--json", "--timeout", "300"], capture_output=True, text=True,
                          env=counting.stage.services.environment())
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    counting.stage.note("; ".join(f"{check['check']}: {check['says']}" for check in told["checks"]))
    found = [(check["check"], finding) for check in told["checks"] for finding in check["findings"]]
    assert done.returncode == (1 if found else 0)
    return found


def the_finding(counting, check, *says):
    (name, finding), = findings(counting)
    assert name == check and all(part in finding["where"] + finding["what"] for part in says), finding
    return finding["cure"]


@scenario
def test_a_stream_is_missing_and_then_all_is_well_before_and_under_a_daemon(stage):
    counting = Counting(stage, "examined", **GOOD)
    cure = the_finding(counting, "stream", "stream examined in", "there is none")
    name, = re.findall(r"aws kinesis create-stream --stream-name (\S+)", cure)
    assert stage.services.create_stream(1, name) == "examined"
    assert findings(counting) == []

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        listening = f"metrics: {{listen: '127.0.0.1:{port}'}}\n"
        counting.config.write_text(counting.config.read_text() + listening)
        assert "set another port" in the_finding(counting, "port", str(port))
    counting.put()
    launch = counting.launch()
    counting.until_counted(launch, WORDS)
    tables = stage.services.dynamodb.list_tables()["TableNames"]
    assert {counting.application, counting.application + "-CoordinatorState"} <= set(tables)
    assert findings(counting) == [], "the port is launch's own, and the tables are the KCL's"
    launch.send(signal.SIGTERM)
    assert launch.wait() == 0
    assert findings(counting) == []


@scenario
def test_a_table_of_another_program_has_the_applications_name(stage):
    counting = Counting(stage, stage.services.create_stream(1), **GOOD)
    stage.services.dynamodb.create_table(TableName=counting.application, BillingMode="PAY_PER_REQUEST",
                                         AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                                         KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    cure = the_finding(counting, "tables", f"table {counting.application} in", "its key is id")
    assert "set another daemon.properties.applicationName" in cure
    counting.config.write_text(counting.config.read_text().replace(counting.application, counting.application + "-2"))
    assert findings(counting) == []


@scenario
def test_nobody_listens_at_the_endpoints(stage):
    counting = Counting(stage, stage.services.create_stream(1), **GOOD)
    good = counting.config.read_text()
    with socket.create_server(("127.0.0.1", 0)) as other:
        nowhere = f"http://127.0.0.1:{other.getsockname()[1]}"
    for endpoint, name in ((stage.services.kinesis_endpoint, "kinesisEndpoint"),
                           (stage.services.dynamodb_endpoint, "dynamoDBEndpoint")):
        counting.config.write_text(good.replace(endpoint, nowhere))
        assert name in the_finding(counting, "endpoints", nowhere)
    counting.config.write_text(good)
    assert findings(counting) == []


@scenario
def test_the_policy_has_what_the_daemon_asks_of_dynamodb(stage):
    """From the tables that the KCL makes itself to its orderly end."""
    asked = set()

    def pass_on(request):
        if request.action:
            index = request.json.get("IndexName")
            asked.add((f"dynamodb:{request.action}", request.json["TableName"] + (f"/index/{index}" if index else "")))
        headers = {name: value for name, value in request.headers if name.lower() not in ("host", "content-length")}
        there = urllib.request.Request(stage.services.dynamodb_endpoint + request.target, request.body or None, headers,
                                       method=request.method)
        try:
            with urllib.request.urlopen(there, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    with Server(pass_on) as dynamodb:
        application = Application(stage, shards=2, properties={"dynamoDBEndpoint": dynamodb.url})
        application.put(application.producer.mixed(200))
        daemon = application.start()
        application.until_finished()
        daemon.send(signal.SIGTERM)
        daemon.wait()
    config = stage.directory / "kclhost.yaml"
    config.write_text(json.dumps({"version": 1, "plugins_dir": str(stage.plugins), "plugin": {"path": "word_counter.so"},
                                  "daemon": {"properties": {"streamName": application.stream,
                                                            "applicationName": application.name}}}))
    policy = json.loads(subprocess.run([stage.kclhost, "iam", config], capture_output=True, text=True, check=True).stdout)
    allowed = {(action, resource.split(":table/")[-1]) for statement in policy["Statement"] for action in statement["Action"]
               for resource in statement["Resource"]}
    stage.note(f"asked: {sorted(asked)}")
    stage.note(f"allowed and not asked: {sorted(each for each in allowed - asked if each[0].startswith('dynamodb'))}")
    assert asked - allowed == set()
    assert {action for action, _ in asked} >= {"dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateItem",
                                               "dynamodb:Scan", "dynamodb:Query", "dynamodb:PutItem"}

"""/readyz and /healthz when DynamoDB is gone, and when it is back."""
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from counting import WORDS, Counting
from scenario import scenario

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from http_server import Server  # noqa: E402


class Switched:
    """DynamoDB, which answers with its own failure while it is `gone`."""

    def __init__(self, endpoint):
        self.endpoint, self.gone = endpoint, False

    def __call__(self, request):
        if self.gone:
            return 500, json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "gone"}).encode()
        headers = {name: value for name, value in request.headers if name.lower() not in ("host", "content-length")}
        there = urllib.request.Request(self.endpoint + request.target, request.body or None, headers, method=request.method)
        try:
            with urllib.request.urlopen(there, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@scenario
def test_dynamodb_goes_and_comes_back(stage):
    dynamodb = Switched(stage.services.dynamodb_endpoint)
    with Server(dynamodb) as server:
        counting = Counting(stage, stage.services.create_stream(1), dynamoDBEndpoint=server.url, failoverTimeMillis="60000")
        counting.config.write_text(counting.config.read_text() + "metrics: {listen: '127.0.0.1:0'}\n")
        counting.put()
        launch = counting.launch()
        counting.until_counted(launch, WORDS)
        address = json.loads(subprocess.run([stage.kclhost, "status", "--config", counting.config, "--json"], capture_output=True,
                                            text=True, check=False).stdout)["launch"]["metrics"]

        def says(path):
            try:
                with urllib.request.urlopen(f"http://{address}{path}", timeout=60) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code

        stage.until(lambda: says("/readyz") == 200, "a shard that is ready")
        for gone, status, what in ((True, 503, "not ready after DynamoDB went"), (False, 200, "ready after it came back")):
            dynamodb.gone = gone
            begin = time.monotonic()
            counting.put()
            stage.until(lambda: says("/readyz") == status, what)
            stage.note(f"{what}: {time.monotonic() - begin:.1f} s")
            assert says("/healthz") == 200
        launch.stop()

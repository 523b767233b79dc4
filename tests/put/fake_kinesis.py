"""An HTTP server that answers as Kinesis does."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from http_server import Server  # noqa: E402, F401


class Kinesis:
    """Answers as Kinesis does. Set the attributes to have it misbehave."""

    def __init__(self, shards=2):
        self.shards = shards      # None: no stream
        self.statuses = []        # what DescribeStreamSummary says before ACTIVE
        self.failures = []        # (status, error type, message), or None: connection closed; one for each PutRecords
        self.refuse = lambda record: None  # an error code for one record
        self.records = []         # those accepted

    def __call__(self, request):
        return getattr(self, request.action)(request.json)

    def CreateStream(self, body):
        if self.shards is not None:
            return error(400, "ResourceInUseException", "it exists")
        self.shards = body["ShardCount"]
        self.statuses = ["CREATING", "CREATING"]
        return 200, b""

    def DescribeStreamSummary(self, body):
        if self.shards is None:
            return error(400, "ResourceNotFoundException", f"Stream {body['StreamName']} not found")
        status = self.statuses.pop(0) if self.statuses else "ACTIVE"
        return ok({"StreamDescriptionSummary": {"StreamStatus": status, "OpenShardCount": self.shards}})

    def PutRecords(self, body):
        if self.failures:
            failure = self.failures.pop(0)
            return failure and error(*failure)
        results = []
        for record in body["Records"]:
            code = self.refuse(record)
            if code:
                results.append({"ErrorCode": code, "ErrorMessage": "try later"})
            else:
                self.records.append(record)
                results.append({"SequenceNumber": str(len(self.records)), "ShardId": "shardId-000000000000"})
        return ok({"FailedRecordCount": sum("ErrorCode" in result for result in results), "Records": results})


def ok(body):
    return 200, json.dumps(body).encode()


def error(status, kind, message):
    return status, json.dumps({"__type": f"com.amazonaws.kinesis.v20131202#{kind}", "message": message}).encode()

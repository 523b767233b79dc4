"""A Kinesis and a DynamoDB for what the local ones can't do: refuse who asks, or what is asked, and be wrong about the time.
They answer what may be read, and nothing else: whoever writes gets no answer."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "put"))

from fake_kinesis import error, ok  # noqa: E402

KEYS = {"app": "leaseKey", "app-CoordinatorState": "key", "app-WorkerMetricStats": "wid"}
ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/words"


class Services:
    """Set the attributes to have them misbehave."""

    def __init__(self):
        self.refusal = None                             # (error type, message), whoever asks
        self.denied = set()                             # actions
        self.silent = set()                             # actions that get no answer
        self.stream = "ACTIVE"                          # None: there is none
        self.tables = dict.fromkeys(KEYS, "ACTIVE")     # their status
        self.keys = dict(KEYS)

    def __call__(self, request):
        if request.method == "GET":
            return 404, b""
        if request.action in self.silent:
            return None
        if self.refusal:
            return error(400, *self.refusal)
        if request.action in self.denied:
            return error(400, "AccessDeniedException",
                         f"User: arn:aws:iam::123456789012:user/x is not authorized to perform: {request.action}")
        return getattr(self, request.action)(request.json)

    def ListShards(self, body):
        if self.stream is None:
            return error(400, "ResourceNotFoundException", f"Stream {body['StreamName']} under account 123 not found.")
        if self.stream != "ACTIVE":
            return error(400, "ResourceInUseException", f"Stream {body['StreamName']} is {self.stream}.")
        return ok({"Shards": [{"ShardId": "shardId-000000000000"}]})

    def GetShardIterator(self, body):
        assert body == {"StreamName": "words", "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}
        return ok({"ShardIterator": "AAA="})

    def GetRecords(self, body):
        assert body == {"ShardIterator": "AAA=", "Limit": 1}
        return ok({"Records": [], "MillisBehindLatest": 0})

    def DescribeStreamSummary(self, _):
        return ok({"StreamDescriptionSummary": {"StreamStatus": "ACTIVE", "StreamARN": ARN}})

    def DescribeStreamConsumer(self, body):
        assert body == {"StreamARN": ARN, "ConsumerName": "app"}
        return error(400, "ResourceNotFoundException", "Consumer app not found")

    def DescribeTable(self, body):
        name = body["TableName"]
        if name not in self.tables:
            return error(400, "ResourceNotFoundException", "Requested resource not found")
        table = {"TableStatus": self.tables[name], "KeySchema": [{"AttributeName": self.keys[name], "KeyType": "HASH"}]}
        if name == "app":
            table["GlobalSecondaryIndexes"] = [{"IndexName": "LeaseOwnerToLeaseKeyIndex", "IndexStatus": "ACTIVE"}]
        return ok({"Table": table})

    def Scan(self, body):
        assert body["Limit"] == 1
        return ok({"Items": []})

    def GetItem(self, body):
        assert list(body["Key"]) == [self.keys[body["TableName"]]]
        return ok({})

    def Query(self, body):
        assert (body["TableName"], body["IndexName"]) == ("app", "LeaseOwnerToLeaseKeyIndex")
        return ok({"Items": []})

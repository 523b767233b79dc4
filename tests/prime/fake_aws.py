"""A Kinesis with shards and a DynamoDB with tables, as far as priming asks them, and as strict as it needs."""
from fake_kinesis import error, ok

MOST = 2 ** 128 - 1


def shards(number, **more):
    """Open shards that share the hash keys evenly."""
    first = [MOST * i // number + bool(i) for i in range(number)] + [MOST + 1]
    return [shard(i, first[i], first[i + 1] - 1, **more) for i in range(number)]


def shard(number, first, last, **more):
    return {"ShardId": f"shardId-{number:012}", "HashKeyRange": {"StartingHashKey": str(first), "EndingHashKey": str(last)},
            "SequenceNumberRange": {"StartingSequenceNumber": "1"}, **more}


class Aws:
    """Set the attributes to have it misbehave."""

    def __init__(self):
        self.shards = shards(2)  # None: no stream
        self.page = 1000
        self.tables = {}         # TableDescription by name
        self.items = {}          # by table
        self.looks_until_active = 0
        self.failures = {}       # by action: (status, error type, message)

    def __call__(self, request):
        if request.action in self.failures:
            return error(*self.failures[request.action])
        return getattr(self, request.action)(request.json)

    def ListShards(self, body):
        if self.shards is None:
            return error(400, "ResourceNotFoundException", "Stream words not found")
        if "NextToken" in body:
            assert set(body) == {"NextToken"}, "the service refuses more beside it"
            begin = int(body["NextToken"])
        else:
            assert body["StreamName"] == "words"
            begin = 0
        answer = {"Shards": self.shards[begin:begin + self.page]}
        if begin + self.page < len(self.shards):
            answer["NextToken"] = str(begin + self.page)
        return ok(answer)

    def DescribeTable(self, body):
        table = self.tables.get(body["TableName"])
        if table is None:
            return error(400, "ResourceNotFoundException", "Requested resource not found")
        if table["looks"]:
            table["looks"] -= 1
        status = "CREATING" if table["looks"] else "ACTIVE"
        indexes = [{**index, "IndexStatus": status} for index in table.get("GlobalSecondaryIndexes", [])]
        return ok({"Table": {**table, "TableStatus": status, "GlobalSecondaryIndexes": indexes}})

    def CreateTable(self, body):
        name = body["TableName"]
        if name in self.tables:
            return error(400, "ResourceInUseException", f"Table already exists: {name}")
        self.tables[name] = {**body, "looks": self.looks_until_active}
        self.items[name] = {}
        return ok({"TableDescription": {"TableName": name, "TableStatus": "CREATING"}})

    def TransactWriteItems(self, body):
        assert len(body["TransactItems"]) <= 100
        puts = [item["Put"] for item in body["TransactItems"]]
        for put in puts:
            assert put["ConditionExpression"] == "attribute_not_exists(leaseKey)"
            assert not self.tables[put["TableName"]]["looks"], "the table can't be used yet"
            if put["Item"]["leaseKey"]["S"] in self.items[put["TableName"]]:
                return error(400, "TransactionCanceledException", "[ConditionalCheckFailed]")
        for put in puts:
            self.items[put["TableName"]][put["Item"]["leaseKey"]["S"]] = put["Item"]
        return ok({})

"""What reads the lease table skips the rows that are no leases: from 3.5.0 on the KCL keeps other things in it too."""
import subprocess

import fetch
from scenario import scenario

# Rows of a new application's table as the KCL, 3.5.1, writes them, as far as their keys and kinds go.
LEASE = {"leaseKey": {"S": "shardId-000000000000"}, "checkpoint": {"S": "42"}, "checkpointSubSequenceNumber": {"N": "3"},
         "leaseOwner": {"S": "one"}, "leaseCounter": {"N": "7"}}
OTHERS = [
    {"leaseKey": {"S": "one"}, "entityType": {"S": "WORKER_METRIC_STATS"}, "lut": {"N": "1790000000"}},
    {"leaseKey": {"S": "Leader"}, "entityType": {"S": "LEADER"}, "ownerName": {"S": "one"}},
    {"leaseKey": {"S": "Migration3.0"}, "entityType": {"S": "CLIENT_VERSION_MIGRATION"}, "cv": {"S": "CLIENT_VERSION_3X"}},
    {"leaseKey": {"S": "TableMigration3.5"}, "entityType": {"S": "TABLE_MIGRATION"}, "mb": {"S": "one"}},
    {"leaseKey": {"S": "words"}, "entityType": {"S": "STREAM"}, "streamId": {"S": "1"}},
]


@scenario
def test_rows_that_are_no_leases_are_skipped(stage):
    dynamodb = stage.services.dynamodb
    dynamodb.create_table(TableName="born-on-3.5", KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                          BillingMode="PAY_PER_REQUEST")
    tagged = {**LEASE, "leaseKey": {"S": "shardId-000000000001"}, "entityType": {"S": "LEASE"}}
    for row in (LEASE, tagged, *OTHERS):
        dynamodb.put_item(TableName="born-on-3.5", Item=row)
    leases = stage.services.leases("born-on-3.5")
    assert sorted(leases) == ["shardId-000000000000", "shardId-000000000001"]
    shown = subprocess.run([fetch.ROOT / "scripts" / "local-services", "checkpoints", "born-on-3.5"], check=True,
                           capture_output=True, text=True, env=stage.services.environment())
    assert shown.stdout.splitlines() == ["shardId-000000000000 42/3", "shardId-000000000001 42/3"]

"""Where an application runs: its folder, its services, and its name."""
import dataclasses
import os
from pathlib import Path

from . import arrivals, canned

services = canned.services


@dataclasses.dataclass(frozen=True)
class Site:
    folder: Path
    application: str
    kinesis: canned.CannedKinesis
    dynamodb: services.DynamoDb

    def __post_init__(self):
        self.folder.mkdir(parents=True)

    @property
    def arrivals(self) -> Path:
        return self.folder / "arrivals"

    def properties(self) -> dict:
        """The KCL's, without which nobody can run here: enhanced fan-out is what it would choose."""
        return {"streamName": "canned", "applicationName": self.application, "regionName": services.REGION,
                "initialPositionInStream": "TRIM_HORIZON", "metricsLevel": "NONE", "retrievalMode": "POLLING",
                "kinesisEndpoint": self.kinesis.endpoint, "dynamoDBEndpoint": self.dynamodb.endpoint}

    def environment(self) -> dict:
        foreign = (*services.FOREIGN, "JAVA_TOOL_OPTIONS")
        ours = {name: value for name, value in os.environ.items() if name not in foreign}
        return {**ours, **services.CREDENTIALS, arrivals.VARIABLE: str(self.arrivals)}

    def write_properties(self, properties: dict) -> Path:
        path = self.folder / "daemon.properties"
        path.write_text("".join(f"{key} = {value}\n" for key, value in properties.items()))
        return path

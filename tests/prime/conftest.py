import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "put"))
from fake_aws import Aws  # noqa: E402
from fake_kinesis import Server  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("KCLHOST_BIN_DIR") or ROOT / "build/dev/bin")


class Prime:
    """kclhost-prime with properties of its own, and `echo daemon` for the daemon, in an environment of its own."""

    def __init__(self, directory, url):
        self.file = directory / "daemon.properties"
        self.properties = {"applicationName": "app", "streamName": "words", "regionName": "eu-west-1",
                           "initialPositionInStream": "TRIM_HORIZON", "kinesisEndpoint": url, "dynamoDBEndpoint": url,
                           "awsCredentialsProvider": "DefaultCredentialsProvider"}
        self.environment = {"HOME": str(directory), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true",
                            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "SECRET"}
        self.environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})

    def start(self, *daemon, **more):
        self.file.write_text("".join(f"{name}={value}\n" for name, value in self.properties.items() if value is not None))
        # Gone at the latest when this Python process is.
        command = ["setpriv", "--pdeathsig", "KILL", "--", BIN / "kclhost-prime", self.file, *(daemon or ("echo", "daemon"))]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **more)

    def __call__(self):
        """What it says, once it has become the daemon whatever happened."""
        process = self.start()
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out) == (0, "daemon\n"), err
        assert not err or (err.startswith("kclhost: ") and err.count("\n") == 1), err
        return err


@pytest.fixture
def aws():
    return Aws()


@pytest.fixture
def server(aws):
    with Server(aws) as server:
        yield server


@pytest.fixture
def prime(tmp_path, server):
    return Prime(tmp_path, server.url)

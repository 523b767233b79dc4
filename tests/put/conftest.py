import os
import signal
import subprocess
from pathlib import Path

import pytest
from fake_kinesis import Kinesis, Server

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("KCLHOST_BIN_DIR") or ROOT / "build/dev/bin")


class Put:
    """Runs kclhost put in an environment of its own: none of the caller's AWS settings, no metadata service."""

    def __init__(self, home):
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true",
                            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "SECRET/EXAMPLE+KEY",
                            "AWS_REGION": "eu-west-1"}
        self.environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})

    def start(self, *arguments, **more):
        # Gone at the latest when this Python process is.
        command = ["setpriv", "--pdeathsig", "KILL", "--", BIN / "kclhost", "put", *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def __call__(self, *arguments, input=b"", code=0):
        """Returns standard error, once the exit code is right and standard output empty."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        try:
            out, err = process.communicate(input, timeout=300)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == code, err.decode()
        assert out == b""
        return err.decode()


@pytest.fixture
def put(tmp_path):
    return Put(tmp_path)


@pytest.fixture
def kinesis():
    return Kinesis()


@pytest.fixture
def server(kinesis, put):
    with Server(kinesis) as server:
        put.environment["AWS_ENDPOINT_URL_KINESIS"] = server.url
        yield server


@pytest.fixture
def running(put):
    """Starts a kclhost put that the test ends, and that is gone after it in any case."""
    started = []

    def start(*arguments, **more):
        started.append(put.start(*arguments, **more))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGKILL)
        process.communicate()

"""A set-up that is good, until a test makes it bad in one way."""
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from fake_services import Services  # noqa: E402
from http_server import Server  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DAEMON_JAR = "amazon-kinesis-client-multilang-3.1.3.jar"
FAKE_JAVA = """#!/bin/sh
# Java as far as it is asked for its version, and whether an archive fits.
for word; do
  case "$word" in -XX:SharedArchiveFile=*) [ "$(cat "${word#*=}")" = fits ]; exit;; esac
done
echo 'openjdk version "17.0.9" 2023-10-17' >&2
"""


def folder(variable):
    value = os.environ.get(variable)
    assert value, variable + " is not set; run the tests with ctest"
    return Path(value)


@pytest.fixture(scope="session")
def some_jars(tmp_path_factory):
    """Two, that have between them the names of all classes that the daemon loads."""
    directory = tmp_path_factory.mktemp("jars")
    names = {line.split()[0] for line in (ROOT / "config/daemon/classes").read_text().splitlines() if line[0] not in "#@"}
    kcl = {name for name in names if name.startswith("software/amazon/kinesis/")}
    for jar, held in ((DAEMON_JAR, kcl), ("others.jar", names - kcl)):
        with zipfile.ZipFile(directory / jar, "w") as file:
            for name in held:
                file.writestr(name + ".class", "")
    return directory


class Clinic:
    """The set-up, and `kclhost doctor` to look at it."""

    def __init__(self, directory, jars, server, services):
        self.directory = directory
        self.server = server
        self.services = services
        self.java = directory / "java"
        self.java.write_text(FAKE_JAVA)
        self.java.chmod(0o755)
        self.jars = directory / "jars"
        self.jars.mkdir()
        for jar in jars.iterdir():
            (self.jars / jar.name).write_bytes(jar.read_bytes())
        self.archive = self.jars / "classes.jsa"
        self.archive.write_text("fits")
        self.plugins = directory / "plugins"
        self.plugins.mkdir()
        (self.plugins / "noop.so").write_bytes((folder("KCLHOST_PLUGINS_DIR") / "noop.so").read_bytes())
        self.state = directory / "state"
        self.state.mkdir()
        self.properties = {"streamName": "words", "applicationName": "app", "regionName": "eu-west-1",
                           "kinesisEndpoint": server.url, "dynamoDBEndpoint": server.url}
        self.daemon = {"java": str(self.java), "jars": str(self.jars), "properties": self.properties}
        self.config = {"version": 1, "plugins_dir": str(self.plugins), "state_dir": str(self.state),
                       "plugin": {"path": "noop.so"}, "daemon": self.daemon}
        self.environment = {"HOME": str(directory), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true",
                            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "SECRET"}
        self.environment.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
        self.inside = []  # a command that runs the one behind it
        self.options = []
        self.patience = 120

    @property
    def file(self):
        return self.directory / "kclhost.yaml"

    def run(self, *options, command="doctor"):
        self.file.write_text(json.dumps(self.config, indent=1))  # JSON is YAML
        return subprocess.run([*map(str, self.inside), folder("KCLHOST_BIN_DIR") / "kclhost", command, self.file, *options],
                              env=self.environment, capture_output=True, text=True, timeout=300, check=False)

    def look(self):
        """(check, its finding) of each finding; the exit code and the number agree with them."""
        done = self.run(*self.options, "--json", "--timeout", str(self.patience))
        told = json.loads(done.stdout)
        findings = [(check["check"], finding) for check in told["checks"] for finding in check["findings"]]
        assert told["findings"] == len(findings)
        assert done.returncode == (1 if findings else 0), done.stderr
        return findings

    def finds(self, check, *says, number=1):
        """The cure of what is found: this alone, by that check, with these words in it."""
        findings = self.look()
        assert [name for name, _ in findings] == [check] * number, findings
        for finding in (finding for _, finding in findings):
            text = finding["where"] + " " + finding["what"]
            assert all(part in text for part in says), text
            assert finding["what"] and finding["cure"]
        return findings[0][1]["cure"]

    def says(self, check):
        """What that check says where nothing is found."""
        done = self.run("--json", "--timeout", str(self.patience))
        assert done.returncode == 0, done.stderr
        return next(each["says"] for each in json.loads(done.stdout)["checks"] if each["check"] == check)

    def is_well(self):
        assert self.look() == []

    def policy(self, *options):
        """The statements that `kclhost iam` prints, by their names."""
        done = self.run(*options, command="iam")
        assert (done.returncode, done.stderr) == (0, "")
        policy = json.loads(done.stdout)
        assert list(policy) == ["Version", "Statement"] and policy["Version"] == "2012-10-17"
        assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
        return {statement["Sid"]: statement for statement in policy["Statement"]}

    def allowed(self):
        return {action for statement in self.policy().values() for action in statement["Action"]}


@pytest.fixture
def services():
    return Services()


@pytest.fixture
def server(services):
    with Server(services) as server:
        yield server


@pytest.fixture
def clinic(tmp_path, some_jars, server, services):
    return Clinic(tmp_path, some_jars, server, services)

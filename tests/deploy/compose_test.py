"""compose.yaml."""
import json
import re
import subprocess

import pytest
import yaml
from conftest import FILES, ROOT, SAMPLE, is_a_command, variables

FILE = FILES / "compose.yaml"


def services():
    return yaml.safe_load(FILE.read_text())["services"]


def config(file):
    return subprocess.run(["docker-compose", "-f", file, "config", "--quiet"], capture_output=True, text=True)


def test_compose_understands_it():
    done = config(FILE)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("right, wrong", [("read_only:", "readonly:"), ("- state:/var", "- stat:/var"), ("[kinesis, dynamodb]", "[kineses]")])
def test_compose_would_find_a_mistake(tmp_path, right, wrong):
    assert FILE.read_text().count(right) == 1
    (tmp_path / "compose.yaml").write_text(FILE.read_text().replace(right, wrong))
    assert config(tmp_path / "compose.yaml").returncode != 0


def test_the_local_services_are_those_of_the_tests():
    kinesis = json.loads((ROOT / "tests/support/kinesis-local/package.json").read_text())["dependencies"]["kinesis-local"]
    assert f"kinesis-local@{kinesis} " in " ".join(services()["kinesis"]["command"])
    dynamodb = re.search(r"<artifactId>DynamoDBLocal</artifactId>\s*<version>(.*)</version>",
                         (ROOT / "tests/support/dynamodb-local/pom.xml").read_text())[1]
    assert services()["dynamodb"]["image"] == f"amazon/dynamodb-local:{dynamodb}"


def test_the_configuration_in_the_image_takes_its_variables(check, grace):
    consumer = services()["consumer"]
    environment = consumer["environment"]
    assert {name for name in environment if name.startswith("KCLHOST_")} <= variables(SAMPLE.read_text())
    check(SAMPLE, environment)
    assert int(consumer["stop_grace_period"].rstrip("s")) > grace(SAMPLE, environment)
    for service, variable in (("kinesis", "KCLHOST_KINESIS_ENDPOINT"), ("dynamodb", "KCLHOST_DYNAMODB_ENDPOINT")):
        assert environment[variable].startswith(f"http://{service}:") and service in consumer["depends_on"]
    assert environment["KCLHOST_KINESIS_ENDPOINT"].endswith(":" + services()["kinesis"]["environment"]["KINESIS_MOCK_PLAIN_PORT"])
    assert services()["kinesis"]["environment"]["INITIALIZE_STREAMS"].split(":")[0] == environment["KCLHOST_STREAM"]


def test_the_commands_that_it_names_are_kclhosts():
    for words in re.findall(r"exec consumer kclhost (.*)", FILE.read_text()):
        assert is_a_command(words.split())


def test_it_runs_with_few_rights():
    consumer = services()["consumer"]
    assert consumer["read_only"] and consumer["cap_drop"] == ["ALL"] and consumer["security_opt"] == ["no-new-privileges:true"]

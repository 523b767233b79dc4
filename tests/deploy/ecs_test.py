"""The ECS task definition, by botocore's own model of RegisterTaskDefinition."""
import json

import boto3
import pytest
from botocore.validate import ParamValidator
from conftest import FILES, SAMPLE, is_a_command, variables

FILE = FILES / "ecs-task-definition.json"
LONGEST_STOP = 120  # seconds: Fargate's limit for stopTimeout


def shape():
    client = boto3.client("ecs", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    return client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape


def unknown_words(value, shape, where=""):
    """Words that are none of those that the model has for them, which the validator does not look at."""
    if shape.type_name == "structure":
        return [one for name, below in value.items() for one in unknown_words(below, shape.members[name], f"{where}.{name}")]
    if shape.type_name == "list":
        return [one for below in value for one in unknown_words(below, shape.member, where)]
    return [f"{where}: {value}"] if getattr(shape, "enum", []) and value not in shape.enum else []


def mistakes(task):
    report = ParamValidator().validate(task, shape())
    return [report.generate_report()] if report.has_errors() else unknown_words(task, shape())


@pytest.fixture
def task():
    return json.loads(FILE.read_text())


def test_ecs_takes_it(task):
    assert mistakes(task) == []


def test_a_mistake_would_be_found(task):
    container = task["containerDefinitions"][0]
    container["stopTimeout"] = "90"
    assert mistakes(task)
    container["stopTimeout"] = 90
    container["readOnly"] = True
    assert mistakes(task)
    del container["readOnly"]
    task["networkMode"] = "vpc"
    assert mistakes(task) == [".networkMode: vpc"]


def test_the_configuration_in_the_image_takes_its_variables(task, check, grace):
    container, = task["containerDefinitions"]
    environment = {one["name"]: one["value"] for one in container["environment"]}
    assert {name for name in environment if name.startswith("KCLHOST_")} <= variables(SAMPLE.read_text())
    check(SAMPLE, environment)
    assert grace(SAMPLE, environment) < container["stopTimeout"] <= LONGEST_STOP
    how, program, *words = container["healthCheck"]["command"]
    assert (how, program) == ("CMD", "kclhost") and is_a_command(words)


def test_each_volume_is_mounted(task):
    container, = task["containerDefinitions"]
    mounts = {one["sourceVolume"]: one["containerPath"] for one in container["mountPoints"]}
    assert set(mounts) == {volume["name"] for volume in task["volumes"]}
    assert mounts["state"] == "/var/lib/kclhost" and container["readonlyRootFilesystem"] and container["user"] == "10001"

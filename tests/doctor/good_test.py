"""A good set-up, and how the doctor behaves."""
import json
import re

import pytest
from conftest import ROOT

CHECKS = ["configuration", "java", "jars", "class-archive", "folders", "limits", "memory", "settings", "port", "endpoints",
          "clock", "credentials", "stream", "tables"]


def complaints(done):
    """Its standard error without the checks that it announces where it takes long."""
    return [line for line in done.stderr.splitlines()
            if not (line.startswith("kclhost doctor: ") and line.endswith(" ..."))]


def test_nothing_is_found(clinic):
    clinic.config["metrics"] = {"listen": "127.0.0.1:0"}
    done = clinic.run()
    assert (done.returncode, complaints(done)) == (0, [])
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["CHECK", "RESULT"]
    assert [line.split()[0] for line in lines] == CHECKS
    assert all(line.split()[1].startswith("ok") for line in lines), done.stdout


def test_nothing_is_found_before_the_first_start(clinic, services):
    services.tables = {}
    clinic.state.rmdir()
    clinic.is_well()
    assert not clinic.state.exists(), "the host makes it, as the user that it runs as"


def test_nothing_is_written(clinic, server):
    clinic.properties["retrievalMode"] = "FANOUT"
    clinic.is_well()
    asked = {request.action for request in server.requests if request.method == "POST"}
    assert asked == {"ListShards", "GetShardIterator", "GetRecords", "DescribeStreamSummary", "DescribeStreamConsumer",
                     "DescribeTable", "Scan", "GetItem", "Query"}
    assert asked <= {action.split(":")[1] for action in clinic.allowed()}, "whoever runs the daemon may ask that"


def test_a_finding_as_text(clinic):
    clinic.properties["failoverTimeMillis"] = 1
    done = clinic.run()
    assert (done.returncode, complaints(done)) == (1, [])
    assert re.search(r"^settings +1 finding$", done.stdout, re.MULTILINE)
    assert re.search(rf"\n\nsettings: {clinic.file}:\d+:\d+: daemon.properties.failoverTimeMillis is 1: .*\n  cure: .*\n$",
                     done.stdout)


def test_long_work_is_announced(clinic, server):
    server.delay = 1.1  # of the first two answers, those of the endpoints
    server.answer = lambda request, answer=server.answer: (request.action and setattr(server, "delay", 0)) or answer(request)
    done = clinic.run()
    assert done.returncode == 0
    announced = len(done.stderr.splitlines())
    assert announced >= len(("clock", "credentials", "stream", "tables"))
    assert done.stderr.splitlines() == [f"kclhost doctor: {check} ..." for check in CHECKS[-announced:]]


def test_one_fault_hides_no_other(clinic, services):
    clinic.archive.write_text("of another Java")
    clinic.state.chmod(0o777)
    clinic.properties["failoverTimeMillis"] = 1
    services.stream = None
    assert [check for check, _ in clinic.look()] == ["class-archive", "folders", "settings", "stream"]


def test_without_a_daemon_only_the_machine_is_looked_at(clinic, server):
    del clinic.config["daemon"]
    told = json.loads(clinic.run("--json").stdout)
    assert [check["check"] for check in told["checks"] if check["result"] == "ok"] == ["configuration", "folders", "limits"]
    assert all("no daemon is configured" in check["says"] or check["check"] == "port" for check in told["checks"]
               if check["result"] == "not looked at")
    assert server.requests == []


def test_what_the_sdk_alone_can_follow_is_not_looked_at(clinic, server):
    clinic.properties["awsCredentialsProvider"] = "ProfileCredentialsProvider|other"
    told = {check["check"]: check for check in json.loads(clinic.run("--json").stdout)["checks"]}
    for check in ("endpoints", "clock", "credentials", "stream", "tables"):
        assert told[check]["result"] == "not looked at" and "awsCredentialsProvider" in told[check]["says"]
    assert server.requests == []


@pytest.mark.parametrize("variable, value", [("JAVA_TOOL_OPTIONS", "-Daws.region=eu-west-2"), ("AWS_USE_FIPS_ENDPOINT", "true")])
def test_where_kclhost_does_not_follow_the_rest_is_looked_at(clinic, server, variable, value):
    del clinic.properties["kinesisEndpoint"]
    clinic.environment[variable] = value
    clinic.state.chmod(0o777)
    told = {check["check"]: check for check in json.loads(clinic.run("--json").stdout)["checks"]}
    for check in ("endpoints", "clock", "credentials", "stream", "tables"):
        assert told[check]["result"] == "not looked at" and variable in told[check]["says"]
    assert told["folders"]["result"] == "findings" and told["jars"]["result"] == "ok"
    assert server.requests == []


def test_a_profile_that_takes_a_role_is_the_sdks(clinic, tmp_path):
    del clinic.environment["AWS_ACCESS_KEY_ID"], clinic.environment["AWS_SECRET_ACCESS_KEY"]
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("[default]\nrole_arn = arn:aws:iam::123456789012:role/reader\n")
    told = {check["check"]: check for check in json.loads(clinic.run("--json").stdout)["checks"]}
    assert told["credentials"]["result"] == "not looked at" and "role_arn" in told["credentials"]["says"]
    assert told["stream"]["result"] == told["tables"]["result"] == "not looked at"
    clinic.is_well()


def test_a_file_that_is_no_configuration(clinic):
    clinic.config["isolaton"] = "none"
    done = clinic.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "isolation" in done.stderr and done.stderr.count("\n") == 1


def test_the_page_has_every_check_and_no_other():
    page = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == CHECKS

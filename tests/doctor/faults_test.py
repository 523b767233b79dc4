"""Faults that are planted: the doctor finds each, and nothing else, and the cure that it names works when it is followed."""
import datetime
import hashlib
import os
import re
import resource
import shutil
import socket
import subprocess

import pytest
from certificate import private_certificate
from conftest import DAEMON_JAR, ROOT
from http_server import Server

# What a fault on the disk takes: a mount of the doctor's own, which is gone with it.
NAMESPACE = ["unshare", "--map-root-user", "--mount", "--"]


def follow(cure):
    """A cure that is a command."""
    subprocess.run(cure, shell=True, check=True)


# ---- Java and jars -----------------------------------------------------------------------------------------------------


def test_java_is_not_there(clinic):
    clinic.daemon["java"] = str(clinic.directory / "nowhere")
    assert "name one with daemon.java" in clinic.finds("java", "nowhere", "no such program")
    clinic.daemon["java"] = str(clinic.java)
    clinic.is_well()


def test_java_is_too_old(clinic):
    text = clinic.java.read_text()
    for version in ("11.0.2", "1.8.0_392"):
        clinic.java.write_text(text.replace("17.0.9", version))
        assert "17 or later" in clinic.finds("java", f"Java {version}, which is too old")
    clinic.java.write_text(text)
    clinic.is_well()


def test_java_is_one_that_was_tried_or_a_newer_one(clinic):
    text = clinic.java.read_text()
    for version, tried in (("17.0.9", True), ("21.0.13.1", True), ("25", True), ("25-ea", True), ("25.0.5.1", True),
                           ("24.0.2", False), ("26-ea", False)):
        clinic.java.write_text(text.replace("17.0.9", version))
        said = clinic.says("java")
        assert f"Java {version}, " in said and ("tried with 17, 21 and 25" not in said) == tried, said


def test_java_is_another_program(clinic):
    clinic.daemon["java"] = "/bin/false"
    clinic.archive.unlink()
    assert "name one with daemon.java" in clinic.finds("java", "/bin/false", "does not tell its version")
    clinic.daemon["java"] = str(clinic.java)
    clinic.is_well()


def test_there_are_no_jars(clinic, some_jars):
    shutil.rmtree(clinic.jars)
    cure = clinic.finds("jars", str(clinic.jars), "no MultiLangDaemon here")
    assert f"kclhost fetch-daemon --config {clinic.file}" in cure
    shutil.copytree(some_jars, clinic.jars)  # as that command does
    clinic.is_well()


def test_a_jar_was_cut_short(clinic, some_jars):
    jar = clinic.jars / "others.jar"
    whole = jar.read_bytes()
    for part in (b"", whole[:10], whole[:len(whole) // 2], whole[:-1], whole[:500] + whole[600:]):
        jar.write_bytes(part)
        assert "kclhost fetch-daemon" in clinic.finds("jars", str(jar), "damaged")
    shutil.copytree(some_jars, clinic.jars, dirs_exist_ok=True)
    clinic.is_well()


def test_a_jar_is_missing(clinic, some_jars):
    (clinic.jars / "others.jar").unlink()
    assert "kclhost fetch-daemon" in clinic.finds("jars", "classes that are in none")
    shutil.copytree(some_jars, clinic.jars, dirs_exist_ok=True)
    clinic.is_well()


def test_there_are_two_daemons(clinic):
    other = clinic.jars / DAEMON_JAR.replace("3.1.3", "3.5.1")
    shutil.copy(clinic.jars / DAEMON_JAR, other)
    assert "empty the directory" in clinic.finds("jars", "more than one version")
    other.unlink()
    clinic.is_well()


def test_jars_are_fetched_again_as_they_were(clinic):
    """In the version that somebody chose."""
    daemon = clinic.jars / DAEMON_JAR.replace("3.1.3", "3.5.1")
    (clinic.jars / DAEMON_JAR).rename(daemon)
    stamp = clinic.jars / ".complete"
    pom = hashlib.sha256((ROOT / "config/daemon/pom.xml").read_bytes()).hexdigest()
    stamp.write_text(f"{pom} 3.5.1\n{daemon.name}\n")
    (clinic.jars / "others.jar").write_bytes(b"")
    cure = clinic.finds("jars", "others.jar", "damaged")
    assert cure.endswith(f"kclhost fetch-daemon --config {clinic.file} --version 3.5.1")
    daemon.unlink()
    cure = clinic.finds("jars", "no MultiLangDaemon here")
    assert cure.endswith(f"kclhost fetch-daemon --config {clinic.file} --version 3.5.1")
    stamp.write_text(f"{'0' * 64}\n{daemon.name}\n")
    # Of another pom, which may be one of the user's own.
    cure = clinic.finds("jars", "no MultiLangDaemon here")
    remark, _, command = cure.partition("; run: ")
    assert "--pom FILE" in remark and command == f"kclhost fetch-daemon --config {clinic.file} --version 3.5.1"


def test_the_class_archive_does_not_fit(clinic):
    clinic.archive.write_text("of another Java")
    assert f"kclhost fetch-daemon --archive-only --config {clinic.file}" in clinic.finds("class-archive", str(clinic.archive))
    clinic.archive.write_text("fits")
    clinic.is_well()


# ---- Configuration and folders -----------------------------------------------------------------------------------------


def test_the_plugin_is_not_there(clinic):
    (clinic.plugins / "noop.so").rename(clinic.plugins / "other.so")
    assert "plugin.path" in clinic.finds("configuration", "noop.so can't be found")
    clinic.config["plugin"]["path"] = "other.so"
    clinic.is_well()


def test_a_setting_that_launch_refuses(clinic):
    del clinic.properties["applicationName"]
    assert "names the lease table" in clinic.finds("configuration", "applicationName is not set")
    clinic.properties["applicationName"] = "app"
    clinic.is_well()


def test_a_hand_over_that_loses_leases(clinic):
    clinic.properties["isGracefulLeaseHandoffEnabled"] = True
    assert "leave isGracefulLeaseHandoffEnabled out" in clinic.finds("configuration", "a lease can get stuck")
    del clinic.properties["isGracefulLeaseHandoffEnabled"]
    clinic.is_well()


def test_state_dir_can_not_be_written(clinic):
    (clinic.directory / "file").touch()
    clinic.config["state_dir"] = str(clinic.directory / "file" / "state")
    assert "state_dir" in clinic.finds("configuration", "state_dir")
    clinic.config["state_dir"] = str(clinic.state)
    clinic.is_well()


def test_the_disk_is_full(clinic):
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody have a mount namespace")
    for options in ("size=8m", "nr_inodes=50"):
        clinic.inside = [*NAMESPACE, "sh", "-ec", f'mount -t tmpfs -o mode=700,{options} none {clinic.state}; exec "$@"', "sh"]
        assert "free some space there" in clinic.finds("folders", str(clinic.state), "state_dir has")
    clinic.inside = []
    clinic.is_well()


def test_nothing_may_be_executed_in_state_dir(clinic):
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody have a mount namespace")
    clinic.inside = [*NAMESPACE, "sh", "-ec", f'mount -t tmpfs -o mode=700,noexec none {clinic.state}; exec "$@"', "sh"]
    assert "set state_dir to another one" in clinic.finds("configuration", "noop.so can't be loaded")
    clinic.config["state_dir"] = str(clinic.directory / "other")
    clinic.is_well()


@pytest.mark.parametrize("check, name", [("configuration", "plugins"), ("folders", "state")])
def test_everybody_may_write(clinic, check, name):
    directory = clinic.directory / name
    directory.chmod(0o777)
    follow(clinic.finds(check, str(directory), "writable for all"))
    clinic.is_well()
    assert directory.stat().st_mode & 0o777 == 0o775


# ---- This machine ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option, says, lifted", [
    ("--nofile=256:256", "descriptors", "ulimit -n"),
    ("--nproc=100:100", "processes and threads", "ulimit -u"),
    ("--fsize=50000000:50000000", "bytes in a file", "ulimit -f"),
    ("--as=3000000000:3000000000", "address space", "ulimit -v"),
])
def test_a_limit_is_low(clinic, option, says, lifted):
    if os.environ.get("KCLHOST_SANITIZE") and option.startswith("--as"):
        pytest.skip("a sanitizer takes more")
    if option.startswith("--nproc") and os.geteuid() == 0:
        pytest.skip("root has no such limit")
    clinic.inside = ["prlimit", option, "--"]
    assert lifted in clinic.finds("limits", says)
    clinic.inside = []
    clinic.is_well()


def test_there_will_be_no_core_file(clinic):
    clinic.config["worker"] = {"core_dumps": True}
    clinic.inside = ["prlimit", "--core=0:0", "--"]
    assert "ulimit -c" in clinic.finds("limits", "worker.core_dumps is on")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:
        clinic.inside = []
    else:
        del clinic.config["worker"]  # the other way that the cure names
    clinic.is_well()


def test_the_heap_is_more_than_there_is(clinic):
    clinic.daemon["heap"] = "100000GiB"
    assert "leave daemon.heap" in clinic.finds("memory", "the daemon's heap may grow to")
    del clinic.daemon["heap"]
    clinic.is_well()


def test_the_heaps_of_several_streams_are_more_than_there_is(clinic):
    clinic.daemon["heap"] = "100000GiB"
    ((_, finding),) = clinic.look()
    half = int(re.search(r" of (\d+) MiB that there are", finding["what"])[1]) // 2
    clinic.daemon["heap"] = f"{half}MiB"
    clinic.is_well()
    clinic.config["streams"] = {name: {"daemon": {"properties": {"streamName": "words", "applicationName": name}}}
                                for name in ("app", "other")}
    clinic.options = ["--stream", "app"]
    assert "a quarter for all of them together" in clinic.finds("memory", f"2 daemons with a heap of {half} MiB each")
    clinic.daemon["heap"] = f"{half // 2}MiB"
    clinic.is_well()


def test_workers_may_take_more_than_there_is(clinic):
    clinic.config["worker"] = {"max_memory": "100000GiB"}
    assert "set worker.max_memory lower" in clinic.finds("memory", "worker.max_memory")
    clinic.config["worker"]["max_memory"] = "100MiB"
    clinic.is_well()


def test_the_port_is_taken(clinic):
    with socket.create_server(("127.0.0.1", 0)) as other:
        clinic.config["metrics"] = {"listen": f"127.0.0.1:{other.getsockname()[1]}"}
        assert "stop what listens there" in clinic.finds("port", clinic.config["metrics"]["listen"])
    clinic.is_well()


@pytest.mark.parametrize("name, value, good", [
    ("callProcessRecordsEvenForEmptyRecordList", False, None),
    ("failoverTimeMillis", 1000, 5000),
    ("idleTimeBetweenReadsInMillis", 50, 200),
    ("ignoreUnexpectedChildShards", True, None),
    ("maxRecords", 20000, 1000),
    ("shutdownGraceMillis", 1000, 20000),
    ("timeoutInSeconds", 20, None),
])
def test_a_property_that_does_harm(clinic, name, value, good):
    clinic.daemon["heap"] = "1GiB"
    clinic.properties[name] = value
    findings = [finding for check, finding in clinic.look() if check == "settings"]
    (finding,) = findings
    assert f"daemon.properties.{name} is {str(value).lower()}: " in finding["what"]
    line = int(finding["where"].removeprefix(f"{clinic.file}:").split(":")[0])
    assert name in clinic.file.read_text().splitlines()[line - 1]
    assert "leave it out" in finding["cure"]
    if good is None:
        del clinic.properties[name]
    else:
        clinic.properties[name] = good
    clinic.is_well()


# ---- The services ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kinesisEndpoint", "dynamoDBEndpoint"])
def test_nobody_answers(clinic, name):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    clinic.properties[name] = f"http://127.0.0.1:{port}"
    assert f"correct daemon.properties.regionName or {name}" in clinic.finds("endpoints", clinic.properties[name], "connect")
    clinic.properties[name] = clinic.server.url
    clinic.is_well()


def test_somebody_listens_and_does_not_answer(clinic):
    patience = clinic.patience
    with socket.create_server(("127.0.0.1", 0)) as other:
        clinic.properties["kinesisEndpoint"] = f"http://127.0.0.1:{other.getsockname()[1]}"
        clinic.patience = 5
        assert "give it more time: --timeout" in clinic.finds("endpoints", clinic.properties["kinesisEndpoint"], "timed out")
    clinic.properties["kinesisEndpoint"] = clinic.server.url
    clinic.patience = patience
    clinic.is_well()


@pytest.mark.parametrize("action, check", [("ListShards", "credentials"), ("GetRecords", "stream"), ("Scan", "tables")])
def test_a_call_gets_no_answer(clinic, services, action, check):
    services.silent = {action}
    assert "too much to do" in clinic.finds(check, clinic.server.url, number=3 if check == "tables" else 1)
    services.silent = set()
    clinic.is_well()


def test_a_name_that_nobody_knows(clinic):
    clinic.properties["kinesisEndpoint"] = "http://kinesis.invalid"
    assert "name, route, firewall" in clinic.finds("endpoints", "http://kinesis.invalid", "resolve")
    clinic.properties["kinesisEndpoint"] = clinic.server.url
    clinic.is_well()


def test_a_certificate_that_is_not_trusted(clinic, services, tmp_path):
    context, certificate = private_certificate(tmp_path)
    with Server(services, context) as server:
        clinic.properties["kinesisEndpoint"] = server.url
        cure = clinic.finds("endpoints", server.url, "certificate")
        assert "-Djavax.net.ssl.trustStore in daemon.jvm_options" in cure and "AWS_CA_BUNDLE" in cure
        clinic.daemon["jvm_options"] = ["-Djavax.net.ssl.trustStore=trust.jks"]
        clinic.is_well()
        assert server.requests == []
        clinic.environment["AWS_CA_BUNDLE"] = str(certificate)
        clinic.is_well()
        assert server.requests != []


@pytest.mark.parametrize("minutes, says", [(-10, "ahead of"), (10, "behind")])
def test_the_clock_is_wrong(clinic, server, minutes, says):
    server.date = datetime.datetime.now() + datetime.timedelta(minutes=minutes)
    assert "timedatectl" in clinic.finds("clock", "this machine's clock is", f"seconds {says}")
    server.date = None
    clinic.is_well()


def test_there_are_no_credentials(clinic):
    secret = clinic.environment.pop("AWS_SECRET_ACCESS_KEY"), clinic.environment.pop("AWS_ACCESS_KEY_ID")
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in clinic.finds("credentials", "no AWS credentials")
    clinic.environment.update(AWS_SECRET_ACCESS_KEY=secret[0], AWS_ACCESS_KEY_ID=secret[1])
    clinic.is_well()


def test_without_kinesis_dynamodb_is_asked_all_the_same(clinic, services):
    with socket.create_server(("127.0.0.1", 0)) as other:
        clinic.properties["kinesisEndpoint"] = f"http://127.0.0.1:{other.getsockname()[1]}"
    services.keys["app"] = "id"
    assert [check for check, _ in clinic.look()] == ["endpoints", "tables"]
    services.refusal = "UnrecognizedClientException", "The security token included in the request is invalid."
    assert [check for check, _ in clinic.look()] == ["endpoints", "credentials"]


@pytest.mark.parametrize("code, cure", [
    ("UnrecognizedClientException", "correct AWS_ACCESS_KEY_ID"),
    ("InvalidSignatureException", "correct AWS_SECRET_ACCESS_KEY"),
    ("ExpiredTokenException", "get new ones"),
])
def test_the_credentials_are_refused(clinic, services, code, cure):
    services.refusal = code, "The security token included in the request is not good"
    assert cure in clinic.finds("credentials", clinic.server.url, code)
    services.refusal = None
    clinic.is_well()


def test_there_is_no_stream(clinic, services):
    services.stream = None
    assert "aws kinesis create-stream --stream-name words --region eu-west-1" in clinic.finds("stream", "words", "there is none")
    services.stream = "CREATING"
    assert "aws kinesis wait stream-exists --stream-name words" in clinic.finds("stream", "words", "it is not ACTIVE")
    services.stream = "ACTIVE"
    clinic.is_well()


@pytest.mark.parametrize("check, service, action, number", [
    ("stream", "kinesis", "ListShards", 1),
    ("stream", "kinesis", "GetShardIterator", 1),
    ("stream", "kinesis", "GetRecords", 1),
    ("stream", "kinesis", "DescribeStreamSummary", 1),
    ("stream", "kinesis", "DescribeStreamConsumer", 1),
    ("tables", "dynamodb", "DescribeTable", 3),
    ("tables", "dynamodb", "Scan", 3),
    ("tables", "dynamodb", "GetItem", 2),
    ("tables", "dynamodb", "Query", 1),
])
def test_something_is_not_allowed(clinic, services, check, service, action, number):
    clinic.properties["retrievalMode"] = "FANOUT"
    services.denied = {action}
    cure = clinic.finds(check, f"{service}:{action} is not allowed", "is not authorized to perform", number=number)
    assert f"allow {service}:{action}" in cure and f"kclhost iam {clinic.file}" in cure
    assert f"{service}:{action}" in clinic.allowed(), "the policy that the cure names has it"
    services.denied = set()
    clinic.is_well()


def test_a_table_is_another_programs(clinic, services):
    services.keys["app"] = "id"
    assert "set another daemon.properties.applicationName" in clinic.finds("tables", "table app in", "its key is id")
    clinic.properties["applicationName"] = "app-2"
    clinic.is_well()


def test_a_table_is_going(clinic, services):
    services.tables["app-CoordinatorState"] = "DELETING"
    assert "wait until it is gone" in clinic.finds("tables", "app-CoordinatorState", "it is DELETING")
    del services.tables["app-CoordinatorState"]
    clinic.is_well()

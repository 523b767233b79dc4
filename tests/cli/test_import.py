"""A properties file, through import, check and launch --print-properties."""
import pathlib
import re

import pytest
from conftest import folder

PROPERTIES = pathlib.Path(__file__).parent / "properties"


@pytest.fixture
def imported(kclhost, tmp_path):
    """imported(file) is what import said, and the configuration it wrote, beside a plugin of that name."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "noop.so").symlink_to(plugins / "it.so")
    (plugins / "it.so").write_bytes((folder("KCLHOST_PLUGINS_DIR") / "noop.so").read_bytes())
    (plugins / "it.so").chmod(0o755)

    def run(file):
        done = kclhost("import", file, "--plugin", "noop.so")
        assert done.code == 0, done.stderr
        config = tmp_path / "kclhost.yaml"
        config.write_text(done.stdout + f"state_dir: {tmp_path}/state\n", encoding="utf-8")
        return done, config

    return run


def printed(kclhost, config):
    done = kclhost("launch", "--config", config, "--print-properties")
    assert done.code == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", ["python", "node", "ruby", "dotnet", "everything"])
def test_what_clients_ship_passes_import_and_check(kclhost, imported, name):
    done, config = imported(PROPERTIES / f"{name}.properties")
    checked = kclhost("check", "--config", config)
    assert checked.code == 0, checked.stderr
    assert "launch will refuse" not in checked.stderr
    assert re.search(r"\.properties:\d+: executableName is left out: .*plugin\.path", done.stderr)
    assert re.search(r"\.properties:\d+: processingLanguage is left out", done.stderr)


def test_what_the_daemon_reads_stays_the_same(kclhost, imported):
    done, config = imported(PROPERTIES / "python.properties")
    got = printed(kclhost, config)
    assert got["executableName"].endswith(f"kclhost run --config {config}")
    for line in (PROPERTIES / "python.properties").read_text().splitlines():
        name, _, value = line.partition(" = ")
        name = name.replace("AwsCredentials", "awsCredentials")
        if value and name not in ("executableName", "processingLanguage"):
            assert got.pop(name) == value
    assert set(got) == {"executableName", "processingLanguage", "isGracefulLeaseHandoffEnabled", "shutdownGraceMillis",
                        "leaseAssignmentIntervalMillis", "varianceBalancingFrequency"}
    assert len(done.stderr.splitlines()) == 2


def test_every_way_to_write_a_property(kclhost, imported):
    _, config = imported(PROPERTIES / "everything.properties")
    got = printed(kclhost, config)
    assert got["applicationName"] == "Caf\\u00E9 ${x}"
    assert got["streamArn"] == "arn\\:aws\\:kinesis\\:eu-west-1\\:123456789012\\:stream/words"
    assert got["kinesisEndpoint"] == "https\\://localhost\\:4566"
    assert got["metricsEnabledDimensions"] == "Operation,ShardId"
    assert got["kinesisClient.httpClientBuilder.maxConcurrency"] == "50"


@pytest.mark.parametrize("line, said", [
    ("streemName = x", "streemName is left out: the daemon has no such property and ignores it; did you mean streamName?"),
    ("maxRecords = lots", "maxRecords is left out: it must be a whole number"),
    ("kinesisEndpoint =", "kinesisEndpoint is left out: it has no value"),
    ("workerId = words ", "workerId ends in a blank"),
    ("streamName = other", "streamName comes twice"),
    ("skipShardSyncAtStartupIfLeasesExist = true", "is skipShardSyncAtWorkerInitializationIfLeasesExist now"),
    ("AWSCredentialsProvider = DefaultAWSCredentialsProviderChain", "names a class of the AWS SDK for Java 1"),
])
def test_what_needs_a_word(kclhost, imported, tmp_path, line, said):
    file = tmp_path / "my.properties"
    file.write_text(f"streamName = s\napplicationName = app\n\n{line}\n")
    done, config = imported(file)
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"kclhost: {file}:4: ") and said in done.stderr
    assert kclhost("check", "--config", config).code == 0


def test_what_launch_will_miss_is_said(kclhost, tmp_path):
    file = tmp_path / "my.properties"
    file.write_text("# nothing\n")
    done = kclhost("import", file)
    assert done.code == 0
    assert ["streamName" in line or "applicationName" in line for line in done.stderr.splitlines()] == [True, True]


@pytest.mark.parametrize("content, said", [(None, "can't be read"), ("a = b\nc = \\u12\n", ":2: a \\u needs four")])
def test_what_is_no_properties_file(kclhost, tmp_path, content, said):
    file = tmp_path / "my.properties"
    if content is not None:
        file.write_text(content)
    assert said in kclhost("import", file).complaint(2)

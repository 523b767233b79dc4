"""kclhost run with http_forwarder, under replay."""
import json
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import kclhost

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from http_server import Server  # noqa: E402

DIRECT = {"NO_PROXY": "*"}


@pytest.fixture
def configure(tmp_path):
    """A configuration of the forwarder."""
    def write(url, more=None, **options):
        file = tmp_path / "kclhost.yaml"
        file.write_text(json.dumps({
            "version": 1, "plugins_dir": os.environ["KCLHOST_PLUGINS_DIR"], "state_dir": str(tmp_path / "state"),
            "plugin": {"path": "http_forwarder.so", "config": {"url": url, **options}}, **(more or {})}))
        return file
    return write


def texts(server):
    return [json.loads(line)["text"] for request in server.requests for line in request.body.splitlines()]


def test_all_records_of_a_key_arrive_in_order(run, configure, tmp_path):
    lines = [f"line {number}" for number in range(3000)]
    (tmp_path / "records").write_text("".join(json.dumps({"text": line, "partitionKey": "key"}) + "\n" for line in lines))
    with Server(lambda request: (200, b"")) as server:
        replay = run("--config", configure(server.url), "records", env=DIRECT)
    assert replay.code == 0, replay.stderr
    assert texts(server) == lines
    last = json.loads(server.requests[-1].body.splitlines()[-1])
    assert replay.report["lastCheckpoint"] == {key: last[key] for key in ("sequenceNumber", "subSequenceNumber")}


def test_what_the_server_refuses_is_a_dead_letter(run, configure, tmp_path):
    lines = [f"line {number}" for number in range(1000)]
    (tmp_path / "lines").write_text("\n".join(lines))
    with Server(lambda request: (422, b"no 77") if b'"line 77"' in request.body else (200, b"")) as server:
        config = configure(server.url, {"on_error": {"then": "dead_letter"}})
        replay = run("--config", config, "--format", "lines", "lines", env=DIRECT)
        assert replay.code == 0, replay.stderr
    letter, = [json.loads(line) for file in (tmp_path / "state").rglob("*.jsonl") for line in file.open()]
    assert letter["error_text"] == "the server answers 422: no 77" and letter["attempts"] == 1
    assert replay.stderr.count("line 77") <= 1


def test_the_server_must_have_a_certificate_of_an_authority_that_is_trusted(start, configure, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    pem = tmp_path / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", tmp_path / "certificate.pem"],
                   check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "certificate.pem").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    (tmp_path / "lines").write_text("secret\n")
    with Server(lambda request: (200, b""), context) as server:
        refused = start("--config", configure(server.url), "--format", "lines", "lines", env=DIRECT)
        while b"certificate" not in refused.process.stderr.readline():
            assert refused.process.poll() is None
        refused.stop()
        assert server.requests == []
        config = configure(server.url, tls={"ca_file": str(tmp_path / "certificate.pem")})
        trusted = start("--config", config, "--format", "lines", "lines", env=DIRECT).finish()
        assert trusted.code == 0, trusted.stderr
        assert texts(server) == ["secret"]


@pytest.mark.parametrize("options, finding", [
    ({}, None),
    ({"url": "http://user:password@h/"}, "plugin.config.url must have no user and password in it"),
    ({"concurrency": 0}, "concurrency"),
    ({"format": "raw", "content": "data"}, "plugin.config.content must be left out with format raw"),
    ({"headers": {"Authorization": {"env": "NOT_SET_ANYWHERE"}}}, "environment variable NOT_SET_ANYWHERE, which is not set"),
    ({"headers": {"Authorization": {"file": "/no/such"}}}, "Authorization can't be used: can't read /no/such: No such file"),
])
def test_check_finds_what_is_wrong(configure, options, finding):
    check = [kclhost(), "check", "--config", configure(**{"url": "http://localhost/", **options})]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == (2 if finding else 0), done.stderr
    assert not finding or finding in done.stderr
    assert "password@" not in done.stdout + done.stderr

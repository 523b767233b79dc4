"""Where put connects, and whom it trusts, on the wire; the rules are unit tests."""
import socket
import threading
from datetime import datetime, timedelta, timezone

import pytest
from certificate import private_certificate
from fake_kinesis import Server

ARN = "arn:aws:kinesis:ap-south-1:123456789012:stream/words"


class Proxy:
    """Notes which host is asked for, and refuses."""

    def __init__(self):
        self.hosts = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.hosts.append(connection.recv(4096).split()[1].decode().partition(":")[0])
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def proxy(put):
    proxy = Proxy()
    put.environment["https_proxy"] = proxy.url
    yield proxy
    proxy.close()


@pytest.mark.parametrize("variables, arguments, host", [
    ({"AWS_USE_FIPS_ENDPOINT": "true"}, [], "kinesis-fips.eu-west-1.amazonaws.com"),
    ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, [], "kinesis.eu-west-1.api.aws"),
    ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, [],
     "kinesis.eu-west-1.amazonaws.com"),
    ({}, ["--region", "us-isob-east-1"], "kinesis.us-isob-east-1.sc2s.sgov.gov"),
    ({}, ["--stream", ARN], "kinesis.ap-south-1.amazonaws.com"),
])
def test_the_host(put, proxy, variables, arguments, host):
    put.environment |= variables
    stream = [] if "--stream" in arguments else ["--stream", "words"]
    put(*stream, *arguments, "-w", "a", "--max-attempts", 1, code=1)
    assert set(proxy.hosts) == {host}


def test_the_quick_starts_environment_is_enough(put, server, kinesis):
    put.environment["KCLHOST_KINESIS_ENDPOINT"] = put.environment.pop("AWS_ENDPOINT_URL_KINESIS")
    put("--stream", "words", "-w", "a")
    assert len(kinesis.records) == 1


def test_a_streams_arn(put, server, kinesis):
    put("--stream", ARN, "-w", "a")
    assert all(request.json["StreamARN"] == ARN and "StreamName" not in request.json for request in server.requests)
    assert "/ap-south-1/kinesis/" in dict(server.requests[0].headers)["Authorization"]
    assert "the stream's ARN says ap-south-1" in put("--stream", ARN, "--region", "us-east-1", "-w", "a", code=2)
    assert "--create-stream" in put("--stream", ARN, "--create-stream", 1, "-w", "a", code=2)
    assert "no stream's ARN" in put("--stream", "arn:aws:sqs:us-east-1:1:q", "-w", "a", code=2)


@pytest.fixture
def private(tmp_path, kinesis):
    """A server whose certificate no system trusts, and the file of its authority."""
    context, certificate = private_certificate(tmp_path)
    with Server(kinesis, context) as server:
        yield server, certificate


@pytest.mark.parametrize("setting", ["AWS_CA_BUNDLE", "ca_bundle", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                                     "SSL_CERT_FILE"])
def test_a_private_authority(put, private, kinesis, tmp_path, setting):
    server, certificate = private
    arguments = ("--stream", "words", "-w", "a", "--endpoint", server.url)
    err = put(*arguments, code=1)
    assert "certificate" in err and "AWS_CA_BUNDLE" in err
    if setting == "ca_bundle":
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws/config").write_text(f"[default]\nca_bundle = {certificate}\n")
    else:
        put.environment[setting] = str(certificate)
    put(*arguments)
    assert len(kinesis.records) == 1


def test_an_authority_that_is_no_certificate(put, private, tmp_path):
    server, _ = private
    (tmp_path / "text").write_text("no certificate\n")
    for path, what in ((tmp_path / "text", "must name a file of certificates"), (tmp_path / "none", "No such file")):
        put.environment["AWS_CA_BUNDLE"] = str(path)
        err = put("--stream", "words", "-w", "a", "--endpoint", server.url, "--max-attempts", 1,
                  code=2 if path.name == "none" else 1)
        assert what in err and "AWS_CA_BUNDLE" in err and err.count("\n") == 1


def test_a_clock_that_is_wrong_is_named(put, server, kinesis):
    server.date = datetime.now(timezone.utc) - timedelta(hours=2)
    kinesis.failures = [(400, "InvalidSignatureException", "Signature not yet current")]
    err = put("--stream", "words", "-w", "a", code=1)
    assert "this machine's clock is" in err and "minutes ahead of the service's" in err


def test_the_line_of_what_is_refused(put, server, kinesis, tmp_path):
    (tmp_path / "lines").write_text("a\n\nb\nc\n")
    kinesis.refuse = lambda record: record["Data"] == "Yg==" and "KMSDisabledException"
    err = put("--stream", "words", tmp_path / "lines", code=1)
    assert f"KMSDisabledException: try later ({tmp_path}/lines:3) (2 records had been put before)" in err

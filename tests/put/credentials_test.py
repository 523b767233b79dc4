"""Where the credentials come from, on the wire; the order of the sources is a unit test's."""
import json
from datetime import datetime, timedelta, timezone

import pytest
import sigv4
from fake_kinesis import Server, error


@pytest.fixture(autouse=True)
def no_keys(put):
    del put.environment["AWS_ACCESS_KEY_ID"], put.environment["AWS_SECRET_ACCESS_KEY"]


def credentials(key, lifetime=timedelta(hours=6)):
    expiration = datetime.now(timezone.utc) + lifetime
    return json.dumps({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": key + "-secret",
                       "Token": key + "-token", "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()


def signers(server):
    return [sigv4.AUTHORIZATION.fullmatch(dict(request.headers)["Authorization"])["key"] for request in server.requests]


def test_the_shared_file(put, server, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text("[work]\naws_access_key_id = WORK\naws_secret_access_key = hush\n")
    (tmp_path / ".aws/config").write_text("[profile work]\nregion = ap-south-1\n")
    del put.environment["AWS_REGION"]
    put.environment["AWS_PROFILE"] = "work"
    put("--stream", "words", "-w", "a")
    for request in server.requests:
        match = sigv4.check(request, "hush")
        assert (match["key"], match["region"]) == ("WORK", "ap-south-1")


def test_the_containers(put, server, tmp_path):
    (tmp_path / "token").write_text("let me in\n")
    with Server(lambda request: (200, credentials("ECS"))) as container:
        put.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = container.url + "/creds?x=1"
        put.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(tmp_path / "token")
        put("--stream", "words", "-w", "a")
    (asked,) = container.requests
    assert asked.target == "/creds?x=1"
    assert dict(asked.headers)["Authorization"] == "let me in"
    for request in server.requests:
        sigv4.check(request, "ECS-secret")
        assert dict(request.headers)["X-Amz-Security-Token"] == "ECS-token"


def instance(request):
    if request.method == "PUT" and request.target == "/latest/api/token":
        return 200, b"IMDS-TOKEN"
    if dict(request.headers).get("X-aws-ec2-metadata-token") != "IMDS-TOKEN":
        return 401, b"no token"
    roles = "/latest/meta-data/iam/security-credentials/"
    return {roles: (200, b"role-x"), roles + "role-x": (200, credentials("EC2"))}.get(request.target, (404, b""))


def test_the_instances(put, server):
    with Server(instance) as metadata:
        del put.environment["AWS_EC2_METADATA_DISABLED"]
        put.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata.url + "/"
        put("--stream", "words", "-w", "a")
    assert [request.method for request in metadata.requests] == ["PUT", "GET", "GET"]
    assert set(signers(server)) == {"EC2"}
    for request in server.requests:
        sigv4.check(request, "EC2-secret")


def test_they_are_renewed_before_they_expire(running, put, server, kinesis):
    served = []

    def container(_):
        served.append(f"KEY{len(served)}")
        # The first one is about to expire, the second one good for long.
        return 200, credentials(served[-1], timedelta(minutes=5, seconds=5) if len(served) == 1 else timedelta(hours=1))

    with Server(container) as credentials_server:
        put.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = credentials_server.url
        process = running("--stream", "words", "-w", "a", "-p", "0.05")
        server.wait_for(lambda _: "KEY1" in signers(server))
        process.terminate()
        process.communicate(timeout=300)
    assert process.returncode == 0
    assert served == ["KEY0", "KEY1"]
    assert signers(server)[0] == "KEY0"


def test_expired_ones_are_looked_for_again(put, server, kinesis):
    served = []

    def container(_):
        served.append(f"KEY{len(served)}")
        return 200, credentials(served[-1])

    kinesis.failures = [(400, "ExpiredTokenException", "The security token included in the request is expired")]
    with Server(container) as credentials_server:
        put.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = credentials_server.url
        assert put("--stream", "words", "-w", "a") == "kclhost put: 1 record to stream words (2 shards)\n"
    assert signers(server) == ["KEY0", "KEY0", "KEY1"]


def test_web_identity(put, server, tmp_path):
    (tmp_path / "jwt").write_text("header.payload.signature")
    answer = ("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>WEB"
              "</AccessKeyId><SecretAccessKey>WEB-secret</SecretAccessKey><SessionToken>WEB-token</SessionToken>"
              "<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
              "</AssumeRoleWithWebIdentityResponse>").encode()
    with Server(lambda request: (200, answer)) as sts:
        put.environment["AWS_ENDPOINT_URL_STS"] = sts.url
        put.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(tmp_path / "jwt")
        put.environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/putter"
        put("--stream", "words", "-w", "a")
    assert b"WebIdentityToken=header.payload.signature" in sts.requests[0].body
    for request in server.requests:
        sigv4.check(request, "WEB-secret")


def test_none_says_where_it_looked(put, server, tmp_path):
    err = put("--stream", "words", "-w", "a", code=1)
    assert err.count("\n") == 1
    for place in ("AWS_ACCESS_KEY_ID", f"{tmp_path}/.aws/credentials", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                  "AWS_EC2_METADATA_DISABLED"):
        assert place in err
    assert server.requests == []


def test_a_container_that_refuses_is_an_error(put, server):
    with Server(lambda request: error(403, "AccessDenied", "no")) as container:
        put.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = container.url
        assert "HTTP 403" in put("--stream", "words", "-w", "a", code=1)

import sigv4


def test_the_checker_agrees_with_the_published_example():
    # "get-vanilla" of the test suite that AWS publishes.
    headers = [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")]
    assert sigv4.signature("GET", "/", headers, b"", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z",
                           "us-east-1", "service", ["host", "x-amz-date"]) == \
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"


def test_every_request_is_signed(put, server):
    put("--stream", "words", "--create-stream", 2, "-w", "cat", "dög", "")
    assert [request.action for request in server.requests] == ["CreateStream", "DescribeStreamSummary", "PutRecords"]
    for request in server.requests:
        match = sigv4.check(request, "SECRET/EXAMPLE+KEY")
        assert (match["key"], match["region"], match["service"]) == ("AKIDEXAMPLE", "eu-west-1", "kinesis")
        assert "x-amz-security-token" not in match["signed"]
        assert dict(request.headers)["Content-Type"] == "application/x-amz-json-1.1"


def test_a_session_token_is_sent_and_signed(put, server):
    token = "IQoJb3JpZ2luX2VjE" + "abc/+=" * 300  # as long as they get
    put.environment["AWS_SESSION_TOKEN"] = token
    put("--stream", "words", "-w", "cat")
    for request in server.requests:
        assert "x-amz-security-token" in sigv4.check(request, "SECRET/EXAMPLE+KEY")["signed"]
        assert dict(request.headers)["X-Amz-Security-Token"] == token


def test_a_large_batch_is_signed(put, server):
    put("--stream", "words", "-", input=b"".join(b"%d" % i + b"\xff" * 9_000 + b"\n" for i in range(500)))
    (request,) = (request for request in server.requests if request.action == "PutRecords")
    assert len(request.body) > 4_500_000
    sigv4.check(request, "SECRET/EXAMPLE+KEY")


def test_an_endpoint_with_a_path_is_signed(put, server):
    put("--stream", "words", "-w", "cat", "--endpoint", server.url + "/a/path/", "--region", "us-gov-west-1")
    for request in server.requests:
        assert request.target == "/a/path/"
        assert sigv4.check(request, "SECRET/EXAMPLE+KEY")["region"] == "us-gov-west-1"

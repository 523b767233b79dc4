"""AWS Signature Version 4 as its specification has it, worked out from a received request."""
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/"
                           r"(?P<service>[^/]+)/aws4_request, ?SignedHeaders=(?P<signed>[^,]+), ?"
                           r"Signature=(?P<signature>[0-9a-f]{64})")


def signature(method, target, headers, body, secret, date, region, service, signed):
    """headers: the request's, as (name, value) pairs; signed: lower-case names, sorted."""
    url = urlsplit(target)
    path = quote(quote(unquote(url.path or "/"), safe="/-_.~"), safe="/-_.~")
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}"
                     for k, v in sorted(parse_qsl(url.query, keep_blank_values=True)))
    values = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(re.sub(" +", " ", value.strip()))
    canonical = "\n".join([method, path, query, *(f"{name}:{','.join(values[name])}" for name in signed), "",
                           ";".join(signed), hashlib.sha256(body).hexdigest()])
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (date[:8], region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def check(request, secret):
    """Raises AssertionError unless the request is signed as Kinesis wants it: right, and all that matters included."""
    headers = {name.lower(): value for name, value in request.headers}
    match = AUTHORIZATION.fullmatch(headers["authorization"])
    assert match, headers["authorization"]
    signed = match["signed"].split(";")
    assert signed == sorted(set(signed))
    must = {"host", "content-type"} | {name for name in headers if name.startswith("x-amz-")}
    assert must <= set(signed), f"not signed: {must - set(signed)}"
    date = headers["x-amz-date"]
    assert date[:8] == match["date"]
    assert match["signature"] == signature(request.method, request.target, request.headers, request.body, secret, date,
                                           match["region"], match["service"], signed)
    return match

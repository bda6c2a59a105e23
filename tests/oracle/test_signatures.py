"""Drawn inputs: sanskey's signatures are botocore's."""

import datetime
import json
from urllib.parse import unquote

import pytest
import sanskey
from draws import Draw
from vectorgen.signing import caller_identity_token, percent_encode, sign

CASES = 600
CHINA = "https://sts.{region}.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15"
WORLD = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"


def test_any_request(seed):
    for case in range(CASES):
        draw = Draw(seed, f"request {case}")
        method, url, headers, body = draw.method(), draw.url(), draw.headers(), draw.body()
        credentials, region, service, now = draw.credentials(), draw.region(), draw.service(), draw.now()
        expected = {}
        for name, value in sign(method, url, headers, body, credentials, region, service, int(now)):
            expected.setdefault(name.lower(), []).append(" ".join(value.split()))

        signed = sanskey.sign_request(
            method,
            url,
            headers,
            body,
            credentials=sanskey.AwsCredentials(*credentials),
            region=region,
            service=service,
            now=now,
        )

        drawn = f"seed {seed}, case {case}: {(method, url, headers, body, credentials, region, service, now)}"
        assert signed.pop("host") == expected.pop("host", [signed_host(url)])[0], drawn
        assert signed == {name: ",".join(values) for name, values in expected.items()}, drawn


def test_caller_identity_token(seed):
    for case in range(CASES):
        draw = Draw(seed, f"token {case}")
        credentials, region, audience, now = draw.credentials(), draw.region(), draw.audience(), draw.now()
        url = CHINA if region.startswith("cn-") else WORLD
        drawn = f"seed {seed}, case {case}: {(credentials, region, audience, now)}"
        token = sanskey.caller_identity_token(sanskey.AwsCredentials(*credentials), region, audience, now)
        assert token == caller_identity_token(credentials, region, audience, int(now), url), drawn
        assert percent_encode(unquote(token)) == token, drawn
        assert json.loads(unquote(token))["body"] == "", drawn


@pytest.mark.parametrize("offset", [datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=9, minutes=30))])
def test_the_time_may_be_a_datetime(seed, offset):
    draw = Draw(seed, "datetime")
    credentials, now = draw.credentials(), int(draw.now())
    moment = datetime.datetime.fromtimestamp(now, offset)
    token = sanskey.caller_identity_token(sanskey.AwsCredentials(*credentials), "us-east-1", "//example", moment)
    assert token == caller_identity_token(credentials, "us-east-1", "//example", now)


def test_a_wrong_secret_gives_another_signature(seed):
    """The comparison itself can fail."""
    draw = Draw(seed, "wrong secret")
    credentials, now = draw.credentials(), int(draw.now())
    wrong = sanskey.AwsCredentials(*credentials._replace(secret_access_key=credentials.secret_access_key + "x"))
    token = sanskey.caller_identity_token(wrong, "us-east-1", "//example", now)
    assert token != caller_identity_token(credentials, "us-east-1", "//example", now)


def signed_host(url):
    """The host of a URL as HTTP sends it: the port only where it is not the default one."""
    scheme, _, rest = url.partition("://")
    authority = rest.replace("?", "/", 1).split("/", 1)[0].lower()
    return authority.removesuffix(":443" if scheme == "https" else ":80")

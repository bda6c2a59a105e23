"""Side by side: what google-auth sends and what sanskey sends for one configuration, and the differences by name."""

import json
from urllib.parse import parse_qsl, unquote, urlsplit

import google_client
import pytest
import sanskey
from draws import Draw
from vectorgen import world
from vectorgen.signing import Credentials, sign

CASES = 100
TARGET = "x-goog-cloud-target-resource"


def test_subject_tokens_differ_only_in_the_signed_target(seed, monkeypatch):
    for case in range(CASES):
        draw = Draw(seed, f"subject token {case}")
        credentials, now = draw.credentials(), int(draw.now())
        region = draw.random.choice(["us-east-1", "eu-west-3", "us-gov-east-1", "ap-southeast-7"])
        set_environment(monkeypatch, credentials, region)
        ours = opened(sanskey.caller_identity_token(sanskey.AwsCredentials(*credentials), region, world.AUDIENCE, now))
        theirs = opened(google_client.subject_token(world.config(), now))

        drawn = f"seed {seed}, case {case}"
        assert ours.pop("body") == "", drawn
        assert ours["url"] == theirs["url"], drawn
        assert ours["method"] == theirs["method"] == "POST", drawn
        assert ours["headers"].keys() == theirs["headers"].keys(), drawn
        for name in ours["headers"].keys() - {"authorization"}:
            assert ours["headers"][name] == theirs["headers"][name], drawn
        assert signed_names(ours) - signed_names(theirs) == {TARGET}, drawn
        assert signed_names(theirs) < signed_names(ours), drawn
        for token in (ours, theirs):
            assert recomputed(token, credentials, region, now) == token["headers"]["authorization"], drawn


@pytest.mark.parametrize("impersonate", [False, True])
@pytest.mark.parametrize("client", [{}, {"client_id": "clïent", "client_secret": "s?>e/+"}, {"client_id": "client"}])
def test_sts_requests_have_the_same_fields(monkeypatch, impersonate, client):
    config = world.config(impersonate=impersonate, **client)
    scopes = ["https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/bigquery"]
    set_environment(monkeypatch, world.TEMPORARY, "us-east-1")
    ours, *our_rest = sanskey_requests(config, scopes, world.NOW)
    theirs, *their_rest = google_client.google_requests(config, scopes, world.NOW)

    assert (ours["method"], ours["url"]) == (theirs["method"], theirs["url"])
    our_fields, their_fields = form(ours["body"]), form(theirs["body"])
    assert list(our_fields) == list(their_fields), "the order is the same too"
    if impersonate:
        # Theirs asks for a narrower scope that can only impersonate; ours asks as the other Google clients do.
        assert our_fields.pop("scope") == google_client.CLOUD_PLATFORM
        assert their_fields.pop("scope") == "https://www.googleapis.com/auth/iam"
    assert opened(our_fields.pop("subject_token"))["url"] == opened(their_fields.pop("subject_token"))["url"]
    assert our_fields == their_fields

    our_headers, their_headers = lowered(ours["headers"]), lowered(theirs["headers"])
    assert our_headers.get("authorization") == their_headers.get("authorization")
    assert our_headers["content-type"] == their_headers["content-type"]
    assert our_headers.keys() - their_headers.keys() == {"accept"}
    assert their_headers.keys() - our_headers.keys() == {"x-goog-api-client"}

    assert len(our_rest) == len(their_rest) == int(impersonate)


def test_impersonation_requests_ask_for_the_same(monkeypatch):
    config = world.config(impersonate=True, service_account_impersonation={"token_lifetime_seconds": 2400})
    scopes = ["https://www.googleapis.com/auth/devstorage.read_only"]
    set_environment(monkeypatch, world.TEMPORARY, "us-east-1")
    ours = sanskey_requests(config, scopes, world.NOW)[1]
    theirs = google_client.google_requests(config, scopes, world.NOW)[1]
    assert (ours["method"], ours["url"]) == (theirs["method"], theirs["url"])
    our_body, their_body = json.loads(ours["body"]), json.loads(theirs["body"])
    assert their_body.pop("delegates") is None, "google-auth sends a null, sanskey nothing"
    assert our_body == their_body
    assert lowered(ours["headers"])["authorization"] == lowered(theirs["headers"])["authorization"]


def test_google_ignores_sanskeys_own_object(monkeypatch):
    set_environment(monkeypatch, world.TEMPORARY, "us-east-1")
    calls = {"aws_assume_role": [{"role_arn": world.ROLES[0]}], "aws_web_identity_token": {}}
    with_object = google_client.google_requests(world.config(sanskey=calls), ["a"], world.NOW)
    assert with_object == google_client.google_requests(world.config(), ["a"], world.NOW)


def sanskey_requests(config, scopes, now):
    """The Google requests of one exchange, with the answers that google-auth was given."""
    exchange = sanskey.Exchange(sanskey.CredentialConfig.from_dict(config), sanskey.goals.AccessToken(scopes=scopes))
    requests = []
    while True:
        match exchange.poll(now):
            case sanskey.Done():
                return requests
            case sanskey.Pending(asks):
                for ask in asks:
                    exchange.reply(ask.id, answer_to(ask.action, requests))


def answer_to(action, requests):
    if isinstance(action, sanskey.ReadEnv):
        return sanskey.SystemHost().read_env(action.names)
    requests.append({"method": action.method, "url": action.url, "headers": dict(action.headers), "body": action.body})
    if len(requests) == 1:
        answer = {"access_token": "federated-token", "expires_in": 3600}
    else:
        answer = {"accessToken": "service-account-token", "expireTime": "2100-01-01T00:00:00Z"}
    return sanskey.HttpResponse(200, [], json.dumps(answer))


def set_environment(monkeypatch, credentials, region):
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
    if credentials.session_token is None:
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    else:
        monkeypatch.setenv("AWS_SESSION_TOKEN", credentials.session_token)


def opened(token):
    """A subject token as a dict, its headers as a dict with names in lower case."""
    envelope = json.loads(unquote(token))
    headers = {each["key"].lower(): each["value"] for each in envelope["headers"]}
    assert len(headers) == len(envelope["headers"])
    return {**envelope, "headers": headers}


def signed_names(token):
    return set(token["headers"]["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";"))


def recomputed(token, credentials, region, now):
    """What botocore puts into ``authorization`` for the request that a token holds."""
    own = {"authorization", "x-amz-date", "x-amz-security-token"}
    headers = [(name, token["headers"][name]) for name in sorted(signed_names(token) - own)]
    body = token.get("body", "").encode()
    signed = sign(token["method"], token["url"], headers, body, Credentials(*credentials), region, "sts", now)
    assert urlsplit(token["url"]).scheme == "https"
    return dict(signed)["Authorization"]


def form(body):
    text = body.decode() if isinstance(body, bytes) else body
    return dict(parse_qsl(text, strict_parsing=True))


def lowered(headers):
    return {name.lower(): value for name, value in headers.items()}

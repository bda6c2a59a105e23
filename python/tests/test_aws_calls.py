"""The calls to AWS before the proof of identity, and the clock: with a host that plays AWS and Google."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import REPOSITORY, run_python

import sanskey
from sanskey import (
    AssumeRole,
    AwsCredentials,
    AwsOptions,
    Done,
    Exchange,
    GetSessionToken,
    GetWebIdentityToken,
    HttpRequest,
    HttpResponse,
    MisuseError,
    Pending,
    RemoteError,
    Token,
    aio,
    goals,
)

VECTOR = REPOSITORY / "tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json"
CONFIG: dict[str, Any] = {
    name: value
    for name, value in json.loads(VECTOR.read_text(encoding="utf-8"))["config"].items()
    if "impersonation" not in name
}
KEY = AwsCredentials("AKIDUSER", "secret-of-the-user")
HUB, SPOKE = "arn:aws:iam::123456789012:role/hub", "arn:aws:iam::210987654321:role/spoke"
JWT = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"
PROFILE = "[profile some]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret-of-the-profile\n"


class AwsAndGoogle:
    """Grants everything. Keeps who asked AWS for what, and what Google was sent."""

    def __init__(self, *, clock_ahead: int = 0, rejects: int = 1) -> None:
        self.calls: list[tuple[str, dict[str, str]]] = []
        """The id of the access key, and the parameters."""
        self.subject_tokens: list[tuple[str, str]] = []
        """Type and value."""
        self._ahead = clock_ahead
        self._rejects = rejects if clock_ahead else 0

    def http(self, request: HttpRequest) -> HttpResponse:
        headers = [("date", formatdate(time() + self._ahead, usegmt=True))]
        fields = {name: value for name, [value] in parse_qs(request.body).items()}
        if urlsplit(request.url).netloc == "sts.googleapis.com":
            self.subject_tokens.append((fields["subject_token_type"].rpartition(":")[2], fields["subject_token"]))
            if self._rejects:
                self._rejects -= 1
                said = "Error connecting to the given credential's issuer. Signature expired: 1 is now earlier than 2"
                return HttpResponse(400, headers, json.dumps({"error": "invalid_grant", "error_description": said}))
            return HttpResponse(200, headers, '{"access_token": "a", "expires_in": 60}')
        assert request.url == "https://sts.eu-west-3.amazonaws.com/"
        signed_by = dict(request.headers)["authorization"].partition("Credential=")[2].split("/")[0]
        self.calls.append((signed_by, fields))
        action = fields["Action"]
        result = f"<WebIdentityToken>{JWT}</WebIdentityToken>"
        if action != "GetWebIdentityToken":
            result = (
                f"<Credentials><AccessKeyId>ASIA{len(self.calls)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                "<SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>"
            )
        text = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        return HttpResponse(200, headers, text)

    def read_env(self, names: list[str]) -> dict[str, str]:
        set_here = {"AWS_REGION": "eu-west-3", "HOME": "/home/someone", "AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT"}
        set_here["AWS_SECRET_ACCESS_KEY"] = "secret-of-the-environment"
        return {name: set_here[name] for name in names if name in set_here}

    def read_file(self, path: str) -> str | None:
        return PROFILE if path == "/home/someone/.aws/config" else None


def fetch_sync(host: AwsAndGoogle, config: dict[str, Any] = CONFIG, **options: Any) -> Token:
    return sanskey.fetch_token(config, host=host, **options)


def fetch_async(host: AwsAndGoogle, config: dict[str, Any] = CONFIG, **options: Any) -> Token:
    return asyncio.run(aio.fetch_token(config, host=host, **options))


FETCHES = [fetch_sync, fetch_async]
Fetch = Callable[..., Token]


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_role_with_all_that_can_be_said(fetch: Fetch) -> None:
    host = AwsAndGoogle()
    role = AssumeRole(
        HUB, "name", "external", 900, '{"Version": "2012-10-17"}', ["arn:aws:iam::aws:policy/A"], "source"
    )
    fetch(host, aws_credentials=KEY, aws_assume_role=role)
    assert host.calls == [
        (
            "AKIDUSER",
            {
                "Action": "AssumeRole",
                "Version": "2011-06-15",
                "RoleArn": HUB,
                "RoleSessionName": "name",
                "ExternalId": "external",
                "DurationSeconds": "900",
                "Policy": '{"Version": "2012-10-17"}',
                "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/A",
                "SourceIdentity": "source",
            },
        )
    ]
    [(kind, signed_request)] = host.subject_tokens
    assert kind == "aws4_request"
    assert "ASIA1" in signed_request


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_session_and_roles_one_after_the_other(fetch: Fetch) -> None:
    host = AwsAndGoogle()
    roles = (AssumeRole(HUB, policy_arns="arn:aws:iam::aws:policy/A"), AssumeRole(SPOKE))
    fetch(host, aws_credentials=KEY, aws_get_session_token=GetSessionToken(900), aws_assume_role=roles)
    told = [(key, call["Action"], call.get("RoleArn"), call.get("RoleSessionName")) for key, call in host.calls]
    assert told == [
        ("AKIDUSER", "GetSessionToken", None, None),
        ("ASIA1", "AssumeRole", HUB, "sanskey"),
        ("ASIA2", "AssumeRole", SPOKE, "sanskey"),
    ]
    assert host.calls[0][1]["DurationSeconds"] == "900"
    assert host.calls[1][1]["PolicyArns.member.1.arn"] == "arn:aws:iam::aws:policy/A"
    assert "ASIA3" in host.subject_tokens[0][1]


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_jwt_as_the_proof(fetch: Fetch) -> None:
    host = AwsAndGoogle()
    fetch(host, aws_credentials=KEY, aws_web_identity_token=GetWebIdentityToken())
    fetch(host, aws_credentials=KEY, aws_web_identity_token=GetWebIdentityToken("someone", 60, "ES384"))
    assert host.subject_tokens == [("jwt", JWT)] * 2
    told = [
        (call["Audience.member.1"], call.get("DurationSeconds"), call["SigningAlgorithm"]) for _, call in host.calls
    ]
    assert told == [(f"https:{CONFIG['audience']}", None, "RS256"), ("someone", "60", "ES384")]


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_profile_goes_before_the_environment(fetch: Fetch) -> None:
    host = AwsAndGoogle()
    fetch(host, aws_profile="some")
    fetch(host)
    assert "AKIDPROFILE" in host.subject_tokens[0][1]
    assert "AKIDENVIRONMENT" in host.subject_tokens[1][1]


def test_the_configuration_may_say_it_too_and_an_option_replaces_it() -> None:
    host = AwsAndGoogle()
    config = {**CONFIG, "sanskey": {"aws_assume_role": [{"role_arn": HUB}]}}
    fetch_sync(host, config, aws_credentials=KEY)
    fetch_sync(host, config, aws_credentials=KEY, aws_assume_role=AssumeRole(SPOKE))
    assert [call["RoleArn"] for _, call in host.calls] == [HUB, SPOKE]
    oidc = {
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "sanskey": {"aws_web_identity_token": {}},
    }
    fetch_sync(host, {**CONFIG, **oidc}, aws_credentials=KEY)
    assert host.subject_tokens[-1] == ("id_token", JWT)


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (AwsOptions(aws_assume_role=AssumeRole("role/hub")), "role_arn"),
        (AwsOptions(aws_assume_role=[AssumeRole(HUB), AssumeRole(HUB, external_id="?")]), "external_id"),
        (AwsOptions(aws_assume_role=AssumeRole(HUB, duration_seconds=899)), "duration_seconds"),
        (AwsOptions(aws_assume_role=AssumeRole(HUB, policy="secret policy")), "policy"),
        (AwsOptions(aws_get_session_token=GetSessionToken(1)), "duration_seconds"),
        (AwsOptions(aws_get_session_token=GetSessionToken(-1)), "duration_seconds"),
        (AwsOptions(aws_web_identity_token=GetWebIdentityToken(duration_seconds=59)), "duration_seconds"),
        (AwsOptions(aws_web_identity_token=GetWebIdentityToken(signing_algorithm="HS256")), "signing_algorithm"),  # type: ignore[arg-type]
    ],
)
def test_a_parameter_that_cannot_work(fetch: Fetch, options: AwsOptions, words: str) -> None:
    host = AwsAndGoogle()
    with pytest.raises(MisuseError, match=words) as caught:
        fetch(host, aws_credentials=KEY, **options)
    assert caught.value.code == "invalid_argument"
    assert "secret" not in str(caught.value)
    assert (host.calls, host.subject_tokens) == ([], [])


def test_nothing_that_may_be_secret_is_printed() -> None:
    assert repr(AssumeRole(HUB, external_id="secret")) == (
        f"AssumeRole(role_arn={HUB!r}, role_session_name=None, external_id='***', duration_seconds=None, policy=None, "
        "policy_arns=(), source_identity=None)"
    )


AHEAD, BEHIND = "312 seconds ahead", "312 seconds behind"


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("seconds", "words"), [(312, BEHIND), (-312, AHEAD)])
def test_a_clock_that_is_off_is_told_of_once(
    fetch: Fetch, seconds: int, words: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server's Date has whole seconds: so must the clock that it is compared with.
    now = int(time())
    monkeypatch.setattr(f"{__name__}.time", lambda: now)
    monkeypatch.setattr("sanskey._time.time", lambda: now)
    host = AwsAndGoogle(clock_ahead=seconds)
    fetch(host, aws_credentials=KEY)
    assert len(host.subject_tokens) == 2
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (record.name, record.levelname) == ("sanskey", "WARNING")
    assert f"the clock of this machine is {words}" in record.getMessage()


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_clock_that_is_right_is_not_told_of(fetch: Fetch, caplog: pytest.LogCaptureFixture) -> None:
    fetch(AwsAndGoogle(), aws_credentials=KEY)
    fetch(AwsAndGoogle(clock_ahead=600, rejects=0), aws_credentials=KEY)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_an_exchange_knows_how_far_the_clock_was_off() -> None:
    for seconds in (312, -312, 0):
        host, now = AwsAndGoogle(clock_ahead=seconds), int(time())
        exchange = Exchange(CONFIG, goals.AccessToken(), aws_credentials=KEY, aws_region="eu-west-3")
        while isinstance(step := exchange.poll(now), Pending):
            assert exchange.clock_skew is None
            for ask in step.asks:
                assert isinstance(ask.action, HttpRequest)
                exchange.reply(ask.id, host.http(ask.action))
        assert isinstance(step, Done)
        assert exchange.clock_skew is None if not seconds else abs(exchange.clock_skew - seconds) <= 5  # type: ignore[operator]
    with pytest.raises(AttributeError):
        exchange.clock_skew = 1  # type: ignore[misc]


def test_a_clock_that_is_off_does_not_excuse_a_second_refusal(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RemoteError) as caught:
        fetch_sync(AwsAndGoogle(clock_ahead=312, rejects=9), aws_credentials=KEY)
    assert (caught.value.code, caught.value.ask_id) == ("sts_rejected", "sts-clock")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_program_without_logging_sees_the_warning_and_imports_nothing_for_others() -> None:
    code = (
        "import sys\n"
        "from sanskey import driver\n"
        "class Exchange: clock_skew = None\n"
        "driver.tell_of_the_clock(Exchange)\n"
        "assert 'logging' not in sys.modules\n"
        "Exchange.clock_skew = 90\n"
        "driver.tell_of_the_clock(Exchange)\n"
    )
    done = run_python("-S", "-c", code, env={"PYTHONPATH": str(REPOSITORY / "python/src")})
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("the clock of this machine is 90 seconds behind;")

"""Credentials from the AWS SDKs: of boto3 and botocore themselves, and of whatever has their methods."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import boto3  # type: ignore[import-untyped]
import botocore.credentials  # type: ignore[import-untyped]
import botocore.exceptions  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
import pytest
from conftest import REPOSITORY, run_python

import sanskey
from sanskey import AwsCredentials, ConfigError, Exchange, HttpRequest, HttpResponse, MisuseError, aio, goals

VECTOR = REPOSITORY / "tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json"
CONFIG = {
    name: value
    for name, value in json.loads(VECTOR.read_text(encoding="utf-8"))["config"].items()
    if "impersonation" not in name
}
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE"


class Google:
    """Takes every subject token, and keeps what it says of the key."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str | None]] = []
        """The id of the key, the region and the session token of each."""

    def http(self, request: HttpRequest) -> HttpResponse:
        assert request.url == "https://sts.googleapis.com/v1/token"
        signed = json.loads(unquote(parse_qs(request.body)["subject_token"][0]))
        headers = {header["key"].lower(): header["value"] for header in signed["headers"]}
        key_id, _, region, *_ = headers["authorization"].partition("Credential=")[2].split("/")
        self.seen.append((key_id, region, headers.get("x-amz-security-token")))
        return HttpResponse(200, [], '{"access_token": "a", "expires_in": 60}')

    def read_env(self, names: list[str]) -> dict[str, str]:
        return {name: "eu-west-3" for name in names if name == "AWS_REGION"}


def fetch_sync(google: Google, credentials: Any, **options: Any) -> None:
    sanskey.fetch_token(CONFIG, host=google, aws_credentials=credentials, **options)


def fetch_async(google: Google, credentials: Any, **options: Any) -> None:
    asyncio.run(aio.fetch_token(CONFIG, host=google, aws_credentials=credentials, **options))


FETCHES = [fetch_sync, fetch_async]
Fetch = Callable[..., None]


class Frozen(NamedTuple):
    access_key: str
    secret_key: str
    token: str | None


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The SDKs see this machine's environment, so it is emptied for them."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def boto3_session(**more: Any) -> Any:
    return boto3.Session("AKIDBOTO3", SECRET, SESSION_TOKEN, **more)


def botocore_session() -> Any:
    session = botocore.session.Session()
    session.set_credentials("AKIDBOTOCORE", SECRET)
    return session


FROZEN = Frozen("AKIDFROZEN", SECRET, SESSION_TOKEN)
GIVEN: list[tuple[Callable[[], Any], tuple[str, str | None]]] = [
    (lambda: AwsCredentials("AKIDOWN", SECRET), ("AKIDOWN", None)),
    (boto3_session, ("AKIDBOTO3", SESSION_TOKEN)),
    (botocore_session, ("AKIDBOTOCORE", None)),
    (lambda: boto3_session().get_credentials(), ("AKIDBOTO3", SESSION_TOKEN)),
    (lambda: boto3_session().get_credentials().get_frozen_credentials(), ("AKIDBOTO3", SESSION_TOKEN)),
    (lambda: FROZEN, ("AKIDFROZEN", SESSION_TOKEN)),
    (lambda: SimpleNamespace(access_key="AKIDSOME", secret_key=SECRET, token=None), ("AKIDSOME", None)),
]


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("given", "expected"), GIVEN)
def test_what_may_be_given(fetch: Fetch, given: Callable[[], Any], expected: tuple[str, str | None]) -> None:
    google = Google()
    key_id, token = expected
    fetch(google, given())
    fetch(google, given)  # a function that returns it
    fetch(google, given(), aws_region="us-gov-west-1")
    assert google.seen == [(key_id, region, token) for region in ("eu-west-3", "eu-west-3", "us-gov-west-1")]


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_region_of_a_session(fetch: Fetch) -> None:
    google = Google()
    of_boto3, of_botocore = boto3_session(region_name="sa-east-1"), botocore_session()
    of_botocore.set_config_variable("region", "ap-south-1")
    fetch(google, of_boto3)
    fetch(google, lambda: of_boto3)
    fetch(google, of_botocore)
    fetch(google, of_boto3, aws_region="us-east-1")
    fetch(google, of_boto3.get_credentials())
    assert [region for _, region, _ in google.seen] == [
        "sa-east-1",
        "sa-east-1",
        "ap-south-1",
        "us-east-1",
        "eu-west-3",
    ]


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_profile_of_a_session(fetch: Fetch, tmp_path: Path) -> None:
    profile = (
        f"[profile some]\nregion = eu-north-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {SECRET}\n"
    )
    (tmp_path / "aws_config_file").write_text(profile)
    google = Google()
    fetch(google, boto3.Session(profile_name="some"))
    assert google.seen == [("AKIDPROFILE", "eu-north-1", None)]


@pytest.mark.parametrize("fetch", FETCHES)
def test_credentials_that_renew_themselves_are_asked_at_each_exchange(fetch: Fetch) -> None:
    keys = iter(["AKIDFIRST", "AKIDSECOND", "AKIDTHIRD"])

    def renewed() -> dict[str, str]:
        # So near to its end that it is renewed before each use.
        end = (datetime.now(timezone.utc) + timedelta(minutes=5)).isoformat()
        return {"access_key": next(keys), "secret_key": SECRET, "token": SESSION_TOKEN, "expiry_time": end}

    renewing = botocore.credentials.RefreshableCredentials.create_from_metadata(renewed(), renewed, "test")
    google = Google()
    fetch(google, renewing)
    fetch(google, renewing)
    assert [key_id for key_id, _, _ in google.seen] == ["AKIDSECOND", "AKIDTHIRD"]


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("session", [boto3.Session, botocore.session.Session])
def test_a_session_without_credentials(fetch: Fetch, session: Callable[[], Any]) -> None:
    for given in (session(), session, session().get_credentials, lambda: None):
        with pytest.raises(ConfigError) as caught:
            fetch(Google(), given)
        assert (caught.value.code, caught.value.stage) == ("aws_credentials_unavailable", "source")
        assert caught.value.hint
        assert caught.value.__context__ is None


@pytest.mark.parametrize("fetch", FETCHES)
def test_what_an_sdk_raises_is_passed_on(fetch: Fetch) -> None:
    problem = botocore.exceptions.CredentialRetrievalError(provider="test", error_msg="no answer")

    def fail() -> Any:
        raise problem

    nowhere = botocore.session.Session(profile="nowhere")
    with pytest.raises(botocore.exceptions.ProfileNotFound):
        fetch(Google(), nowhere)
    for given in (fail, SimpleNamespace(get_credentials=fail), SimpleNamespace(get_frozen_credentials=fail)):
        with pytest.raises(botocore.exceptions.CredentialRetrievalError) as caught:
            fetch(Google(), given)
        assert caught.value is problem


@pytest.mark.parametrize("fetch", FETCHES)
def test_what_cannot_be_a_key(fetch: Fetch) -> None:
    partial = SimpleNamespace(access_key=SECRET, secret_key=SECRET)
    for given in (dict, lambda: SECRET, lambda: boto3_session, partial, {"access_key": SECRET}):
        with pytest.raises(MisuseError, match=r"must be sanskey\.AwsCredentials\(.*boto3") as caught:
            fetch(Google(), given)
        assert caught.value.__context__ is None
        assert SECRET not in f"{caught.value} {caught.value!r}"
    for parts, words in (
        ((5, SECRET, None), "access_key_id"),
        (("a", None, None), "secret_a"),
        (("a", "b", 5), "sess"),
    ):
        with pytest.raises(MisuseError, match=f"{words}.* must be a str") as caught:
            fetch(Google(), Frozen(*parts))
        assert SECRET not in f"{caught.value} {caught.value!r}"


def test_nobody_is_asked_for_a_key_that_cannot_be_used() -> None:
    asked: list[str] = []
    for begin in (sanskey.fetch_token, lambda config, **options: asyncio.run(aio.fetch_token(config, **options))):
        with pytest.raises(ConfigError):
            begin({**CONFIG, "audience": ""}, aws_credentials=lambda: asked.append("key"))
    assert asked == []


def test_what_has_to_be_awaited_is_awaited() -> None:
    """As the sessions of aiobotocore are, and any coroutine function."""

    class Renewing:
        async def get_frozen_credentials(self) -> Frozen:
            return FROZEN

    class Session:
        region_name = "sa-east-1"

        async def get_credentials(self) -> Renewing:
            return Renewing()

    async def given() -> Session:
        return Session()

    google = Google()
    for one in (Renewing(), Session(), given, lambda: Session(), lambda: given()):
        fetch_async(google, one)
    expected = [("AKIDFROZEN", region, SESSION_TOKEN) for region in ("eu-west-3", *["sa-east-1"] * 4)]
    assert google.seen == expected
    for one in (Renewing(), Session(), given, lambda: given()):
        with pytest.raises(MisuseError, match=r"has to be awaited, which only sanskey\.aio"):
            fetch_sync(google, one)
    assert google.seen == expected


def test_a_blocking_session_does_not_block_the_event_loop() -> None:
    async def both() -> None:
        """The session waits for what only the event loop can do."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        async def open_the_way() -> None:
            done.set()

        def given() -> Frozen:
            asyncio.run_coroutine_threadsafe(open_the_way(), loop).result(5)
            return FROZEN

        await aio.fetch_token(CONFIG, host=Google(), aws_credentials=given)
        assert done.is_set()

    asyncio.run(both())


def test_an_exchange_takes_them_too() -> None:
    exchange = Exchange(CONFIG, goals.AccessToken(), aws_credentials=boto3_session(region_name="sa-east-1"))
    step = exchange.poll()
    assert isinstance(step, sanskey.Pending)
    assert [ask.id for ask in step.asks] == ["sts"]


@pytest.mark.parametrize("fetch", FETCHES)
def test_nothing_secret_is_printed(fetch: Fetch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    steps: list[sanskey.StepReport] = []
    fetch(Google(), Frozen("AKIDFROZEN", SECRET, SESSION_TOKEN), on_step=steps.append)
    assert [text for text in (SECRET, SESSION_TOKEN) if text in f"{caplog.text} {steps}"] == []


def test_no_sdk_is_imported() -> None:
    code = (
        "import sys, sanskey\n"
        "class Frozen: access_key, secret_key, token = 'AKID', 'secret', None\n"
        f"sanskey.Exchange({CONFIG!r}, sanskey.goals.AccessToken(), aws_credentials=Frozen())\n"
        "assert not {'boto3', 'botocore'} & set(sys.modules)\n"
    )
    done = run_python("-c", code)
    assert (done.returncode, done.stderr) == (0, "")

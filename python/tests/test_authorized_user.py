"""People who have logged in, with the emulator as Google: refresh, rotation, introspection, revocation."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import EXAMPLES, Emulator, run_python

import sanskey
from sanskey import (
    ConfigError,
    CredentialConfig,
    Exchange,
    HttpRequest,
    HttpResponse,
    RemoteError,
    StepReport,
    SystemHost,
    Token,
    TokenInfo,
    aio,
    goals,
)

PERSON = "principal://iam.googleapis.com/locations/global/workforcePools/sanskey-workforce/subject/ana@example.com"
ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


class Login:
    """The emulator, and the configuration of a person who has logged in there."""

    def __init__(self, google: Emulator, config: CredentialConfig) -> None:
        self.google = google
        self.config = config

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.config.to_json())
        return fields

    def of_account(self) -> CredentialConfig:
        """The configuration of a service account that the person impersonates."""
        url = f"{self.google.url}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
        return CredentialConfig.from_dict(
            {
                "type": "impersonated_service_account",
                "service_account_impersonation_url": url,
                "source_credentials": self.fields,
            }
        )


@pytest.fixture
def login(emulator: Callable[..., Emulator], tmp_path: Path) -> Login:
    file = tmp_path / "login.json"
    google = emulator("--authorized-user-config-out", str(file))
    return Login(google, CredentialConfig.from_file(file))


class Blocking:
    """The functions that block."""

    @staticmethod
    def fetch(config: Any, **options: Any) -> Token:
        return sanskey.fetch_token(config, **{"endpoints": "loopback", "host": SystemHost({}), **options})

    @staticmethod
    def introspect(config: Any, token: Token | str, **options: Any) -> TokenInfo:
        return sanskey.introspect_token(config, token, **{"endpoints": "loopback", "host": SystemHost({}), **options})

    @staticmethod
    def revoke(config: Any, **options: Any) -> None:
        sanskey.revoke_login(config, **{"endpoints": "loopback", "host": SystemHost({}), **options})


class Async(Blocking):
    """Those of `sanskey.aio`."""

    @staticmethod
    def fetch(config: Any, **options: Any) -> Token:
        return asyncio.run(aio.fetch_token(config, **{"endpoints": "loopback", "host": SystemHost({}), **options}))

    @staticmethod
    def introspect(config: Any, token: Token | str, **options: Any) -> TokenInfo:
        options = {"endpoints": "loopback", "host": SystemHost({}), **options}
        return asyncio.run(aio.introspect_token(config, token, **options))

    @staticmethod
    def revoke(config: Any, **options: Any) -> None:
        asyncio.run(aio.revoke_login(config, **{"endpoints": "loopback", "host": SystemHost({}), **options}))


both = pytest.mark.parametrize("by", [Blocking, Async])


def assert_over(error: RemoteError) -> None:
    assert (error.code, error.status, error.error) == ("sts_rejected", 400, "invalid_grant")
    assert "gcloud auth application-default login" in error.hint
    assert not error.retryable


@both
def test_a_token_for_a_person(login: Login, by: type[Blocking]) -> None:
    assert (login.config.type, login.config.source) == ("external_account_authorized_user", "authorized_user")
    steps: list[StepReport] = []
    token = by.fetch(login.config, on_step=steps.append)
    assert login.google.whoami(token.value)["subject"] == PERSON
    assert token.kind == "federated"
    assert timedelta(minutes=59) < token.expires_at - datetime.now(timezone.utc) <= timedelta(hours=1)
    assert [step.ask_id for step in steps] == ["refresh"]


@both
def test_each_refresh_token_works_once(login: Login, by: type[Blocking]) -> None:
    """The emulator replaces it each time, which the service may do. What came is kept, and used the next time."""
    config = login.config
    for _ in range(3):
        token = by.fetch(config)
        assert token.refresh_token
        assert token.refresh_token not in config.to_json()
        with pytest.raises(RemoteError) as refused:
            by.fetch(config)
        assert_over(refused.value)
        secret = json.loads(config.to_json())["refresh_token"]
        assert secret not in f"{refused.value!r} {refused.value} {vars(refused.value)}"
        config = config.with_refresh_token(token.refresh_token)
    expected = {**login.fields, "refresh_token": json.loads(config.to_json())["refresh_token"]}
    assert list(json.loads(config.to_json()).items()) == list(expected.items())


@both
def test_what_a_token_is_worth(login: Login, by: type[Blocking]) -> None:
    token = by.fetch(login.config)
    info = by.introspect(login.config, token)
    assert info.active is True
    assert (info.username, info.subject, info.issuer) == (PERSON, PERSON, "https://sts.googleapis.com/")
    assert (info.scopes, info.client_id) == ([CLOUD_PLATFORM], login.config.client_id)
    assert info.issued_at is None
    assert info.expires_at is not None
    assert info.expires_at.utcoffset() == timedelta(0)
    assert abs(info.expires_at - token.expires_at) <= timedelta(seconds=5)
    assert by.introspect(login.config, token.value) == info
    nothing = TokenInfo(False, None, [], None, None, None, None, None)
    assert by.introspect(login.config, "ya29.of-nobody") == nothing
    # The token of a service account is none of that service's.
    account = by.fetch(login.of_account().with_refresh_token(token.refresh_token or ""))
    assert by.introspect(login.config, account) == nothing


@both
def test_a_client_that_is_not_that_of_the_login(login: Login, by: type[Blocking]) -> None:
    wrong = {**login.fields, "client_secret": "a-wrong-secret"}
    calls: list[Callable[[], object]] = [
        lambda: by.fetch(wrong),
        lambda: by.introspect(wrong, "a-token"),
        lambda: by.revoke(wrong),
    ]
    for call in calls:
        with pytest.raises(RemoteError) as refused:
            call()
        caught = refused.value
        assert (caught.code, caught.status, caught.error) == ("sts_rejected", 401, "invalid_client")
        assert "client_secret" in caught.hint
        assert "a-wrong-secret" not in f"{caught!r} {caught} {vars(caught)}"
    assert by.fetch(login.config).kind == "federated"


@both
def test_the_end_of_a_login(login: Login, by: type[Blocking]) -> None:
    token = by.fetch(login.config)
    config = login.config.with_refresh_token(token.refresh_token or "")
    steps: list[StepReport] = []
    by.revoke(config, on_step=steps.append)
    assert [(step.ask_id, step.status) for step in steps] == [("revoke", 200)]
    with pytest.raises(RemoteError) as refused:
        by.fetch(config)
    assert_over(refused.value)
    by.revoke(config)  # what is over can be ended (RFC 7009 section 2.2)


@both
def test_people_impersonate_too(login: Login, by: type[Blocking]) -> None:
    config = login.of_account()
    token = by.fetch(config, scopes="https://www.googleapis.com/auth/devstorage.read_only")
    assert login.google.whoami(token.value)["email"] == ACCOUNT
    assert token.kind == "service_account"
    with pytest.raises(RemoteError) as refused:
        by.fetch(config)
    assert_over(refused.value)
    renewed = config.with_refresh_token(token.refresh_token or "")
    assert by.fetch(renewed).kind == "service_account"
    assert list(json.loads(renewed.to_json())) == list(json.loads(config.to_json()))


@both
def test_what_is_busy_is_asked_again(login: Login, by: type[Blocking]) -> None:
    class Impatient(SystemHost):
        def wait(self, seconds: float) -> None:
            pass

    host = Impatient({})
    login.google.spoil("/v1/oauthtoken", status=503)
    token = by.fetch(login.config, host=host)
    login.google.spoil("/v1/introspect", status=503)
    assert by.introspect(login.config, token, host=host).active
    login.google.spoil("/v1/revoke", status=503)
    by.revoke(login.config.with_refresh_token(token.refresh_token or ""), host=host)
    lines = [line.rpartition(" ")[2] for line in login.google.requests() if line.startswith("POST")]
    assert lines == ["503", "200"] * 3


@both
def test_a_workload_has_no_login(by: type[Blocking]) -> None:
    with pytest.raises(ConfigError) as refused:
        by.revoke(CredentialConfig.from_parts("1", "pool", "provider", source="aws"))
    assert (refused.value.code, refused.value.field) == ("config_type_unsupported", "type")


@both
def test_without_leave_nothing_goes_elsewhere(login: Login, by: type[Blocking]) -> None:
    """These URLs are on this machine, where only tests want to go."""
    for call in (by.fetch, by.revoke, lambda config, **options: by.introspect(config, "a-token", **options)):
        with pytest.raises(ConfigError) as refused:
            call(login.config, endpoints="google")
        assert (refused.value.code, (refused.value.field or "")[-4:]) == ("config_url_refused", "_url")
    assert login.google.requests() == []


def test_the_exchange_itself(login: Login) -> None:
    """Which class an outcome has follows from the goal."""
    host = SystemHost({})

    def outcome_of(goal: sanskey.Goal, config: CredentialConfig) -> sanskey.Outcome:
        exchange = Exchange(config, goal, endpoints="loopback")
        while True:
            match exchange.poll():
                case sanskey.Pending(asks):
                    for ask in asks:
                        assert isinstance(ask.action, HttpRequest)
                        exchange.reply(ask.id, host.http(ask.action))
                case sanskey.Done(outcome):
                    return outcome

    token = outcome_of(goals.AccessToken(), login.config)
    assert isinstance(token, Token)
    assert isinstance(outcome_of(goals.Introspection(token), login.config), TokenInfo)
    config = login.config.with_refresh_token(token.refresh_token or "")
    assert isinstance(outcome_of(goals.Revocation(), config), sanskey.Revoked)


@both
def test_nothing_of_a_login_is_printed(login: Login, by: type[Blocking], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    steps: list[StepReport] = []
    token = by.fetch(login.config, on_step=steps.append)
    by.introspect(login.config, token, on_step=steps.append)
    renewed = login.config.with_refresh_token(token.refresh_token or "")
    by.revoke(renewed, on_step=steps.append)
    fields = login.fields
    secrets = [token.value, token.refresh_token or "-", fields["refresh_token"], fields["client_secret"]]
    printed = f"{caplog.text} {steps} {token!r} {token} {login.config!r} {renewed} {goals.Introspection(token)!r}"
    assert [secret for secret in secrets if secret in printed] == []


def test_the_example(login: Login, tmp_path: Path) -> None:
    """It keeps each new refresh token, and nobody else may read the file."""
    file = tmp_path / "kept" / "login.json"
    file.parent.mkdir()
    file.write_text(login.config.to_json())
    env = {"SANSKEY_ENDPOINTS": "loopback"}

    def run(*arguments: str) -> tuple[int, str, str]:
        done = run_python(str(EXAMPLES / "person_login.py"), str(file), *arguments, env=env)
        return done.returncode, done.stdout, done.stderr

    for _ in range(2):
        before = file.read_text()
        code, out, err = run()
        assert (code, err) == (0, "")
        assert out.startswith(f"{PERSON} until 20")
        assert file.read_text() != before
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["login.json"]
    assert run("revoke") == (0, "the login is over\n", "")
    code, out, err = run()
    assert (code, out, err.partition(":")[0]) == (1, "", "sts_rejected")


class Told:
    """Answers an introspection with this."""

    def __init__(self, text: str) -> None:
        self.text = text

    def http(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [], self.text)


@both
@pytest.mark.parametrize(
    ("seconds", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (-(2**63), datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (2**63 - 1, datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_times_that_no_datetime_can_name(login: Login, by: type[Blocking], seconds: int, moment: datetime) -> None:
    host = Told(json.dumps({"active": True, "exp": seconds, "iat": seconds}))
    info = by.introspect(login.config, "a-token", host=host)
    assert (info.expires_at, info.issued_at) == (moment, moment)

"""Jobs of GitHub Actions, with the emulator in the place of GitHub and of Google."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Emulator
from token_sources import (
    AUDIENCE,
    EXCHANGE,
    FETCHES,
    LASTING,
    PASSING,
    Fault,
    Fetch,
    Service,
    assert_hidden,
    fetch_sync,
    subject,
)

from sanskey import ConfigError, RemoteError, SanskeyError

Start = Callable[..., Emulator]
ISSUER = "https://token.actions.githubusercontent.com"
PATH = "/12//idtoken/4f1c0c6d-6e5a-4c38-8c3c-1f0f5d3f7a10/9c2b0a1e-3d4f-4a5b-8c6d-7e8f9a0b1c2d"
JOB_TOKEN = "eyJ0eXAiOiJKV1QifQ.of-the-job.signature"
SOURCE = {"sanskey": {"platform": "github_actions"}}


def start(emulator: Start, *options: str) -> Emulator:
    """A provider that trusts GitHub's issuer, and a job that may ask it for tokens."""
    job = ["--github-request-path", PATH, "--github-request-token", JOB_TOKEN]
    return emulator("--oidc-issuer", ISSUER, *job, *options)


def job(github: Emulator) -> dict[str, str]:
    """What the runner sets. There is a query in the URL already."""
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}{PATH}?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": JOB_TOKEN,
    }


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_job_gets_a_token_of_its_subject(emulator: Start, fetch: Fetch) -> None:
    github = start(emulator)
    token = fetch(github, SOURCE, job(github))
    assert token.kind == "federated"
    assert subject(github, token) == "repo:sanskey-org/sanskey-app:ref:refs/heads/main"
    fetch(github, SOURCE, job(github))
    assert github.requests() == [f"GET {PATH} 200", EXCHANGE] * 2, "each exchange has a token of its own"


def test_an_audience_can_be_chosen(emulator: Start) -> None:
    github = start(emulator, "--oidc-allowed-audience", "https://example.com/own?a=b&c=%64")
    source = {"sanskey": {"platform": "github_actions", "audience": "https://example.com/own?a=b&c=%64"}}
    assert fetch_sync(github, source, job(github)).kind == "federated"
    with pytest.raises(RemoteError) as caught:
        fetch_sync(github, SOURCE, job(github))
    assert caught.value.error == "invalid_grant"
    said = f"The audience in ID Token [https:{AUDIENCE}] does not match the expected audience."
    assert caught.value.error_description == said
    spaced = {"sanskey": {"platform": "github_actions", "audience": "two words"}}
    with pytest.raises(ConfigError) as invalid:
        fetch_sync(github, spaced, job(github))
    assert invalid.value.field == "credential_source.sanskey.audience"


def test_the_provider_may_trust_another_issuer(emulator: Start) -> None:
    github = emulator("--github-request-path", PATH, "--github-request-token", JOB_TOKEN)
    with pytest.raises(RemoteError) as caught:
        fetch_sync(github, SOURCE, job(github))
    assert (caught.value.code, caught.value.error) == ("sts_rejected", "invalid_grant")
    assert f"The issuer in ID Token {ISSUER} does not match" in str(caught.value.error_description)


def test_a_job_without_the_permission(emulator: Start) -> None:
    github = start(emulator)
    for name in job(github):
        env = {key: value for key, value in job(github).items() if key != name}
        with pytest.raises(ConfigError) as missing:
            fetch_sync(github, SOURCE, env)
        assert missing.value.code == "subject_token_missing"
        assert "id-token: write" in missing.value.hint
    assert github.requests() == []


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    ("options", "changes", "status"),
    [
        (["--no-github-permission"], {}, 403),
        ([], {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "eyJ0eXAiOiJKV1QifQ.of-another.signature"}, 401),
    ],
)
def test_a_refusal(emulator: Start, fetch: Fetch, options: list[str], changes: dict[str, str], status: int) -> None:
    github = start(emulator, *options)
    env = {**job(github), **changes}
    with pytest.raises(RemoteError) as caught:
        fetch(github, SOURCE, env)
    error = caught.value
    assert (error.code, error.stage, error.ask_id) == ("subject_token_rejected", "source", "subject-token")
    assert (error.status, error.retryable) == (status, False)
    assert "id-token: write" in error.hint
    assert "job" in str(error.error_description)
    assert_hidden(error, *env.values())


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://192.0.2.1/idtoken?api-version=2.0", "platform_url_refused"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "idtoken", "platform_url_refused"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://a.example/b c", "platform_url_refused"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "two\r\nx-lines: 1", "subject_token_invalid"),
    ],
)
def test_variables_that_cannot_be_used(emulator: Start, name: str, value: str, code: str) -> None:
    github = start(emulator)
    with pytest.raises(ConfigError) as caught:
        fetch_sync(github, SOURCE, {**job(github), name: value})
    assert caught.value.code == code
    assert name in str(caught.value)
    assert_hidden(caught.value, JOB_TOKEN, value)
    assert github.requests() == []


def service(emulator: Start) -> Service:
    github = start(emulator)
    return Service(github, PATH, "subject-token", SOURCE, job(github))


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("fault", "times"), PASSING)
def test_a_fault_that_passes(emulator: Start, fetch: Fetch, fault: Fault, times: int) -> None:
    service(emulator).gets_over(fetch, fault, times)


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("fault", "kind", "code", "expected_tries"), LASTING)
def test_a_fault_that_lasts(
    emulator: Start, fetch: Fetch, fault: Fault, kind: type[SanskeyError], code: str, expected_tries: int
) -> None:
    service(emulator).ends(fetch, fault, kind, code, expected_tries)


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_service_that_is_too_slow(emulator: Start, fetch: Fetch) -> None:
    service(emulator).times_out(fetch)


def test_the_job_s_token_is_not_shown(emulator: Start) -> None:
    service(emulator).hides(fetch_sync, JOB_TOKEN)

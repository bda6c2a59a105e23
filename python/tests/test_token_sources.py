"""Tokens of files, URLs, programs and CI systems, with the emulator as a cluster's issuer and as Google."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Emulator
from token_sources import (
    AUDIENCE,
    FETCHES,
    JWT,
    LASTING,
    Fault,
    Fetch,
    Hurried,
    Service,
    fetch_sync,
    subject,
)
from token_sources import pod_token as issued

from sanskey import ConfigError, HostError, RemoteError, SanskeyError

ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9"
ALLOWED = {"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"}
# Where the emulator has nothing to give but what a fault says.
PLAIN = "/plain-token"


@pytest.fixture
def google(emulator: Callable[..., Emulator]) -> Emulator:
    """A provider that trusts the issuer of a cluster, whose tokens are for AWS."""
    return emulator("--oidc-issuer", ISSUER, "--oidc-allowed-audience", "sts.amazonaws.com")


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_file_is_read_anew_for_each_token(google: Emulator, tmp_path: Path, fetch: Fetch) -> None:
    path = tmp_path / "token"
    path.write_text(f"{issued(google)}\n")
    assert fetch(google, {"file": str(path)}, {}).kind == "federated"
    path.write_text(issued(google, "?lifetime=-600"))
    with pytest.raises(ConfigError) as error:
        fetch(google, {"file": str(path)}, {})
    assert error.value.code == "subject_token_expired"
    path.write_text(issued(google, "?iss=https://issuer.example"))
    with pytest.raises(RemoteError) as refused:
        fetch(google, {"file": str(path)}, {})
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_grant")


def test_a_json_file(google: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_text(json.dumps({"id_token": issued(google)}))
    source = {"file": str(path), "format": {"type": "json", "subject_token_field_name": "id_token"}}
    assert fetch_sync(google, source, {}).kind == "federated"


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_url(google: Emulator, fetch: Fetch) -> None:
    url = f"{google.url}/emulator/web-identity-token"
    assert fetch(google, {"url": url, "headers": {"Metadata": "True"}}, {}).kind == "federated"
    with pytest.raises(RemoteError) as error:
        fetch(google, {"url": f"{google.url}/nowhere"}, {})
    assert (error.value.code, error.value.status) == ("subject_token_rejected", 404)


# Without those whose point is what stands in a JSON object: here any text may be a token.
PLAIN_LASTING = [entry for entry in LASTING if not str(entry[0].get("body", "")).startswith(("<", "[", "{"))]


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("fault", "kind", "code", "expected_tries"), PLAIN_LASTING)
def test_a_fault_of_a_plain_url_that_lasts(
    google: Emulator, fetch: Fetch, fault: Fault, kind: type[SanskeyError], code: str, expected_tries: int
) -> None:
    plain = Service(google, PLAIN, "subject-token", {"url": google.url + PLAIN}, {})
    plain.ends(fetch, {"status": 200, **fault} if "body" in fault else fault, kind, code, expected_tries)


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_plain_url_that_is_slow_or_answers_with_spaces(google: Emulator, fetch: Fetch) -> None:
    source = {"url": google.url + PLAIN}
    google.spoil(PLAIN, 1, body=f"\ufeff {issued(google)} \r\n", content_type="text/html", delay_milliseconds=200)
    assert subject(google, fetch(google, source, {})) == "system:serviceaccount:default:sanskey"
    Service(google, PLAIN, "subject-token", source, {}).times_out(fetch)


def test_a_page_in_place_of_a_plain_token_is_left_to_google(google: Emulator) -> None:
    google.spoil(PLAIN, 1, body="<html>Log in</html>")
    with pytest.raises(RemoteError) as caught:
        fetch_sync(google, {"url": google.url + PLAIN}, {}, Hurried)
    assert (caught.value.code, caught.value.error) == ("sts_rejected", "invalid_grant")


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", ConfigError, "subject_token_invalid"),
        (b"\xef\xbb\xbf \r\n", ConfigError, "subject_token_invalid"),
        (b"x" * 1_048_577, HostError, "host_failed"),
        (None, ConfigError, "subject_token_missing"),
        ("folder", HostError, "host_failed"),
    ],
)
def test_a_file_that_cannot_be_used(
    google: Emulator, tmp_path: Path, fetch: Fetch, content: bytes | str | None, kind: type[SanskeyError], code: str
) -> None:
    path = tmp_path / "token"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    with pytest.raises(kind) as caught:
        fetch(google, {"file": str(path)}, {})
    assert (caught.value.code, caught.value.ask_id) == (code, "subject-token")
    assert caught.value.hint
    assert google.requests() == []


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_program(google: Emulator, tmp_path: Path, fetch: Fetch) -> None:
    answer = {"version": 1, "success": True, "token_type": JWT, "id_token": issued(google)}
    source = program(tmp_path, f"echo '{json.dumps(answer)}'")
    with pytest.raises(ConfigError) as gate:
        fetch(google, source, {})
    assert gate.value.code == "executable_not_allowed"
    assert fetch(google, source, ALLOWED).kind == "federated"


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("echo 'no network' >&2; exit 3", "executable_failed", "exit code 3: no network"),
        ('echo \'{"version":1,"success":false,"code":"401","message":"Log in."}\'', "executable_rejected", "Log in"),
        ("echo garbage", "executable_malformed", "JSON"),
        ("exec /no/such/program", "executable_failed", "127"),
    ],
)
def test_programs_that_fail(google: Emulator, tmp_path: Path, script: str, code: str, words: str) -> None:
    with pytest.raises(HostError) as error:
        fetch_sync(google, program(tmp_path, script), ALLOWED)
    assert error.value.code == code
    assert words in str(error.value)


def test_a_program_is_told_what_it_is_for(google: Emulator, tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f'echo "$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE $GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE" > "{told}"; exit 1'
    with pytest.raises(HostError):
        fetch_sync(google, program(tmp_path, script), ALLOWED)
    assert told.read_text() == f"{AUDIENCE} {JWT}\n"


@pytest.mark.parametrize(
    ("platform", "variable"),
    [
        ("bitbucket", "BITBUCKET_STEP_OIDC_TOKEN"),
        ("circleci", "CIRCLE_OIDC_TOKEN_V2"),
        ("gitlab", "GITLAB_OIDC_TOKEN"),
        ("terraform_cloud", "TFC_WORKLOAD_IDENTITY_TOKEN"),
        ("vercel", "VERCEL_OIDC_TOKEN"),
    ],
)
def test_a_variable_of_a_platform(google: Emulator, platform: str, variable: str) -> None:
    source = {"sanskey": {"platform": platform}}
    assert fetch_sync(google, source, {variable: issued(google)}).kind == "federated"
    with pytest.raises(ConfigError) as error:
        fetch_sync(google, source, {})
    assert error.value.code == "subject_token_missing"


def program(folder: Path, script: str) -> dict[str, Any]:
    path = folder / "a program.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"executable": {"command": f"'{path}' --quiet", "timeout_millis": 5000}}

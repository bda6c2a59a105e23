"""Tokens of files, URLs, programs and CI systems, with the emulator as a cluster's issuer and as Google."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Emulator

import sanskey
from sanskey import ConfigError, HostError, RemoteError, SystemHost, Token, aio

ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9"
AUDIENCE = (
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool"
    "/providers/sanskey-oidc"
)
JWT = "urn:ietf:params:oauth:token-type:jwt"
ALLOWED = {"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"}

Fetch = Callable[..., Token]


def config(google: Emulator, source: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": JWT,
        "token_url": f"{google.url}/v1/token",
        "credential_source": source,
    }


def fetch_sync(google: Emulator, source: Mapping[str, object], env: Mapping[str, str] | None = None) -> Token:
    return sanskey.fetch_token(config(google, source), endpoints="loopback", host=SystemHost(dict(env or {})))


def fetch_async(google: Emulator, source: Mapping[str, object], env: Mapping[str, str] | None = None) -> Token:
    host = SystemHost(dict(env or {}))
    return asyncio.run(aio.fetch_token(config(google, source), endpoints="loopback", host=host))


@pytest.fixture
def google(emulator: Callable[..., Emulator]) -> Emulator:
    """A provider that trusts the issuer of a cluster, whose tokens are for AWS."""
    return emulator("--oidc-issuer", ISSUER, "--oidc-allowed-audience", "sts.amazonaws.com")


def issued(google: Emulator, query: str = "") -> str:
    with urllib.request.urlopen(f"{google.url}/emulator/web-identity-token{query}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_a_file_is_read_anew_for_each_token(google: Emulator, tmp_path: Path, fetch: Fetch) -> None:
    path = tmp_path / "token"
    path.write_text(f"{issued(google)}\n")
    assert fetch(google, {"file": str(path)}).kind == "federated"
    path.write_text(issued(google, "?lifetime=-600"))
    with pytest.raises(ConfigError) as error:
        fetch(google, {"file": str(path)})
    assert error.value.code == "subject_token_expired"
    path.write_text(issued(google, "?iss=https://issuer.example"))
    with pytest.raises(RemoteError) as refused:
        fetch(google, {"file": str(path)})
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_grant")


def test_a_json_file(google: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_text(json.dumps({"id_token": issued(google)}))
    source = {"file": str(path), "format": {"type": "json", "subject_token_field_name": "id_token"}}
    assert fetch_sync(google, source).kind == "federated"


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_a_url(google: Emulator, fetch: Fetch) -> None:
    url = f"{google.url}/emulator/web-identity-token"
    assert fetch(google, {"url": url, "headers": {"Metadata": "True"}}).kind == "federated"
    with pytest.raises(RemoteError) as error:
        fetch(google, {"url": f"{google.url}/nowhere"})
    assert (error.value.code, error.value.status) == ("subject_token_rejected", 404)


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_a_program(google: Emulator, tmp_path: Path, fetch: Fetch) -> None:
    answer = {"version": 1, "success": True, "token_type": JWT, "id_token": issued(google)}
    source = program(tmp_path, f"echo '{json.dumps(answer)}'")
    with pytest.raises(ConfigError) as gate:
        fetch(google, source)
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
        fetch_sync(google, source)
    assert error.value.code == "subject_token_missing"


def program(folder: Path, script: str) -> dict[str, Any]:
    path = folder / "a program.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"executable": {"command": f"'{path}' --quiet", "timeout_millis": 5000}}

"""People of a workforce pool, with the emulator as their identity provider and as Google."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Emulator

import sanskey
from sanskey import ConfigError, RemoteError, SystemHost, Token, aio

PERSON = "principal://iam.googleapis.com/locations/global/workforcePools/sanskey-workforce/subject/ana@example.com"
ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"
CLIENT = {"client_id": "sanskey-client", "client_secret": "emulator-client-secret"}

Fetch = Callable[..., Token]


class Pool:
    """The emulator, and the configuration that it wrote for a person."""

    def __init__(self, google: Emulator, config: dict[str, Any]) -> None:
        self.google = google
        self.config = config

    def but(self, **changes: Any) -> dict[str, Any]:
        """The configuration with some fields changed, and without those that are None."""
        return {name: value for name, value in (self.config | changes).items() if value is not None}

    def with_client(self, **changes: Any) -> dict[str, Any]:
        """An OAuth client in place of a project."""
        return self.but(**({"workforce_pool_user_project": None} | CLIENT | changes))

    def source(self, query: str) -> dict[str, str]:
        return {"url": f"{self.google.url}/emulator/web-identity-token?{query}"}


@pytest.fixture
def pool(emulator: Callable[..., Emulator], tmp_path: Path) -> Pool:
    file = tmp_path / "workforce.json"
    return Pool(emulator("--workforce-config-out", str(file)), json.loads(file.read_text()))


def fetch_sync(config: dict[str, Any]) -> Token:
    return sanskey.fetch_token(config, endpoints="loopback", host=SystemHost({}))


def fetch_async(config: dict[str, Any]) -> Token:
    return asyncio.run(aio.fetch_token(config, endpoints="loopback", host=SystemHost({})))


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_with_a_project(pool: Pool, fetch: Fetch) -> None:
    assert pool.config["workforce_pool_user_project"] == "sanskey-billing"
    token = fetch(pool.config)
    assert token.kind == "federated"
    assert pool.google.whoami(token.value)["subject"] == PERSON


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_with_an_oauth_client(pool: Pool, fetch: Fetch) -> None:
    assert pool.google.whoami(fetch(pool.with_client()).value)["subject"] == PERSON
    both = pool.with_client(workforce_pool_user_project="sanskey-billing")
    assert pool.google.whoami(fetch(both).value)["subject"] == PERSON


@pytest.mark.parametrize("kind", ["id_token", "jwt"])
def test_kinds_of_tokens(pool: Pool, kind: str) -> None:
    config = pool.but(subject_token_type=f"urn:ietf:params:oauth:token-type:{kind}")
    assert fetch_sync(config).kind == "federated"


def test_people_impersonate_too(pool: Pool) -> None:
    url = f"{pool.google.url}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
    token = fetch_sync(pool.with_client(service_account_impersonation_url=url))
    assert pool.google.whoami(token.value)["email"] == ACCOUNT


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "a-wrong-secret"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_id": "another"}, 401, "invalid_client"),
        ({"client_id": None, "client_secret": None}, 400, "invalid_request"),
    ],
)
def test_refused_clients(pool: Pool, change: dict[str, Any], status: int, error: str) -> None:
    with pytest.raises(RemoteError) as refused:
        fetch_sync(pool.with_client(**change))
    caught = refused.value
    assert (caught.code, caught.status, caught.error) == ("sts_rejected", status, error)
    assert "a-wrong-secret" not in f"{caught!r} {caught} {caught.hint}"
    assert len([line for line in pool.google.requests() if line.startswith("POST /v1/token")]) == 1


def test_a_secret_goes_as_it_is(emulator: Callable[..., Emulator], tmp_path: Path) -> None:
    """As Google's own clients send it, which do not form-encode it before base64 (RFC 6749 section 2.3.1)."""
    file, secret = tmp_path / "workforce.json", "a:b%41+c=&d"
    google = emulator("--workforce-config-out", str(file), "--workforce-client-secret", secret)
    pool = Pool(google, json.loads(file.read_text()))
    assert fetch_sync(pool.with_client(client_secret=secret)).kind == "federated"


@pytest.mark.parametrize("query", ["sub=ana@example.com", "aud=sanskey-people&iss=https://issuer.example"])
def test_tokens_that_are_not_for_the_pool(pool: Pool, query: str) -> None:
    with pytest.raises(RemoteError) as refused:
        fetch_sync(pool.but(credential_source=pool.source(query)))
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_grant")


def test_somebody_else(pool: Pool) -> None:
    token = fetch_sync(pool.but(credential_source=pool.source("aud=sanskey-people&sub=ben@example.com")))
    assert pool.google.whoami(token.value)["subject"] == PERSON.replace("ana@", "ben@")


def test_a_provider_that_is_not_there(pool: Pool) -> None:
    audience = pool.config["audience"].replace("sanskey-people", "nobody")
    with pytest.raises(RemoteError) as refused:
        fetch_sync(pool.but(audience=audience))
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_target")


def test_a_project_is_for_people_only(pool: Pool) -> None:
    audience = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/ci"
    with pytest.raises(ConfigError) as error:
        fetch_sync(pool.but(audience=audience))
    assert (error.value.code, error.value.field) == ("config_field_invalid", "workforce_pool_user_project")


def test_a_project_with_quotes_stays_one_text(pool: Pool) -> None:
    """The emulator reads the project as it is, and finds no second field in it."""
    assert fetch_sync(pool.but(workforce_pool_user_project='p","x":"y')).kind == "federated"
    with pytest.raises(RemoteError) as refused:
        fetch_sync(pool.but(workforce_pool_user_project="p" * 33))
    assert refused.value.error == "invalid_request"


def test_nobody_acts_where_an_actor_is_needed(emulator: Callable[..., Emulator], tmp_path: Path) -> None:
    file = tmp_path / "workforce.json"
    emulator("--workforce-config-out", str(file), "--demand-actor")
    with pytest.raises(RemoteError) as refused:
        fetch_sync(json.loads(file.read_text()))
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_request")
    assert "actor_token" in (refused.value.error_description or "")


def test_an_actor_in_the_file_of_the_token(emulator: Callable[..., Emulator], tmp_path: Path) -> None:
    file, tokens = tmp_path / "workforce.json", tmp_path / "tokens.json"
    google = emulator("--workforce-config-out", str(file), "--demand-actor")
    config = json.loads(file.read_text())
    names = {"type": "json", "subject_token_field_name": "person", "actor_token_field_name": "agent"}
    config["credential_source"] = {"file": str(tokens), "format": names}
    config["actor_token_type"] = "urn:ietf:params:oauth:token-type:id_token"

    def put(actor_audience: str) -> None:
        person = issued(google, sub="ana@example.com", aud="sanskey-people")
        tokens.write_text(json.dumps({"person": person, "agent": issued(google, sub="agent", aud=actor_audience)}))

    put(config["audience"])
    holder = google.whoami(fetch_sync(config).value)
    assert (holder["subject"], holder["actor"]) == (PERSON, "agent")
    put("somebody else")
    with pytest.raises(RemoteError) as refused:
        fetch_sync(config)
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_grant")


def issued(google: Emulator, **claims: str) -> str:
    url = f"{google.url}/emulator/web-identity-token?{urllib.parse.urlencode(claims)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text

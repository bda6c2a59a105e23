"""A machine of Fly.io, with a server on a Unix domain socket as its agent and the emulator as Google."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Emulator
from loopback import Server, answer, unix_listener

import sanskey
from sanskey import CredentialConfig, HostError, HttpRequest, HttpResponse, SystemHost, Token, aio, sources

# The only issuer of the emulator is a cluster's. It is the agent that is in question here.
ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9"
PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-oidc"
AGENT = "/.fly/api"

Fetch = Callable[..., Token]


class Machine(SystemHost):
    """Has its agent in a folder of its own: nobody but root may make that of a machine."""

    def __init__(self, agent: str) -> None:
        super().__init__({})
        self.agent = agent

    def http(self, request: HttpRequest) -> HttpResponse:
        if request.unix_socket is not None:
            assert request.unix_socket == AGENT
            request = request.__replace__(unix_socket=self.agent)
        return super().http(request)

    def wait(self, seconds: float) -> None:
        pass


def fetch_sync(config: Any, host: SystemHost) -> Token:
    return sanskey.fetch_token(config, host=host, endpoints="loopback")


def fetch_async(config: Any, host: SystemHost) -> Token:
    return asyncio.run(aio.fetch_token(config, host=host, endpoints="loopback"))


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_a_token_of_the_agent(emulator: Callable[..., Emulator], fetch: Fetch) -> None:
    google = emulator("--oidc-issuer", ISSUER)
    made = CredentialConfig.from_provider(PROVIDER, source=sources.FlyIo()).to_json()
    config = {**json.loads(made), "token_url": f"{google.url}/v1/token"}
    token = google.issued_token(aud=f"https://iam.googleapis.com/{PROVIDER}")
    with tempfile.TemporaryDirectory(prefix="sanskey") as folder:
        path = str(Path(folder) / "api")
        server = Server(
            answer(f"HTTP/1.1 200 OK\r\nContent-Length: {len(token)}\r\n\r\n{token}"), listener=unix_listener(path)
        )
        got = fetch(config, Machine(path))
        server.stop()
    assert google.whoami(got.value)["kind"] == "federated"
    head, _, body = server.requests[0].partition("\r\n\r\n")
    assert head.startswith("POST /v1/tokens/oidc HTTP/1.1\r\n")
    assert json.loads(body) == {"aud": f"https://iam.googleapis.com/{PROVIDER}"}
    assert google.requests() == ["POST /v1/token 200"]


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_elsewhere_there_is_no_agent(fetch: Fetch) -> None:
    config = CredentialConfig.from_provider(PROVIDER, source="fly_io")
    with tempfile.TemporaryDirectory(prefix="sanskey") as folder, pytest.raises(HostError) as caught:
        fetch(config, Machine(str(Path(folder) / "api")))
    assert caught.value.code == "host_unreachable"
    assert "Fly" in caught.value.hint

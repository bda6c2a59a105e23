"""What the tests share: loopback servers, the emulator, and where the vectors are."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import trustme
from loopback import Handler, Server

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = Path(__file__).parents[1] / "examples"

Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers, and stops them with the test."""
    servers: list[Server] = []

    def start(handler: Handler, **options: Any) -> Server:
        servers.append(Server(handler, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody else trusts."""
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server on 127.0.0.1 needs to be believed by those who trust the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Trusts the authority and no other."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class Emulator:
    """A running `sanskey-emulator`, which stops when it is closed, or by itself after two minutes."""

    def __init__(self, config: Path, *options: str) -> None:
        command = [emulator_binary(), "--lifetime-seconds", "120", "--stop-with-stdin", "--config-out", str(config)]
        self._process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1]
        self.config = config

    def requests(self) -> list[str]:
        """The requests that it has answered, as `PUT /latest/api/token 200`."""
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{self.url}/emulator/requests") as got:
            return [f"{request['method']} {request['path']} {request['status']}" for request in json.load(got)]

    def whoami(self, token: str) -> dict[str, Any]:
        """What a token that it issued is worth."""
        request = urllib.request.Request(f"{self.url}/emulator/whoami", headers={"authorization": f"Bearer {token}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as got:
            holder: dict[str, Any] = json.load(got)
            return holder

    def issued_token(self, **claims: str) -> str:
        """A token of the cluster's issuer, such as with `aud` and `sub`."""
        url = f"{self.url}/emulator/web-identity-token?{urlencode(claims)}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as got:
            text: str = got.read().decode()
            return text

    def spoil(self, path: str, times: int = 1, **fault: object) -> None:
        """Answers the next requests to this path badly, such as with `status=503` or `reset=True`."""
        faults = [{"path": path, "times": times, "fault": fault}]
        url = f"{self.url}/emulator/faults"
        request = urllib.request.Request(url, data=json.dumps(faults).encode(), method="PUT")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    def replace_container_token(self, token: str) -> None:
        """From here on the EKS Pod Identity agent takes this token only."""
        url = f"{self.url}/emulator/container-token"
        request = urllib.request.Request(url, data=token.encode(), method="PUT")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Starts emulators with the given command-line options, and stops them with the test."""
    running: list[Emulator] = []

    def start(*options: str) -> Emulator:
        running.append(Emulator(tmp_path / f"config-{len(running)}.json", *options))
        return running[-1]

    yield start
    for one in running:
        one.close()


def emulator_binary() -> str:
    """From SANSKEY_EMULATOR, or else where cargo puts it."""
    candidates = [REPOSITORY / "target" / profile / "sanskey-emulator" for profile in ("release", "debug")]
    if "SANSKEY_EMULATOR" in os.environ:
        candidates = [Path(os.environ["SANSKEY_EMULATOR"])]
    for candidate in candidates:
        if candidate.exists():
            return str(candidate)
    places = " or ".join(map(str, candidates))
    pytest.fail(f"no emulator at {places}: run `cargo build -p sanskey-emulator`, or set SANSKEY_EMULATOR")


def run_python(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter, with nothing of this process's environment but what is given."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=env or {}, timeout=60)

"""X.509 certificates over mutual TLS, with the emulator as Google, the authority, and whoever rotates certificates."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
import traceback
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Emulator, Serve, run_python
from loopback import pump

import sanskey
from sanskey import ConfigError, HostError, RemoteError, SystemHost, Token, aio
from sanskey.actions import ClientCertificate, HttpRequest, HttpResponse

POOL = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool"
ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"
IMPERSONATION = f"POST /v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"

Fetch = Callable[..., Token]


class Google:
    """The emulator, and the files of a workload that it wrote."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder

    @property
    def url(self) -> str:
        url: str = self.config()["token_url"].removesuffix("/v1/token")
        return url

    def config(self, name: str = "credentials-federated.json") -> dict[str, Any]:
        config: dict[str, Any] = json.loads((self.folder / name).read_text())
        return config

    def rotate(self, query: str = "") -> dict[str, str]:
        """Puts another certificate, with another key, in the place of the one before."""
        made = self.make(query)
        for file, part in [("client.pem", "certificate"), ("client-key.pem", "key"), ("chain.pem", "chain")]:
            (self.folder / file).write_text(made[part])
        return made

    def make(self, query: str = "") -> dict[str, str]:
        with urllib.request.urlopen(f"{self.emulator.url}/emulator/client-certificate{query}", timeout=30) as answer:
            made: dict[str, str] = json.load(answer)
            return made

    def subject(self, token: Token) -> str:
        subject: str = self.emulator.whoami(token.value)["subject"]
        return subject.removeprefix(f"{POOL}/subject/")


@pytest.fixture
def google(emulator: Callable[..., Emulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Google:
    """Whoever reads SSL_CERT_FILE believes it; sanskey has no setting of its own for that."""
    folder = tmp_path / "workload"
    running = emulator("--mtls-out", str(folder))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    return Google(running, folder)


def fetch_sync(config: dict[str, Any], host: SystemHost | None = None) -> Token:
    return sanskey.fetch_token(config, endpoints="loopback", host=host or SystemHost({}))


def fetch_async(config: dict[str, Any], host: SystemHost | None = None) -> Token:
    return asyncio.run(aio.fetch_token(config, endpoints="loopback", host=host or SystemHost({})))


def but(request: HttpRequest, **changes: Any) -> HttpRequest:
    """The request with some fields changed."""
    return HttpRequest(**{name: getattr(request, name) for name in HttpRequest.__match_args__} | changes)


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_a_federated_token(google: Google, fetch: Fetch) -> None:
    token = fetch(google.config())
    assert token.kind == "federated"
    assert google.subject(token) == "sanskey-workload"
    assert google.emulator.requests() == ["POST /v1/token 200"]


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_the_token_of_a_service_account(google: Google, fetch: Fetch) -> None:
    token = fetch(google.config("credentials.json"))
    assert google.emulator.whoami(token.value)["email"] == ACCOUNT
    assert google.emulator.requests() == ["POST /v1/token 200", f"{IMPERSONATION} 200"]


def test_service_accounts_are_asked_for_with_the_certificate_too(google: Google) -> None:
    """The token is bound on the way, as it is for agents, so that it is good with the certificate only."""
    fingerprint = google.rotate()["fingerprint"]

    class Binding(SystemHost):
        def http(self, request: HttpRequest) -> HttpResponse:
            if request.url.endswith("/v1/token"):
                options = urllib.parse.quote(json.dumps({"bindCertFingerprint": fingerprint}))
                request = but(request, body=f"{request.body}&options={options}")
            return super().http(request)

    class Forgetting(Binding):
        def http(self, request: HttpRequest) -> HttpResponse:
            if request.url.endswith(":generateAccessToken"):
                request = but(request, client_certificate=None)
            return super().http(request)

    assert fetch_sync(google.config("credentials.json"), Binding({})).kind == "service_account"
    with pytest.raises(RemoteError) as error:
        fetch_sync(google.config("credentials.json"), Forgetting({}))
    assert (error.value.code, error.value.status) == ("impersonation_rejected", 401)


def test_a_process_that_trusts_the_authority_by_its_environment(google: Google) -> None:
    config = str(google.folder / "credentials.json")
    program = f"import sanskey; print(sanskey.fetch_token({config!r}, endpoints='loopback').kind)"
    trusting = run_python("-c", program, env={"SSL_CERT_FILE": str(google.folder / "ca.pem")})
    assert (trusting.returncode, trusting.stdout) == (0, "service_account\n"), trusting.stderr
    other = run_python("-c", program)
    assert "certificate verification of 127.0.0.1 failed" in other.stderr


def test_a_context_that_the_caller_made(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=str(google.folder / "ca.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    host = SystemHost({}, ssl_context=context)
    assert fetch_sync(google.config(), host).kind == "federated"
    google.rotate("?cn=rotated")
    assert google.subject(fetch_sync(google.config(), host)) == "rotated"
    with pytest.raises(HostError) as error:
        fetch_sync(google.config(), SystemHost({}, ssl_context=ssl.create_default_context()))
    assert "certificate verification of 127.0.0.1 failed" in str(error.value)


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of Unix")
def test_nobody_is_asked_for_the_password_of_a_key(google: Google) -> None:
    """A program on a terminal ends with an error, too, and does not wait."""
    import pty

    key = google.folder / "client-key.pem"
    key.write_bytes(with_password(key.read_text()))
    config = str(google.folder / "credentials.json")
    controller, terminal = pty.openpty()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", f"import sanskey; sanskey.fetch_token({config!r}, endpoints='loopback')"],
            stdin=terminal,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            # A session whose terminal this is, as a login has it: OpenSSL asks on /dev/tty.
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
    finally:
        os.close(controller)
        os.close(terminal)
    assert "the client certificate cannot be used" in ended.stderr
    assert "pass phrase" not in ended.stderr


@pytest.mark.parametrize("variables", ["named", "home"])
def test_the_usual_places(google: Google, tmp_path: Path, variables: str) -> None:
    config = google.config()
    chain = config["credential_source"]["certificate"]["trust_chain_path"]
    config["credential_source"] = {"certificate": {"use_default_certificate_config": True, "trust_chain_path": chain}}
    home = tmp_path / ".config/gcloud/certificate_config.json"
    home.parent.mkdir(parents=True)
    (google.folder / "certificate_config.json").rename(home)
    env = {"named": {"GOOGLE_API_CERTIFICATE_CONFIG": str(home)}, "home": {"HOME": str(tmp_path)}}[variables]
    assert fetch_sync(config, SystemHost(env)).kind == "federated"
    with pytest.raises(ConfigError) as error:
        fetch_sync(config, SystemHost({"HOME": "/nowhere"}))
    assert error.value.code == "certificate_invalid"


@pytest.mark.parametrize("query", ["", "?key=p384", "?key=rsa", "?depth=0", "?depth=3"])
def test_kinds_of_certificates(google: Google, query: str) -> None:
    google.rotate(f"{query}&cn=kind" if query else "?cn=kind")
    config = google.config()
    if query == "?depth=0":
        del config["credential_source"]["certificate"]["trust_chain_path"]
    assert google.subject(fetch_sync(config)) == "kind"


@pytest.mark.parametrize(
    ("query", "error", "rule"),
    [
        ("?end=-60", "invalid_grant", "X2"),
        ("?begin=600", "invalid_grant", "X2"),
        ("?foreign", "invalid_grant", "X2"),
        ("?depth=4", "invalid_grant", "X2"),
        ("?for-servers", "invalid_grant", "X2"),
        ("?end=34560000", "invalid_grant", "X3"),
        ("?cn=&ou=unit", "unauthorized_client", "X5"),
    ],
)
def test_refused_certificates(google: Google, query: str, error: str, rule: str) -> None:
    google.rotate(query)
    host = Recording()
    with pytest.raises(RemoteError) as refused:
        fetch_sync(google.config(), host)
    assert (refused.value.code, refused.value.error, refused.value.status) == ("sts_rejected", error, 400)
    assert host.header("x-emulator-rule") == rule
    assert google.emulator.requests() == ["POST /v1/token 400"], "a refusal is not asked for again"


class Recording(SystemHost):
    """Remembers the last answer."""

    def __init__(self) -> None:
        super().__init__({})
        self._last: HttpResponse | None = None

    def http(self, request: HttpRequest) -> HttpResponse:
        self._last = super().http(self.changed(request))
        return self._last

    def changed(self, request: HttpRequest) -> HttpRequest:
        return request

    def header(self, name: str) -> str | None:
        assert self._last is not None
        return dict(self._last.headers).get(name)


@pytest.mark.parametrize("shown", ["another", "none"])
def test_the_certificate_of_the_handshake_is_the_one_of_the_token(google: Google, tmp_path: Path, shown: str) -> None:
    made = google.make()
    (tmp_path / "cert.pem").write_text(made["certificate"])
    (tmp_path / "key.pem").write_text(made["key"])
    other = ClientCertificate(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))

    class Confused(Recording):
        def changed(self, request: HttpRequest) -> HttpRequest:
            return but(request, client_certificate=other if shown == "another" else None)

    host = Confused()
    with pytest.raises(RemoteError) as refused:
        fetch_sync(google.config(), host)
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_grant")
    assert host.header("x-emulator-rule") == "X1"


def test_a_certificate_without_its_chain(google: Google) -> None:
    config = google.config()
    del config["credential_source"]["certificate"]["trust_chain_path"]
    with pytest.raises(RemoteError) as refused:
        fetch_sync(config)
    assert (refused.value.code, refused.value.error) == ("sts_rejected", "invalid_grant")


def key_lines(pem: str) -> list[str]:
    """What is secret in a PEM file."""
    lines = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    assert lines
    return lines


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
@pytest.mark.parametrize("what", ["of another", "missing", "no PEM", "a folder", "cut", "with a password"])
def test_keys_that_cannot_be_used(google: Google, what: str, fetch: Fetch) -> None:
    key = google.folder / "client-key.pem"
    secret = key.read_text()
    if what == "of another":
        secret = google.make()["key"]
        key.write_text(secret)
    elif what == "missing":
        key.unlink()
    elif what == "no PEM":
        key.write_text("\n".join(key_lines(secret)))
    elif what == "a folder":
        key.unlink()
        key.mkdir()
    elif what == "cut":
        key.write_text(secret[: len(secret) // 2])
    else:
        key.write_bytes(with_password(secret))
    with pytest.raises(HostError) as failed:
        fetch(google.config())
    error = failed.value
    assert (error.code, error.ask_id) == ("host_failed", "sts")
    assert "client certificate cannot be used" in str(error)
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error.hint)
    assert not [line for line in key_lines(secret) if line in shown]
    assert google.emulator.requests() == []


def with_password(pem: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(pem.encode(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"guess"))


@pytest.mark.parametrize("text", ["", "no PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"])
def test_certificates_that_cannot_be_read(google: Google, text: str) -> None:
    (google.folder / "client.pem").write_text(text)
    with pytest.raises(ConfigError) as error:
        fetch_sync(google.config())
    assert (error.value.code, error.value.ask_id) == ("certificate_invalid", "certificate")


def test_a_certificate_that_is_base64_of_something_else(google: Google) -> None:
    (google.folder / "client.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(HostError) as error:
        fetch_sync(google.config())
    assert error.value.code == "host_failed"


@pytest.mark.parametrize("fetch", [fetch_sync, fetch_async])
def test_a_rotated_certificate_is_used_at_the_next_exchange(google: Google, fetch: Fetch) -> None:
    host = SystemHost({})
    for name in ["first", "second", "third"]:
        google.rotate(f"?cn={name}")
        assert google.subject(fetch(google.config(), host)) == name


def test_a_proxy_passes_the_handshake_on(google: Google, serve: Serve) -> None:
    port = int(google.url.rpartition(":")[2])

    def tunnel(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port), 10) as onward:
            pump(connection, onward)

    class Proxied(SystemHost):
        def http(self, request: HttpRequest) -> HttpResponse:
            return super().http(but(request, bypass_proxy=False))

    proxy = serve(tunnel)
    host = Proxied({"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})
    assert google.subject(fetch_sync(google.config(), host)) == "sanskey-workload"
    assert proxy.requests[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n")


def test_faults_of_the_server(google: Google) -> None:
    google.emulator.spoil("/v1/token", status=503)
    assert fetch_sync(google.config()).kind == "federated"
    google.emulator.spoil("/v1/token", times=9, reset=True)
    with pytest.raises(HostError) as error:
        fetch_sync(google.config(), Impatient({}))
    assert error.value.code == "host_unreachable"


class Impatient(SystemHost):
    def wait(self, seconds: float) -> None:
        """Does not: the retries are what is tested, and not their pace."""

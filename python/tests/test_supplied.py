"""What the calling program supplies itself: proofs, actor tokens, names of servers; and what Google is told of it."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from conftest import Emulator

import sanskey
from sanskey import (
    ConfigError,
    CredentialConfig,
    Exchange,
    HttpRequest,
    HttpResponse,
    MisuseError,
    Pending,
    RemoteError,
    SubjectTokenContext,
    SystemHost,
    Token,
    aio,
    goals,
    sources,
)

CALLER = CredentialConfig.from_parts("123456789012", "pool", "provider", source="caller")
JWT = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
PROOF = "header.claims-of-the-workload.signature"
ACTOR = "header.claims-of-the-actor.signature"
ANSWER = '{"access_token": "a", "token_type": "Bearer", "expires_in": 3600}'

Fetch = Callable[..., Token]


def fetch_sync(config: Any = CALLER, **options: Any) -> Token:
    return sanskey.fetch_token(config, **options)


def fetch_async(config: Any = CALLER, **options: Any) -> Token:
    return asyncio.run(aio.fetch_token(config, **options))


FETCHES = [fetch_sync, fetch_async]


class Google:
    """Answers every exchange with a token, and every other server with a proof."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def http(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return HttpResponse(200, [], ANSWER)

    def read_env(self, names: list[str]) -> dict[str, str]:
        return {name: "password" for name in names if name == "SECRET"}

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the last request."""
        return {name: value for name, [value] in parse_qs(self.requests[-1].body).items()}

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.requests[-1].headers)


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_proof_as_a_text(fetch: Fetch) -> None:
    google = Google()
    assert fetch(host=google, subject_token=PROOF).value == "a"
    assert len(google.requests) == 1
    assert (google.form["subject_token"], google.form["subject_token_type"]) == (PROOF, JWT)


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_function_is_told_what_for_and_is_called_once(fetch: Fetch) -> None:
    told: list[SubjectTokenContext] = []

    def supply(context: SubjectTokenContext) -> str:
        told.append(context)
        return PROOF

    class Busy(Google):
        def http(self, request: HttpRequest) -> HttpResponse:
            answer = super().http(request)
            return answer if len(self.requests) > 1 else HttpResponse(503, [], "")

        def wait(self, _: float) -> None:
            pass

    google = Busy()
    fetch(host=google, subject_token=supply)
    assert (len(google.requests), google.form["subject_token"]) == (2, PROOF)
    assert told == [SubjectTokenContext(CALLER.audience, JWT)]


def test_the_exchange_calls_it_at_once() -> None:
    exchange = Exchange(CALLER, goals.AccessToken(), subject_token=lambda context: f"{context.subject_token_type}.b.c")
    step = exchange.poll()
    assert isinstance(step, Pending)
    [ask] = step.asks
    assert isinstance(ask.action, HttpRequest)
    assert parse_qs(ask.action.body)["subject_token"] == [f"{JWT}.b.c"]
    assert "claims" not in f"{exchange!r} {step!r}"


@pytest.mark.parametrize("fetch", FETCHES)
def test_what_a_function_raises_is_passed_on(fetch: Fetch) -> None:
    def supply(_: SubjectTokenContext) -> str:
        raise ZeroDivisionError("nothing to supply")

    with pytest.raises(ZeroDivisionError, match="nothing to supply"):
        fetch(host=Google(), subject_token=supply)


def test_coroutine_functions_and_functions_that_block() -> None:
    threads: list[str] = []

    async def later(_: SubjectTokenContext) -> str:
        await asyncio.sleep(0)
        threads.append(threading.current_thread().name)
        return PROOF

    def blocking(_: SubjectTokenContext) -> str:
        threads.append(threading.current_thread().name)
        return PROOF

    for supply in (later, lambda context: later(context), blocking):
        google = Google()
        fetch_async(host=google, subject_token=supply)
        assert google.form["subject_token"] == PROOF
    here = threading.current_thread().name
    assert [thread == here for thread in threads] == [True, True, False]
    for begin in (fetch_sync, lambda **options: Exchange(CALLER, goals.AccessToken(), **options)):
        with pytest.raises(MisuseError, match=r"only sanskey\.aio\.fetch_token does"):
            begin(subject_token=later)


def test_a_coroutine_function_that_returns_no_text() -> None:
    async def supply(_: SubjectTokenContext) -> Any:
        return PROOF.encode()

    with pytest.raises(MisuseError, match="What the function subject_token returned is of the type bytes") as caught:
        fetch_async(host=Google(), subject_token=supply)
    assert PROOF not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("fetch", FETCHES)
def test_without_a_proof_the_source_is_asked(fetch: Fetch) -> None:
    """Which for `caller` nobody can be; an empty text is no proof either."""
    with pytest.raises(ConfigError) as missing:
        fetch(host=Google())
    with pytest.raises(MisuseError, match="The supplied subject token is empty"):
        fetch(host=Google(), subject_token="")
    assert (missing.value.code, missing.value.stage) == ("subject_token_missing", "source")


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("given", "sent"), [(None, JWT), (ID_TOKEN, ID_TOKEN)])
def test_an_actor_token(fetch: Fetch, given: str | None, sent: str) -> None:
    google = Google()
    fetch(host=google, subject_token=PROOF, actor_token=ACTOR, actor_token_type=given)
    assert (google.form["actor_token"], google.form["actor_token_type"]) == (ACTOR, sent)
    fetch(host=google, subject_token=PROOF)
    assert not {"actor_token", "actor_token_type"} & set(google.form)


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("servers", ["idp.example.com", ["other.example", "idp.example.com"], ("idp.example.com",)])
def test_a_server_of_ones_own_gives_the_token(fetch: Fetch, servers: Any) -> None:
    source = sources.ClientCredentials("https://idp.example.com/token", "workload", "SECRET", resource="urn:pool")
    config = CredentialConfig.from_parts("123456789012", "pool", "provider", source=source)
    google = Google()
    fetch(config, host=google, token_servers=servers)
    assert [request.url for request in google.requests] == [
        "https://idp.example.com/token",
        "https://sts.googleapis.com/v1/token",
    ]
    assert google.form["subject_token"] == "a"
    for others in ((), "example.com", ["other.example"]):
        with pytest.raises(ConfigError) as refused:
            fetch(config, host=google, token_servers=others)
        assert refused.value.field == "credential_source.sanskey.token_url"


@pytest.mark.parametrize("fetch", FETCHES)
def test_only_a_certificate_can_be_bound_to(fetch: Fetch) -> None:
    with pytest.raises(MisuseError, match="certificate"):
        fetch(host=Google(), subject_token=PROOF, bind_to_certificate=True)


@pytest.mark.parametrize("fetch", FETCHES)
def test_google_is_told_what_asks(fetch: Fetch) -> None:
    google = Google()
    fetch(host=google, subject_token=PROOF)
    words = google.headers["x-goog-api-client"].split()
    assert words[:2] == ["gl-python/{}.{}.{}".format(*sys.version_info[:3]), f"sanskey/{sanskey.__version__}"]


def test_the_exchange_itself_tells_only_what_it_is_told() -> None:
    for told in (None, "gl-mine/1"):
        step = Exchange(CALLER, goals.AccessToken(), subject_token=PROOF, api_client=told).poll()
        assert isinstance(step, Pending)
        assert isinstance(step.asks[0].action, HttpRequest)
        header = dict(step.asks[0].action.headers).get("x-goog-api-client")
        assert (header or "").split(" ")[0] == (told or "")
    with pytest.raises(MisuseError, match="api_client"):
        Exchange(CALLER, goals.AccessToken(), subject_token=PROOF, api_client="two\nlines").poll()


ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9"
AUDIENCE = (
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool"
    "/providers/sanskey-oidc"
)


def config_for(google: Emulator) -> dict[str, object]:
    parts = CredentialConfig.from_provider(AUDIENCE.removeprefix("//iam.googleapis.com/"), source="caller")
    return {**json.loads(parts.to_json()), "token_url": f"{google.url}/v1/token"}


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_emulator_takes_a_supplied_proof(emulator: Callable[..., Emulator], fetch: Fetch) -> None:
    google = emulator("--oidc-issuer", ISSUER, "--oidc-allowed-audience", "sts.amazonaws.com")
    fetched: list[str] = []

    def supply(context: SubjectTokenContext) -> str:
        assert context.audience == AUDIENCE
        fetched.append(google.issued_token())
        return fetched[-1]

    options: dict[str, Any] = {"endpoints": "loopback", "host": SystemHost({})}
    token = fetch(config_for(google), subject_token=supply, **options)
    assert google.whoami(token.value)["kind"] == "federated"
    assert len(fetched) == 1
    with pytest.raises(RemoteError) as refused:
        fetch(config_for(google), subject_token=fetched[0][:-6] + "AAAAAA", **options)
    assert (refused.value.code, refused.value.stage) == ("sts_rejected", "sts")
    assert fetched[0][:30] not in f"{refused.value!r} {refused.value} {vars(refused.value)}"


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_emulator_demands_an_actor(emulator: Callable[..., Emulator], tmp_path: Path, fetch: Fetch) -> None:
    file = tmp_path / "workforce.json"
    google = emulator("--workforce-config-out", str(file), "--demand-actor")
    config = CredentialConfig.from_file(file)
    actor = google.issued_token(aud=f"https:{config.audience}", sub="an-agent")
    options: dict[str, Any] = {"endpoints": "loopback", "host": SystemHost({})}
    for kind in (None, ID_TOKEN):
        holder = google.whoami(fetch(config, actor_token=actor, actor_token_type=kind, **options).value)
        assert (holder["actor"], holder["subject"].rpartition("/")[2]) == ("an-agent", "ana@example.com")
    with pytest.raises(RemoteError) as refused:
        fetch(config, **options)
    assert refused.value.error_description == 'Invalid value for "actor_token".'


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_emulator_binds_to_a_certificate(
    emulator: Callable[..., Emulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetch: Fetch
) -> None:
    google = emulator("--mtls-out", str(tmp_path / "workload"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "workload" / "ca.pem"))
    certificate = ssl.PEM_cert_to_DER_cert((tmp_path / "workload" / "client.pem").read_text())
    fingerprint = urlsafe_b64encode(sha256(certificate).digest()).decode().rstrip("=")
    config = tmp_path / "workload" / "credentials-federated.json"
    options: dict[str, Any] = {"endpoints": "loopback", "host": SystemHost({})}
    assert google.whoami(fetch(config, **options).value).get("bound_to") is None
    assert google.whoami(fetch(config, bind_to_certificate=True, **options).value)["bound_to"] == fingerprint
    # The account is asked for with the certificate, too, or the bound token would be refused.
    of_account = tmp_path / "workload" / "credentials.json"
    assert fetch(of_account, bind_to_certificate=True, **options).kind == "service_account"

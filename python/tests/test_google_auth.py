"""Credentials for google-auth: its sessions use them, and the emulator knows whom they are for."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import re
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import google.auth.credentials
import google.auth.jwt
import google.auth.transport.requests
import pytest
from conftest import Emulator, Serve, run_python
from google.auth import exceptions
from loopback import Server, answer

import sanskey.google_auth.aio
from sanskey import CredentialConfig, HttpRequest, HttpResponse, MisuseError, SystemHost
from sanskey.google_auth import Credentials, IDTokenCredentials, default

# The functions of google-auth have no types.
google_auth: Any = google.auth
AuthorizedSession, Request = google_auth.transport.requests.AuthorizedSession, google_auth.transport.requests.Request
with_scopes_if_required, decoded = google_auth.credentials.with_scopes_if_required, google_auth.jwt.decode

Start = Callable[..., Emulator]
READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only"
LOGGING = "https://www.googleapis.com/auth/logging.write"
EXCHANGE = 6
"""Requests until there is the token of a service account."""


REST = "Content-Length: 7\r\nConnection: close\r\n\r\ncontent"
CONTENT, REFUSAL = f"HTTP/1.1 200 OK\r\n{REST}", f"HTTP/1.1 401 Unauthorized\r\n{REST}"
NOBODY_MAY = ("--workload-identity-user", "off", "--token-creator", "off")


def bearers(api: Server) -> list[str]:
    """The tokens that were sent there."""
    return [token for request in api.requests for token in re.findall(r"(?i)authorization: bearer (\S+)", request)]


def for_emulator(google: Emulator, **options: Any) -> Credentials:
    return Credentials(google.config, endpoints="loopback", host=SystemHost({}), **options)


def applied(made: Any, url: str = "https://storage.googleapis.com/") -> dict[str, str]:
    headers: dict[str, str] = {}
    made.before_request(Request(), "GET", url, headers)
    return headers


def holder(google: Emulator, made: Credentials) -> dict[str, Any]:
    return google.whoami(applied(made)["authorization"].removeprefix("Bearer "))


def test_a_session_of_google_auth(emulator: Start, serve: Serve) -> None:
    google, api = emulator(), serve(answer(CONTENT))
    made = for_emulator(google)
    session = AuthorizedSession(made)
    for _ in range(3):
        assert session.get(api.url, timeout=10).text == "content"
    tokens = bearers(api)
    assert (len(tokens), len(set(tokens))) == (3, 1)
    assert google.whoami(tokens[0])["kind"] == "service_account"
    assert len(google.requests()) == EXCHANGE
    assert made.valid
    assert made.expiry is not None
    left = made.expiry.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)
    assert 3500 < left.total_seconds() <= 3600


def test_a_token_that_an_api_refuses_is_replaced(emulator: Start, serve: Serve) -> None:
    google, answers = emulator(), iter([answer(REFUSAL), answer(CONTENT)])
    api = serve(lambda connection: next(answers)(connection))
    assert AuthorizedSession(for_emulator(google)).get(api.url, timeout=10).text == "content"
    assert len(set(bearers(api))) == 2
    assert len(google.requests()) == 2 * EXCHANGE


def test_64_threads_cause_one_exchange(emulator: Start) -> None:
    google = emulator()
    made, got = for_emulator(google), list[str]()
    threads = [threading.Thread(target=lambda: got.append(applied(made)["authorization"])) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(got), len(set(got)), len(google.requests())) == (64, 1, EXCHANGE)


def test_scopes_and_copies(emulator: Start) -> None:
    google = emulator()
    made = for_emulator(google)
    assert (made.requires_scopes, made.scopes, made.default_scopes) == (True, None, None)
    assert holder(google, made)["scopes"] == ["https://www.googleapis.com/auth/cloud-platform"]
    # As client libraries do: each for itself, with scopes of its own that count if the user gave none.
    copies = [with_scopes_if_required(made, None, [READ_ONLY]) for _ in range(3)]
    assert [type(each) for each in copies] == [Credentials] * 3
    assert [holder(google, each)["scopes"] for each in copies] == [[READ_ONLY]] * 3
    assert len(google.requests()) == 2 * EXCHANGE
    mine = for_emulator(google, scopes=f"{READ_ONLY},{LOGGING}")
    assert with_scopes_if_required(mine, ["https://www.googleapis.com/auth/drive"]) is mine
    assert (mine.requires_scopes, mine.scopes) == (False, [READ_ONLY, LOGGING])
    assert mine.has_scopes([LOGGING])
    assert holder(google, mine)["scopes"] == [READ_ONLY, LOGGING]
    assert holder(google, mine.with_scopes([LOGGING], [READ_ONLY]))["scopes"] == [LOGGING]


def test_the_project_to_bill(emulator: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    google = emulator()
    made = for_emulator(google)
    assert "x-goog-user-project" not in applied(made)
    billed = made.with_quota_project("my-project")
    assert applied(billed)["x-goog-user-project"] == "my-project"
    assert applied(billed.with_scopes([READ_ONLY]))["x-goog-user-project"] == "my-project"
    assert "x-goog-user-project" not in applied(billed.with_quota_project(None))
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "their-project")
    anyhow: Any = made
    assert anyhow.with_quota_project_from_environment().quota_project_id == "their-project"
    config = {**json.loads(google.config.read_text()), "quota_project_id": "configured"}
    assert Credentials(config).quota_project_id == "configured"
    assert Credentials(config, quota_project_id="given").quota_project_id == "given"


def test_what_clients_want_to_know(emulator: Start) -> None:
    google = emulator()
    made = for_emulator(google)
    account = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"
    assert (made.service_account_email, made.signer_email, made.universe_domain) == (account, account, "googleapis.com")
    assert made.project_number == CredentialConfig.from_file(google.config).project_number
    assert made.get_cred_info()["principal"] == account
    elsewhere = Credentials(
        CredentialConfig.from_provider(
            "projects/1/locations/global/workloadIdentityPools/p/providers/p",
            source="aws",
            universe_domain="s3nsapis.fr",
        )
    )
    assert (elsewhere.universe_domain, elsewhere.signer_email, elsewhere.project_number) == ("s3nsapis.fr", None, "1")
    token = applied(made)["authorization"].removeprefix("Bearer ")
    assert token not in f"{made!r} {made}"


def test_pickled_and_deep_copies_have_no_token(emulator: Start) -> None:
    google = emulator()
    made = Credentials(google.config, scopes=READ_ONLY, quota_project_id="my-project", endpoints="loopback")
    token = applied(made)["authorization"].removeprefix("Bearer ")
    pickled = pickle.dumps(made)
    assert token.encode() not in pickled
    for other in (pickle.loads(pickled), copy.deepcopy(made)):
        assert (other.token, other.scopes, other.quota_project_id) == (None, [READ_ONLY], "my-project")
        assert holder(google, other)["scopes"] == [READ_ONLY]


def test_an_error_is_one_of_google_auth_and_says_what_to_do(emulator: Start) -> None:
    made = for_emulator(emulator(*NOBODY_MAY))
    with pytest.raises(exceptions.RefreshError, match="workloadIdentityUser") as caught:
        applied(made)
    assert not caught.value.retryable
    assert isinstance(caught.value.__cause__, sanskey.RemoteError)
    assert caught.value.__cause__.code == "impersonation_rejected"


@pytest.mark.parametrize(
    ("failure", "kind", "retryable"),
    [
        (sanskey.HostFailure("unreachable", "no route"), exceptions.TransportError, True),
        (sanskey.HostFailure("denied", "no"), exceptions.RefreshError, False),
        (HttpResponse(503, [], ""), exceptions.RefreshError, True),
        (HttpResponse(400, [], "{}"), exceptions.RefreshError, False),
    ],
)
def test_what_may_be_tried_again(failure: Any, kind: type[exceptions.GoogleAuthError], retryable: bool) -> None:
    class Failing:
        def http(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002
            if isinstance(failure, HttpResponse):
                return failure
            raise failure

        def wait(self, seconds: float) -> None:
            pass

    config = CredentialConfig.from_parts("1", "pool", "provider", source="caller")
    with pytest.raises(kind) as caught:
        applied(Credentials(config, subject_token="proof", host=Failing()))
    assert type(caught.value) is kind
    assert caught.value.retryable == retryable


def test_what_a_host_raises_is_passed_on() -> None:
    class Broken:
        def http(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002
            raise ZeroDivisionError

    config = CredentialConfig.from_parts("1", "pool", "provider", source="caller")
    with pytest.raises(ZeroDivisionError):
        applied(Credentials(config, subject_token="proof", host=Broken()))


def test_without_a_service_account_nothing_is_signed(emulator: Start) -> None:
    made = for_emulator(emulator("--no-impersonation"))
    for sign in (made.sign_bytes, made.signer.sign):
        with pytest.raises(exceptions.RefreshError, match="no service account"):
            sign(b"message")


def test_default(emulator: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    google = emulator()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(google.config))
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.delenv("GCLOUD_PROJECT", raising=False)
    assert default()[1] is None
    monkeypatch.setenv("GCLOUD_PROJECT", "older")
    assert default()[1] == "older"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "newer")
    made, project = default(READ_ONLY, quota_project_id="billed", endpoints="loopback", host=SystemHost({}))
    assert (project, made.quota_project_id, holder(google, made)["scopes"]) == ("newer", "billed", [READ_ONLY])


def test_id_tokens(emulator: Start) -> None:
    google = emulator()
    made = IDTokenCredentials(google.config, "https://a.example", endpoints="loopback", host=SystemHost({}))
    token = applied(made)["authorization"].removeprefix("Bearer ")
    claims = decoded(token, verify=False)
    assert (claims["aud"], claims["email"]) == ("https://a.example", made.service_account_email)
    assert made.expiry == datetime.fromtimestamp(claims["exp"], timezone.utc).replace(tzinfo=None)
    for other in (made.with_target_audience("https://b.example"), copy.deepcopy(made)):
        token = applied(other)["authorization"].removeprefix("Bearer ")
        claims = decoded(token, verify=False)
        assert claims["aud"] == other.target_audience
    before = len(google.requests())
    assert applied(made.with_quota_project("billed"))["x-goog-user-project"] == "billed"
    assert len(google.requests()) == before
    without = IDTokenCredentials(google.config, "a", include_email=False, endpoints="loopback", host=SystemHost({}))
    claims = decoded(applied(without)["authorization"][7:], verify=False)
    assert "email" not in claims


def test_asynchronous_credentials(emulator: Start) -> None:
    google = emulator()
    made = sanskey.google_auth.aio.Credentials(
        google.config, scopes=[READ_ONLY], quota_project_id="billed", endpoints="loopback", host=SystemHost({})
    )

    async def use() -> list[dict[str, str]]:
        headers: list[dict[str, str]] = [{} for _ in range(64)]
        await asyncio.gather(*(made.before_request(None, "GET", "https://a.example", each) for each in headers))
        return headers

    headers = asyncio.run(use())
    assert len({json.dumps(each) for each in headers}) == 1
    assert (headers[0]["x-goog-user-project"], len(google.requests())) == ("billed", EXCHANGE)
    assert google.whoami(headers[0]["authorization"].removeprefix("Bearer "))["scopes"] == [READ_ONLY]
    first = made.token
    asyncio.run(made.refresh(None))
    assert made.token != first
    assert str(made.token) not in repr(made)
    refused = sanskey.google_auth.aio.Credentials(
        emulator(*NOBODY_MAY).config, endpoints="loopback", host=SystemHost({})
    )
    with pytest.raises(exceptions.RefreshError):
        asyncio.run(refused.refresh(None))
    with pytest.raises(exceptions.RefreshError):
        asyncio.run(refused.before_request(None, "GET", "https://a.example", {}))


def test_what_cannot_work_is_refused_at_once() -> None:
    config = CredentialConfig.from_parts("1", "pool", "provider", source="caller")
    with pytest.raises(MisuseError):
        Credentials(config, host=SystemHost)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Credentials(config, no_such_option=1)  # type: ignore[call-arg]


def test_without_google_auth_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['google.auth'] = None; import sanskey.google_auth"
    done = run_python("-c", program)
    assert 'pip install "sanskey[google-auth]"' in done.stderr
    assert sys.modules["google.auth"] is not None

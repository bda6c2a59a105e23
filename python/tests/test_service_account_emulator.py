"""What is done in the name of the emulator's service account, in a call and in an event loop.

What the tokens and signatures are worth is in `tests/oracle`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import Emulator

import sanskey
from sanskey import RemoteError, SystemHost, aio

Start = Callable[..., Emulator]
Call = Callable[..., Any]

ACCOUNT_ID = "109876543210987654321"
BUCKET = "sanskey-demo-bucket"
CALENDAR = "https://www.googleapis.com/auth/calendar.readonly"
PERSON = "ana@example.com"
BOUNDARY = {
    "accessBoundaryRules": [
        {
            "availableResource": f"//storage.googleapis.com/projects/_/buckets/{BUCKET}",
            "availablePermissions": ["inRole:roles/storage.objectViewer"],
        }
    ]
}


def call_sync(name: str, emulator: Emulator, *arguments: object, **options: object) -> Any:
    return getattr(sanskey, name)(emulator.config, *arguments, endpoints="loopback", host=SystemHost({}), **options)


def call_async(name: str, emulator: Emulator, *arguments: object, **options: object) -> Any:
    function = getattr(aio, name)
    return asyncio.run(function(emulator.config, *arguments, endpoints="loopback", host=SystemHost({}), **options))


@pytest.fixture(params=[call_sync, call_async], ids=["call", "event loop"])
def call(request: pytest.FixtureRequest) -> Call:
    function: Call = request.param
    return function


def claims(jwt: str) -> dict[str, Any]:
    payload = jwt.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


def ask(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as got:
            return got.status, got.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def test_an_id_token(call: Call, emulator: Start) -> None:
    google = emulator("--token-creator", "off")
    for include_email in (True, False):
        token = call("fetch_id_token", google, "https://service", include_email=include_email)
        told = claims(token.value)
        assert (told["aud"], told["sub"], "email" in told) == ("https://service", ACCOUNT_ID, include_email)
        assert token.expires_at.timestamp() == told["exp"]
    assert google.requests()[-1].endswith(":generateIdToken 200")


def test_signatures(call: Call, emulator: Start) -> None:
    google = emulator()
    blob = call("sign_blob", google, b"payload")
    jwt = call("sign_jwt", google, {"text": "ä"})
    assert len(blob.signature) == 256
    assert (claims(jwt.jwt), jwt.key_id) == ({"text": "ä"}, blob.key_id)


@pytest.mark.parametrize(
    ("name", "arguments", "permission"),
    [
        ("sign_blob", (b"a",), "signBlob"),
        ("sign_jwt", ({},), "signJwt"),
        ("sign_url", (BUCKET, "a", 60), "signBlob"),
        ("fetch_delegated_token", (PERSON, CALENDAR), "signJwt"),
    ],
)
def test_without_the_role(call: Call, emulator: Start, name: str, arguments: Any, permission: str) -> None:
    google = emulator("--token-creator", "off")
    with pytest.raises(RemoteError) as error:
        call(name, google, *arguments)
    assert (error.value.code, error.value.status, error.value.error) == ("sign_rejected", 403, "PERMISSION_DENIED")
    assert f"iam.serviceAccounts.{permission}" in str(error.value.error_description)
    assert "roles/iam.serviceAccountTokenCreator" in error.value.hint


def test_signed_urls_and_their_end(call: Call, emulator: Start) -> None:
    google = emulator()
    place = (BUCKET, "folder/ä b", timedelta(minutes=1))
    put = call("sign_url", google, *place, method="PUT", bucket_bound_host=google.url)
    assert ask(put.url, "PUT", b"content")[0] == 200
    get = call("sign_url", google, *place, bucket_bound_host=google.url)
    assert ask(get.url) == (200, b"content")
    assert ask(get.url, "DELETE")[0] == 403
    assert b"SignatureDoesNotMatch" in ask(get.url.replace("Expires=60", "Expires=61"))[1]
    assert ask(f"{google.url}/emulator/clock", "PUT", b"120")[0] == 204
    assert b"ExpiredToken" in ask(get.url)[1]


@pytest.mark.parametrize("seconds", [300, -300])
def test_with_a_wrong_clock(call: Call, emulator: Start, seconds: int) -> None:
    """What AWS still takes would be a URL that has ended, or has not begun."""
    google = emulator()
    assert ask(f"{google.url}/emulator/clock", "PUT", str(seconds).encode())[0] == 204
    put = call("sign_url", google, BUCKET, "a", 60, method="PUT", bucket_bound_host=google.url)
    assert ask(put.url, "PUT", b"content")[0] == 200
    left = put.expires_at - datetime.now(timezone.utc)
    assert timedelta(seconds=50) < left <= timedelta(seconds=61)
    token = call("fetch_delegated_token", google, PERSON, CALENDAR, token_url=f"{google.url}/token")
    assert google.whoami(token.value)["email"] == PERSON


def test_a_token_for_a_person(call: Call, emulator: Start) -> None:
    google = emulator("--person", "bo@example.org", "--delegated-scope", CALENDAR)

    def fetch(subject: str, scope: str) -> Any:
        return call("fetch_delegated_token", google, subject, scope, token_url=f"{google.url}/token")

    holder = google.whoami(fetch("bo@example.org", CALENDAR).value)
    assert (holder["kind"], holder["email"], holder["scopes"]) == ("person", "bo@example.org", [CALENDAR])
    for subject, scope, error in [(PERSON, CALENDAR, "invalid_grant"), (PERSON, "other", "unauthorized_client")]:
        with pytest.raises(RemoteError) as refusal:
            fetch(subject, scope)
        assert (refusal.value.code, refusal.value.error) == ("delegation_rejected", error)


def test_a_downscoped_token(call: Call, emulator: Start) -> None:
    google = emulator()
    put = call("sign_url", google, BUCKET, "a", 60, method="PUT", bucket_bound_host=google.url)
    assert ask(put.url, "PUT", b"content")[0] == 200
    token = call("fetch_downscoped_token", google, BOUNDARY)
    bearer = f"Bearer {token.value}"
    assert ask(f"{google.url}/{BUCKET}/a", authorization=bearer) == (200, b"content")
    assert ask(f"{google.url}/{BUCKET}/a", "PUT", b"", authorization=bearer)[0] == 403
    assert ask(f"{google.url}/sanskey-other-bucket/a", authorization=bearer)[0] == 403
    whole = call("fetch_token", google).value
    assert ask(f"{google.url}/sanskey-other-bucket/a", authorization=f"Bearer {whole}")[0] == 404


@pytest.mark.parametrize(
    ("name", "arguments", "path", "code"),
    [
        ("fetch_id_token", ("a",), "/v1/projects/*", "id_token_unavailable"),
        ("sign_blob", (b"a",), "/v1/projects/*", "sign_unavailable"),
        ("fetch_delegated_token", (PERSON, CALENDAR), "/token", "delegation_unavailable"),
    ],
)
def test_faults_pass_or_do_not(emulator: Start, name: str, arguments: Any, path: str, code: str) -> None:
    google = emulator()
    options = {"token_url": f"{google.url}/token"} if path == "/token" else {}
    google.spoil(path, status=503)
    call_sync(name, google, *arguments, **options)
    google.spoil(path, times=9, status=503)
    with pytest.raises(RemoteError) as error:
        call_sync(name, google, *arguments, **options)
    assert (error.value.code, error.value.retryable) == (code, True)

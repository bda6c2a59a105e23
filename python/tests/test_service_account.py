"""What is done in the name of a service account: one call for each, here and in an event loop, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import sanskey
from sanskey import HttpRequest, HttpResponse, MisuseError, aio, goals

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJlLW9mLWFuLWFjY291bnQ"
CONFIG = sanskey.CredentialConfig.from_parts(
    "123456789012", "pool", "provider", source="caller", service_account="app@my-project.iam.gserviceaccount.com"
)
BOUNDARY = {
    "accessBoundaryRules": [
        {
            "availableResource": "//storage.googleapis.com/projects/_/buckets/bucket",
            "availablePermissions": ["inRole:roles/storage.objectViewer"],
        }
    ]
}
ANSWERS = {
    "token": {"access_token": "federated-token", "expires_in": 3600},
    "generateAccessToken": {"accessToken": "account-token", "expireTime": "2100-01-01T00:00:00Z"},
    "generateIdToken": {"token": JWT},
    "signBlob": {"keyId": "key", "signedBlob": b64encode(b"signature").decode()},
    "signJwt": {"keyId": "key", "signedJwt": JWT},
}


class Google:
    """Answers each of the services, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    def http(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return HttpResponse(200, [], json.dumps(ANSWERS[request.url.rpartition("/")[2].rpartition(":")[2]]))


CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any], Callable[[Any], bool]]] = {
    "fetch_id_token": (
        ("https://service",),
        {"include_email": False},
        lambda token: (token.value, token.kind, token.expires_at.year) == (JWT, "id_token", 2100),
    ),
    "sign_blob": ((b"\x00\xff",), {}, lambda signed: signed == sanskey.SignedBlob("key", b"signature")),
    "sign_jwt": (({"sub": "a"},), {}, lambda signed: signed == sanskey.SignedJwt("key", JWT)),
    "sign_url": (
        ("bucket", "object", timedelta(minutes=1)),
        {"method": "PUT", "headers": {"a": "b"}, "query": [("generation", "1")]},
        lambda signed: signed.url.endswith("&X-Goog-Signature=" + b"signature".hex()) and "generation=1" in signed.url,
    ),
    "fetch_delegated_token": (
        ("ada@example.com", "scope"),
        {},
        lambda token: (token.value, token.kind) == ("federated-token", "delegated"),
    ),
    "fetch_downscoped_token": (
        (BOUNDARY,),
        {"scopes": ["scope"]},
        lambda token: (token.value, token.kind) == ("federated-token", "downscoped"),
    ),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("loop", [False, True])
def test_each_has_its_outcome(name: str, loop: bool) -> None:
    arguments, options, is_right = CALLS[name]
    google, steps = Google(), list[sanskey.StepReport]()
    options = {**options, "host": google, "subject_token": lambda context: f"proof-for-{context.audience}"}
    function = getattr(aio if loop else sanskey, name)
    outcome = function(CONFIG, *arguments, on_step=steps.append, **options)
    outcome = asyncio.run(outcome) if loop else outcome
    assert is_right(outcome), outcome
    assert len(steps) == len(google.requests) >= 2
    assert "proof-for-" in google.requests[0].body
    assert dict(google.requests[0].headers)["x-goog-api-client"].startswith("gl-python/3.")
    for secret in (JWT, "federated-token", "account-token", "X-Goog-Signature"):
        assert secret not in f"{outcome!r} {outcome} {steps!r}"


def test_json_text_is_sent_as_it_is() -> None:
    google = Google()
    sanskey.sign_jwt(CONFIG, '{"a":  1}', host=google, subject_token="proof")
    assert json.loads(google.requests[-1].body) == {"payload": '{"a":  1}'}


def test_goals_do_not_show_what_is_signed() -> None:
    assert "secret" not in f"{goals.SignBlob(b'secret')!r} {goals.SignJwt({'a': 'secret'})!r}"
    for headers in ({"x-goog-encryption-key": "secret"}, [("x-goog-encryption-key", "secret")]):
        assert "secret" not in repr(goals.SignUrl("bucket", "object", 60, headers=headers))


@pytest.mark.parametrize(
    "goal",
    [
        goals.IdToken(5),  # type: ignore[arg-type]
        goals.IdToken("a", "yes"),  # type: ignore[arg-type]
        goals.SignBlob("text"),  # type: ignore[arg-type]
        goals.SignJwt({"a": {1, 2}}),
        goals.SignJwt(5),  # type: ignore[arg-type]
        goals.SignUrl("a", "b", -1),
        goals.SignUrl("a", "b", float("nan")),
        goals.SignUrl("a", "b", "60"),  # type: ignore[arg-type]
        goals.SignUrl("a", "b", True),
        goals.SignUrl("a", "b", float("inf")),
        goals.SignUrl("a", 5, 60),  # type: ignore[arg-type]
        goals.SignUrl("a", "b", 60, query=["ab"]),  # type: ignore[list-item]
        goals.SignUrl("a", "b", 60, query=[("a", "b", "c")]),  # type: ignore[list-item]
        goals.SignUrl("a", "b", 60, query=[5]),  # type: ignore[list-item]
        goals.SignUrl("a", "b", 60, headers="x"),  # type: ignore[arg-type]
        goals.SignUrl("a", "b", 60, query=[("x", 5)]),  # type: ignore[list-item]
        goals.SignUrl("a", "b", 60, virtual_hosted="yes"),  # type: ignore[arg-type]
        goals.DelegatedAccessToken(5, "scope"),  # type: ignore[arg-type]
        goals.DelegatedAccessToken("a", "scope", 5),  # type: ignore[arg-type]
        goals.DownscopedAccessToken(5),  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_arguments_of_a_wrong_type_are_refused(goal: Any) -> None:
    with pytest.raises(MisuseError) as refusal:
        sanskey.Exchange(CONFIG, goal)
    assert refusal.value.code == "invalid_argument"
    assert refusal.value.hint


def test_a_number_of_any_size_is_refused_by_the_core() -> None:
    with pytest.raises(MisuseError) as refusal:
        sanskey.sign_url(CONFIG, "bucket", "object", 10**400, host=Google(), subject_token="proof")
    assert refusal.value.code == "invalid_argument"


def test_a_subject_token_is_described() -> None:
    told = sanskey.describe_subject_token(JWT, audience=CONFIG.audience)
    assert told.expires_at is not None
    assert told.expires_at.year == 2100
    assert told.principals == [
        "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/*"
    ]
    with pytest.raises(MisuseError):
        sanskey.describe_subject_token(5)  # type: ignore[arg-type]

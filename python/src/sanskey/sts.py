"""Google's Security Token Service (RFC 8693): the request and the answer, without sending anything."""

from __future__ import annotations

from . import _native, _wire
from ._arguments import check_answer, check_optional_texts, check_texts, refused
from ._time import epoch_seconds
from .goals import scope_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from .actions import HttpRequest
    from .aliases import Now, Scopes
    from .token import Token


def sts_request(
    *,
    token_url: str,
    audience: str,
    subject_token: str,
    subject_token_type: str,
    scopes: Scopes = (),
    client_id: str | None = None,
    client_secret: str | None = None,
    user_project: str | None = None,
    actor_token: str | None = None,
    actor_token_type: str | None = None,
    access_boundary: Mapping[str, object] | str | None = None,
    bind_cert_fingerprint: str | None = None,
    api_client: str | None = None,
    body_format: Literal["form", "json"] = "form",
) -> HttpRequest:
    """The request that exchanges a subject token.

    `scopes` is a list, or a str separated by spaces or commas; without it, for `cloud-platform`. `actor_token`, with
    `actor_token_type`, is a proof of who acts for the subject. `access_boundary` is a Credential Access Boundary,
    `{"accessBoundaryRules": [...]}`, as a dict or as JSON text. `bind_cert_fingerprint` is the SHA-256 of the
    certificate that the token is bound to, in base64url without padding. `api_client` says what asks, in the header
    `x-goog-api-client`. Raises `MisuseError` for arguments that cannot work.
    """
    check_texts(
        token_url=token_url, audience=audience, subject_token=subject_token, subject_token_type=subject_token_type
    )
    check_optional_texts(
        client_id=client_id,
        client_secret=client_secret,
        user_project=user_project,
        actor_token=actor_token,
        actor_token_type=actor_token_type,
        bind_cert_fingerprint=bind_cert_fingerprint,
        api_client=api_client,
    )
    check_texts(body_format=body_format)
    params = _wire.dump(
        {
            "token_url": token_url,
            "audience": audience,
            "subject_token": subject_token,
            "subject_token_type": subject_token_type,
            "scopes": scope_list(scopes),
            "client_id": client_id,
            "client_secret": client_secret,
            "user_project": user_project,
            "actor_token": actor_token,
            "actor_token_type": actor_token_type,
            "access_boundary": _boundary_text(access_boundary),
            "bind_cert_fingerprint": bind_cert_fingerprint,
            "api_client": api_client,
            "body_format": body_format,
        }
    )
    try:
        return _wire.parse(_native.sts_request(params), _wire.http_request_from)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None


def parse_sts_response(status: int, body: str, now: Now = None) -> Token:
    """The token in the answer. Raises `RemoteError` if the answer is a refusal or unintelligible."""
    check_answer(status, body)
    try:
        return _wire.parse(_native.parse_sts_response(status, _wire.clean(body), epoch_seconds(now)), _wire.token_from)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None


def _boundary_text(boundary: Any) -> str | None:
    if boundary is None:
        return None
    if isinstance(boundary, str):
        return boundary
    try:
        text = _wire.dump(dict(boundary)) if hasattr(boundary, "keys") else None
    except (TypeError, ValueError):
        text = None  # The exception may hold a value.
    if text is None:
        raise refused("access_boundary", boundary, "a dict that json.dump can write, JSON text, or None")
    return text

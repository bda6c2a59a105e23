"""Google's Security Token Service (RFC 8693): the request and the answer, without sending anything."""

from __future__ import annotations

from . import _native, _wire
from ._arguments import check_answer, check_optional_texts, check_texts
from ._time import epoch_seconds
from .goals import scope_list

TYPE_CHECKING = False
if TYPE_CHECKING:
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
) -> HttpRequest:
    """The request that exchanges a subject token.

    `scopes` is a list, or a str separated by spaces or commas; without it, for `cloud-platform`. Raises `MisuseError`
    for arguments that cannot work.
    """
    check_texts(
        token_url=token_url, audience=audience, subject_token=subject_token, subject_token_type=subject_token_type
    )
    check_optional_texts(client_id=client_id, client_secret=client_secret, user_project=user_project)
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

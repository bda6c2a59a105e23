"""A service account's token from the IAM Credentials API (`generateAccessToken`), without sending anything."""

from __future__ import annotations

from . import _native, _wire
from ._arguments import check_answer, check_texts, refused, texts_of
from ._time import epoch_seconds
from .goals import scope_list
from .token import value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .actions import HttpRequest
    from .aliases import Now, Scopes
    from .token import Token


def impersonation_request(
    *,
    url: str,
    token: Token | str,
    scopes: Scopes = (),
    lifetime_seconds: int = 3600,
    delegates: str | Sequence[str] = (),
) -> HttpRequest:
    """The request to `url`, authorized by the federated `token`.

    `scopes` is a list, or a str separated by spaces or commas; without it, for `cloud-platform`. `delegates` is the
    chain of service accounts in between, `projects/-/serviceAccounts/...`; a str is one of them. Raises `MisuseError`
    for arguments that cannot work.
    """
    bearer = value_of(token)
    check_texts(url=url)
    if not isinstance(lifetime_seconds, int):
        raise refused("lifetime_seconds", lifetime_seconds, "an int")
    params = _wire.dump(
        {
            "url": url,
            "token": bearer,
            "scopes": scope_list(scopes),
            "lifetime_seconds": lifetime_seconds,
            "delegates": texts_of("delegates", delegates),
        }
    )
    try:
        return _wire.parse(_native.impersonation_request(params), _wire.http_request_from)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None


def parse_impersonation_response(status: int, body: str, now: Now = None) -> Token:
    """The token in the answer. Raises `RemoteError` if the answer is a refusal or unintelligible."""
    check_answer(status, body)
    try:
        text = _native.parse_impersonation_response(status, _wire.clean(body), epoch_seconds(now))
        return _wire.parse(text, _wire.token_from)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None

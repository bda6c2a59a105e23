"""A service account's token from the IAM Credentials API (`generateAccessToken`), without sending anything."""

from __future__ import annotations

from . import _native, _wire
from ._time import epoch_seconds
from .goals import scope_list
from .token import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._time import Now
    from .actions import HttpRequest


def impersonation_request(
    *,
    url: str,
    token: Token | str,
    scopes: str | Sequence[str] = (),
    lifetime_seconds: int = 3600,
    delegates: str | Sequence[str] = (),
) -> HttpRequest:
    """The request to `url`, authorized by the federated `token`. Without scopes, for `cloud-platform`."""
    params = _wire.dump(
        {
            "url": url,
            "token": token.value if isinstance(token, Token) else token,
            "scopes": scope_list(scopes),
            "lifetime_seconds": lifetime_seconds,
            "delegates": [delegates] if isinstance(delegates, str) else list(delegates),
        }
    )
    try:
        return _wire.parse(_native.impersonation_request(params), _wire.http_request_from)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None


def parse_impersonation_response(status: int, body: str, now: Now = None) -> Token:
    """The token in the answer. Raises `RemoteError` if the answer is a refusal or unintelligible."""
    try:
        text = _native.parse_impersonation_response(status, _wire.clean(body), epoch_seconds(now))
        return _wire.parse(text, _wire.token_from)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None

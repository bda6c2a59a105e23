"""AWS signatures, without any AWS library: Signature Version 4, and the proof of identity that Google takes."""

from __future__ import annotations

from time import time

from . import _native
from ._arguments import check_credentials, check_texts, refused
from ._record import Record
from ._time import epoch_seconds
from .errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .aliases import Now
    from .errors import MisuseError, SanskeyError


class AwsCredentials(Record, redacted=("access_key_id", "secret_access_key", "session_token")):
    """An AWS access key, with the session token if it is a temporary one."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def caller_identity_token(credentials: AwsCredentials, region: str, audience: str, now: Now = None) -> str:
    """The subject token of an AWS workload: a signed request to `sts:GetCallerIdentity`, percent-encoded.

    Google's Security Token Service sends the request to AWS, which answers whose it is. `audience` is that of the
    workload identity pool provider. Raises `MisuseError` for arguments that cannot work.
    """
    try:
        return _native.caller_identity_token(
            credentials.access_key_id,
            credentials.secret_access_key,
            credentials.session_token,
            region,
            audience,
            time() if now is None else epoch_seconds(now),
        )
    except _native.Failure as failure:
        raise _error_from(failure) from None
    except (AttributeError, TypeError, UnicodeEncodeError):
        pass  # The last one holds the argument, so nothing is raised from it.
    # Checked where it has failed, because this is what programs call often.
    check_credentials(credentials)
    check_texts(region=region, audience=audience)
    raise invalid_argument("An argument is no Unicode text.")


def sign_request(
    method: str,
    url: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes | str,
    *,
    credentials: AwsCredentials,
    region: str,
    service: str,
    now: Now = None,
) -> dict[str, str]:
    """Signs any request with Signature Version 4. Returns the headers to send, the given ones among them.

    A header that is given twice comes back once, its values joined by commas, as it was signed. A str as the body is
    signed as UTF-8. Raises `MisuseError` for arguments that cannot work.
    """
    flat = _flat(headers)
    try:
        signed = _native.sign_request(
            method,
            url,
            flat,
            body.encode() if isinstance(body, str) else body,
            credentials.access_key_id,
            credentials.secret_access_key,
            credentials.session_token,
            region,
            service,
            time() if now is None else epoch_seconds(now),
        )
        return dict(zip(signed[::2], signed[1::2]))
    except _native.Failure as failure:
        raise _error_from(failure) from None
    except (AttributeError, TypeError, UnicodeEncodeError):
        pass  # As above.
    check_credentials(credentials)
    check_texts(method=method, url=url, region=region, service=service)
    if not isinstance(body, (bytes, str)):
        raise refused("body", body, "bytes, or a str")
    if not all(isinstance(text, str) for text in flat):
        raise _no_headers(headers)
    raise invalid_argument("An argument is no Unicode text.")


def _flat(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[str]:
    """Names and values by turns."""
    try:
        pairs = headers.items() if hasattr(headers, "items") else headers
        return [text for name, value in pairs for text in (name, value)]
    except (TypeError, ValueError):
        pass  # It may hold a value.
    raise _no_headers(headers)


def _no_headers(headers: object) -> MisuseError:
    return refused("headers", headers, "a mapping of str, or pairs of name and value that are both a str")


def _error_from(failure: _native.Failure) -> SanskeyError:
    """Only a failure needs JSON, whose import costs more than everything else here."""
    from . import _wire

    return _wire.error_from(failure)

"""AWS without any AWS library: keys, the calls to AWS on the way to the proof of identity, and signatures."""

from __future__ import annotations

from time import time

from . import _native
from ._arguments import check_credentials, check_texts, refused
from ._record import Record
from ._time import epoch_seconds
from .errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Literal

    from .aliases import Now
    from .errors import MisuseError, SanskeyError


class AwsCredentials(Record, redacted=("access_key_id", "secret_access_key", "session_token")):
    """An AWS access key, with the session token if it is a temporary one."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class AssumeRole(Record, redacted=("external_id",)):
    """A role to take on, with the credentials that there are until then."""

    role_arn: str
    """`arn:aws:iam::123456789012:role/name`."""
    role_session_name: str | None = None
    """The last part of the ARN that the workload will have; `sanskey` if not given."""
    external_id: str | None = None
    """What the role's trust policy may demand of somebody from another account."""
    duration_seconds: int | None = None
    """How long the credentials live: 900 to 43,200, at most 3,600 for a role taken on by a role."""
    policy: str | None = None
    """A policy that narrows the session, as JSON text."""
    policy_arns: Sequence[str] = ()
    """Managed policies that narrow the session, at most 10."""
    source_identity: str | None = None
    """A name that stays through all further roles."""


class GetSessionToken(Record):
    """A session of an IAM user, whose own keys are long-lived. A role cannot ask for one."""

    duration_seconds: int | None = None
    """How long the credentials live: 900 to 129,600. AWS's default is 43,200."""


class GetWebIdentityToken(Record):
    """A JWT that AWS signs for this workload: the proof of identity for a provider of the kind OIDC."""

    audience: str | None = None
    """If not given, the one that Google expects by default: `https:` and the audience of the configuration."""
    duration_seconds: int | None = None
    """How long the JWT lives: 60 to 3,600. AWS's default is 300."""
    signing_algorithm: Literal["RS256", "ES384"] | None = None
    """`RS256` if not given."""


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

"""What an exchange is for."""

from __future__ import annotations

from ._arguments import text_list
from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from .aliases import Headers, Scopes
    from .token import Token


def scope_list(scopes: Scopes) -> list[str]:
    """The scopes of a str, separated by spaces or commas, or those of a list as they are. Raises `MisuseError`."""
    if isinstance(scopes, str):
        return scopes.replace(",", " ").split()
    return (
        [] if scopes is None else text_list("scopes", scopes, "a list of str, or a str separated by spaces or commas")
    )


class AccessToken(Record):
    """An access token for Google Cloud. Without scopes, for `cloud-platform`."""

    scopes: Scopes = ()
    """A list, or a str separated by spaces or commas."""


class Introspection(Record, redacted=("token",)):
    """What Google's Security Token Service knows of a federated token (RFC 7662)."""

    token: Token | str
    """A token of the configuration without a service account, or its value."""


class Revocation(Record):
    """The end of a person's login: the refresh token of an `external_account_authorized_user` is revoked (RFC 7009)."""


class IdToken(Record):
    """An OpenID Connect token of the service account, for services that want to know who calls."""

    audience: str
    """Whom it is for, such as the URL of a Cloud Run service."""
    include_email: bool = True
    """Whether the account's address is in it."""


class SignBlob(Record, redacted=("payload",)):
    """A signature of the service account."""

    payload: bytes


class SignJwt(Record, redacted=("claims",)):
    """A JWT that the service account signs."""

    claims: Mapping[str, object] | str
    """A dict, or the JSON text of one."""


class SignUrl(Record, redacted=("headers",)):
    """A URL of Cloud Storage that carries the service account's permission (version 4)."""

    bucket: str
    object: str
    expires_in: float | timedelta
    """Whole seconds, 1 to 604,800, which is a week; or a `timedelta`. A fraction of a second is dropped."""
    method: str = "GET"
    """`GET`, `HEAD`, `PUT`, `DELETE`, `POST`; or `RESUMABLE`, a `POST` with the header `x-goog-resumable: start`."""
    headers: Headers = ()
    """Headers that the request must be sent with, exactly so."""
    query: Headers = ()
    """Further parameters, such as `generation`."""
    virtual_hosted: bool = False
    """`https://BUCKET.storage.googleapis.com/OBJECT` in place of `https://storage.googleapis.com/BUCKET/OBJECT`."""
    bucket_bound_host: str | None = None
    """Scheme and host of a server that leads to the bucket, such as `https://cdn.example.com`."""


class DelegatedAccessToken(Record):
    """An access token for a person of a Google Workspace domain, for whom the service account acts."""

    subject: str
    """The person's address."""
    scopes: Scopes
    """What an administrator has allowed the account to do for people; at least one."""
    token_url: str | None = None
    """`https://oauth2.googleapis.com/token` if not given."""


class DownscopedAccessToken(Record):
    """An access token that is good for less than the configuration allows."""

    access_boundary: Mapping[str, object] | str
    """A Credential Access Boundary, `{"accessBoundaryRules": [...]}`, or its JSON text."""
    scopes: Scopes = ()
    """Those of the token that is made weaker."""

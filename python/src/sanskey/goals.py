"""What an exchange is for."""

from __future__ import annotations

from ._arguments import text_list
from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aliases import Scopes
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

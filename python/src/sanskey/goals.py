"""What an exchange is for."""

from __future__ import annotations

from ._arguments import text_list
from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aliases import Scopes


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

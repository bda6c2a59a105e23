"""What an exchange is for."""

from __future__ import annotations

from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Union

    Goal = Union["AccessToken"]
    """What an exchange may be for."""


class AccessToken(Record):
    """An access token for Google Cloud. Without scopes, for `cloud-platform`."""

    scopes: Sequence[str] = ()

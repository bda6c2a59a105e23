"""What an exchange ends in."""

from __future__ import annotations

from ._record import Record
from ._time import epoch_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from .aliases import Freshness, Now, TokenKind


class Token(Record, redacted=("value",)):
    """A bearer token. Its repr and its str never show the value."""

    value: str
    expires_at: datetime
    """Aware, UTC."""
    kind: TokenKind
    """Whose access it carries: the federated identity's own, or a service account's."""

    def freshness(self, now: Now = None) -> Freshness:
        """`fresh`, `stale` (still accepted; time to get the next one) or `expired`."""
        from . import _native

        return _native.token_freshness(self.expires_at.timestamp(), epoch_seconds(now))

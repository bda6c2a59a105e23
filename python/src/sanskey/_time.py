"""What callers may pass as `now`."""

from __future__ import annotations

from time import time

from ._arguments import refused
from .errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aliases import Now


def epoch_seconds(now: Now) -> float:
    """Seconds since the epoch. A `datetime` without a time zone is refused: it names no moment."""
    if now is None:
        return time()
    if isinstance(now, (int, float)):
        return now
    if not hasattr(now, "utcoffset") or not hasattr(now, "timestamp"):
        raise refused("now", now, "a number of seconds since the epoch, an aware datetime, or None")
    if now.utcoffset() is None:
        raise invalid_argument("The datetime given as `now` has no time zone, so it names no moment.")
    return now.timestamp()

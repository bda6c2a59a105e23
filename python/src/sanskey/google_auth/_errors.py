"""What google-auth and its callers expect to be raised."""

from __future__ import annotations

from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError

from ..errors import HostError, SanskeyError


def as_google_raises_it(error: SanskeyError) -> GoogleAuthError:
    """`TransportError` where there was no way to the server, which clients may try again, and else `RefreshError`."""
    kind = TransportError if isinstance(error, HostError) and error.retryable else RefreshError
    made: GoogleAuthError = kind(str(error), retryable=error.retryable)  # type: ignore[no-untyped-call, unused-ignore]
    return made

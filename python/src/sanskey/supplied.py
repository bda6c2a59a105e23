"""Proofs of identity that the calling program supplies, because only it knows where to get one."""

from __future__ import annotations

from ._arguments import refused
from ._record import Record
from .errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .config import CredentialConfig


class SubjectTokenContext(Record):
    """What a function that supplies the subject token is told."""

    audience: str
    """The provider that the proof is for, `//iam.googleapis.com/...`."""
    subject_token_type: str
    """What the proof has to be, as a URN (RFC 8693 section 3)."""


def subject_token_from(function: Callable[[SubjectTokenContext], object], config: CredentialConfig) -> str:
    """What the function returns for this configuration. What it raises is passed on."""
    token = function(context_for(function, config))
    if hasattr(token, "__await__"):
        if hasattr(token, "close"):
            token.close()  # A coroutine that nobody awaits would complain.
        raise invalid_argument("subject_token has to be awaited, which only sanskey.aio.fetch_token does.")
    return checked(token)


def context_for(function: object, config: CredentialConfig) -> SubjectTokenContext:
    """The function's argument. Raises `MisuseError` if it is no function."""
    if not callable(function):
        raise refused("subject_token", function, "a str, or a function of a SubjectTokenContext that returns one")
    return SubjectTokenContext(config.audience, config.subject_token_type)


def checked(token: object) -> str:
    """What a function has returned must be the proof itself. Raises `MisuseError`."""
    if not isinstance(token, str):
        raise refused("What the function subject_token returned", token, "a str")
    return token

"""What can go wrong, said so that a person or a program can act on it.

`SanskeyError` has one subclass for each one who can mend it: `ConfigError` (the configuration or the environment),
`HostError` (your own I/O), `RemoteError` (a server said no) and `MisuseError` (the calling program). A host raises
`HostFailure` when it could not do what was asked; the exchange then retries, or ends in a `SanskeyError`.

Nothing in these errors is secret: they may be logged as they are.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from .aliases import FailureKind, Fault, Stage
    from .codes import ErrorCode

_FAILURE_KINDS = ("timeout", "unreachable", "denied", "unsupported", "other")


class SanskeyError(Exception):
    """Base class of the four below; it is never raised itself."""

    fault: ClassVar[Fault] = "misuse"
    """Whose it is to mend."""

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode,
        stage: Stage | None = None,
        ask_id: str | None = None,
        status: int | None = None,
        retryable: bool = False,
        hint: str = "",
        field: str | None = None,
        error: str | None = None,
        error_description: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        """What happened, in one sentence."""
        self.code: ErrorCode = code
        """The stable name of this kind of failure."""
        self.stage: Stage | None = stage
        """How far the exchange had come."""
        self.ask_id = ask_id
        """The ask that it is about, such as `sts` or, on the second try, `sts-2`."""
        self.status = status
        """The HTTP status that the server answered with."""
        self.retryable = retryable
        """Whether the same exchange, begun again later, may succeed without any change."""
        self.hint = hint
        """What to do next."""
        self.field = field
        """The field of the configuration that it is about, such as `credential_source.url`."""
        self.error = error
        """The server's own error code (`error` of RFC 6749 section 5.2, or `error.status` of a Google API)."""
        self.error_description = error_description
        """The server's own words."""

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Errors survive `pickle`, and so the way back from a process pool."""
        return _restore, (type(self), vars(self))


class ConfigError(SanskeyError, ValueError):
    """The configuration or the environment is to be corrected."""

    fault = "config"


class HostError(SanskeyError):
    """The host's own I/O did not succeed: network, files, permissions."""

    fault = "host"


class RemoteError(SanskeyError):
    """A server answered, and said no or something unintelligible."""

    fault = "remote"


class MisuseError(SanskeyError):
    """The calling program used the library in a way that cannot work."""

    fault = "misuse"


class HostFailure(Exception):
    """Raised by a host that could not do what was asked. The message must hold no secret."""

    def __init__(self, kind: FailureKind, message: str = "") -> None:
        if kind not in _FAILURE_KINDS:
            raise invalid_argument(f"{kind!r} is not one of {', '.join(_FAILURE_KINDS)}.")
        super().__init__(kind, message)
        self.kind: FailureKind = kind
        self.message = message

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


def invalid_argument(message: str) -> MisuseError:
    """An argument has a value that cannot work."""
    return MisuseError(message, code="invalid_argument", hint="Correct the argument that the message names.")


def bug(message: str) -> MisuseError:
    """A state that should be impossible."""
    return MisuseError(
        message,
        code="bug",
        hint="This is a defect of sanskey. Please report it with this message and the version.",
    )


def _restore(cls: type[SanskeyError], fields: dict[str, Any]) -> SanskeyError:
    return cls(**fields)

"""What an exchange asks of its host, and what the host answers.

An `Ask` has an id (`imds-session`, `sts`, ...) and one of the six actions. The answers are `HttpResponse`, a dict of
variables, the text of a file or None, `CommandOutput`, or None after a wait.
"""

from __future__ import annotations

from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aliases import Action, Headers


class ClientCertificate(Record):
    """Paths of the PEM files that a TLS connection presents."""

    cert_path: str
    key_path: str


class HttpRequest(Record, redacted=("headers", "body")):
    """One HTTP request. Redirects are not followed, and any status is an answer."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    """Pairs of name and value, in the order in which they are sent."""
    body: str
    timeout: float
    """Seconds for everything, from the connection to the last byte of the answer."""
    client_certificate: ClientCertificate | None = None
    bypass_proxy: bool = False
    """True for the metadata server, which is never reached through a proxy."""
    unix_socket: str | None = None
    """The path of the Unix domain socket on which the server listens; the URL then says only what to send there.

    A host that cannot do that raises `HostFailure("unsupported")`.
    """


class ReadEnv(Record):
    """Which of these environment variables are set, and to what."""

    names: list[str]


class ReadFile(Record):
    """The text of a file."""

    path: str


class RunCommand(Record, redacted=("argv", "env")):
    """Run a program, without a shell."""

    argv: list[str]
    env: dict[str, str]
    """Variables on top of the host's own."""
    timeout: float
    """Seconds, after which the program and its children are killed."""


class Wait(Record):
    """Let time pass before the next try."""

    duration: float
    """Seconds."""


class Ask(Record):
    """One thing that the exchange must be told."""

    id: str
    """Such as `sts` or, on the second try, `sts-2`."""
    action: Action
    step: str = ""
    """What it is about, whichever try this is: `sts` for `sts-2` and for the wait before it."""
    attempt: int = 1
    """Which try of the step this is, or which one it comes before."""


class HttpResponse(Record, redacted=("headers", "body")):
    """The answer to an `HttpRequest`."""

    status: int
    headers: Headers
    body: str


class CommandOutput(Record, redacted=("stdout", "stderr")):
    """The answer to a `RunCommand`."""

    exit_code: int | None
    """None when a signal ended the program."""
    stdout: str
    stderr: str

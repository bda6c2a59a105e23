"""`SystemHost`: answers every ask with the standard library alone.

Each method imports what it needs when it is first called: a workload that reads two variables and sends four requests
does not load `subprocess`.
"""

from __future__ import annotations

import os

from .errors import HostFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

    from .actions import ClientCertificate, CommandOutput, HttpRequest, HttpResponse, RunCommand

LIMIT = 1_048_576
"""Bytes of an answer that the core accepts. One more is read, so that the core sees that there was more."""


class SystemHost:
    """The process's own environment, files and network. May be used by several threads at once."""

    def __init__(self, env: Mapping[str, str] | None = None, *, ssl_context: SSLContext | None = None) -> None:
        """`env` stands for the process environment, for commands and for the proxy settings too.

        `ssl_context` stands for `ssl.create_default_context()`. Where a client certificate is to be shown, a copy of
        it is used: its authorities, but for those in a folder (`capath`), its TLS versions and its rules.
        """
        self._env = os.environ if env is None else env
        self._given_context = ssl_context
        self._ssl_context = ssl_context

    def http(self, request: HttpRequest) -> HttpResponse:
        """Sends the request over a connection of its own, which the timeout bounds from the first to the last byte.

        Honours `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Follows no redirect.
        """
        from . import _http

        return _http.send(request, self._env, self._context)

    def read_env(self, names: list[str]) -> dict[str, str]:
        """Those of the variables that are set."""
        return {name: self._env[name] for name in names if name in self._env}

    def read_file(self, path: str) -> str | None:
        """The text of a file, at most 1 MiB of UTF-8; None if there is none."""
        try:
            with open(path, "rb") as file:
                data = file.read(LIMIT + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError:
            raise HostFailure("denied", f"{path!r} may not be read") from None
        except (OSError, ValueError) as problem:
            raise HostFailure("other", f"{path!r} cannot be read: {problem_text(problem)}") from None
        if len(data) > LIMIT:
            raise HostFailure("other", f"{path!r} is larger than 1 MiB")
        return data.decode("utf-8", "replace")

    def run_command(self, command: RunCommand) -> CommandOutput:
        """Runs a program, without a shell. At the timeout it is killed with its children."""
        from . import _command

        return _command.run(command, self._env)

    def wait(self, seconds: float) -> None:
        """Sleeps."""
        from time import sleep

        sleep(seconds)

    def _context(self, certificate: ClientCertificate | None) -> SSLContext:
        """The TLS settings. Loading the certificate authorities takes a while, so they are loaded once."""
        if certificate is None and self._ssl_context is not None:
            return self._ssl_context
        from ssl import create_default_context

        if certificate is None:
            self._ssl_context = create_default_context()
            return self._ssl_context
        # A context of its own: the certificate is not for other servers, and may be another one the next time.
        context = create_default_context() if self._given_context is None else _copy(self._given_context)
        try:
            # Without a password OpenSSL would ask for that of an encrypted key on the terminal, and wait.
            context.load_cert_chain(certificate.cert_path, certificate.key_path, password="")
        except PermissionError:
            raise HostFailure("denied", "the client certificate may not be read") from None
        except OSError as problem:
            raise HostFailure("other", f"the client certificate cannot be used: {problem_text(problem)}") from None
        return context


def _copy(given: SSLContext) -> SSLContext:
    from ssl import PROTOCOL_TLS_CLIENT, SSLContext

    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.options = given.options
    context.minimum_version, context.maximum_version = given.minimum_version, given.maximum_version
    context.verify_flags = given.verify_flags
    context.check_hostname = given.check_hostname
    context.verify_mode = given.verify_mode
    authorities = given.get_ca_certs(binary_form=True)
    if authorities:
        context.load_verify_locations(cadata=b"".join(authorities))
    return context


def problem_text(problem: BaseException) -> str:
    """What the operating system says about it, or else the kind of exception: never a value that was passed."""
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return type(problem).__name__

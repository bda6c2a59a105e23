"""What a host is, and what AWS's own SDKs have, for type checkers. At run time any object with the methods will do.

An exchange only calls what its configuration needs: a host that answers `http` alone serves a workload whose
credentials are given by the caller. Without `wait`, the loop waits itself. What else a host has no method for is
answered with `HostFailure("unsupported")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from .actions import CommandOutput, HttpRequest, HttpResponse, RunCommand


class HttpHost(Protocol):
    """The least that a host can be."""

    def http(self, request: HttpRequest, /) -> HttpResponse:
        """Send one request, follow no redirect, and return whatever the server answered."""


class Host(HttpHost, Protocol):
    """All that an exchange may ask. Every method raises `HostFailure` when it could not do it."""

    def read_env(self, names: list[str], /) -> Mapping[str, str]:
        """Those of the variables that are set."""

    def read_file(self, path: str, /) -> str | None:
        """The text of a file, or None if there is none."""

    def run_command(self, command: RunCommand, /) -> CommandOutput:
        """Run a program, without a shell, and kill it at the timeout."""

    def wait(self, seconds: float, /) -> None:
        """Return after that time."""


class AsyncHttpHost(Protocol):
    """The least that a host of `sanskey.aio` can be. Each of its methods may be a coroutine function or not."""

    def http(self, request: HttpRequest, /) -> HttpResponse | Awaitable[HttpResponse]:
        """Send one request, follow no redirect, and return whatever the server answered."""


class StepListener(Protocol):
    """Is told of each ask when it has been answered."""

    def __call__(self, report: StepReport, /) -> object: ...


class ExchangeListener(Protocol):
    """Is told of each exchange when it is over."""

    def __call__(self, report: ExchangeReport, /) -> object: ...


class AwsSdkFrozenCredentials(Protocol):
    """What `get_frozen_credentials` of botocore gives. Without a key and its secret it is refused."""

    @property
    def access_key(self) -> str | None: ...

    @property
    def secret_key(self) -> str | None: ...

    @property
    def token(self) -> str | None: ...


class AwsSdkCredentials(Protocol):
    """Credentials of botocore. They renew themselves if they can."""

    def get_frozen_credentials(self) -> AwsSdkFrozenCredentials: ...


class AwsSdkSession(Protocol):
    """A session of boto3 or botocore."""

    def get_credentials(self) -> AwsSdkCredentials | None: ...


class AsyncAwsSdkCredentials(Protocol):
    """Credentials of botocore or aiobotocore."""

    def get_frozen_credentials(self) -> AwsSdkFrozenCredentials | Awaitable[AwsSdkFrozenCredentials]: ...


class AsyncAwsSdkSession(Protocol):
    """A session of boto3, botocore or aiobotocore."""

    def get_credentials(self) -> AsyncAwsSdkCredentials | Awaitable[AsyncAwsSdkCredentials | None] | None: ...


if TYPE_CHECKING:
    from .driver import ExchangeReport, StepReport

"""The same for the asynchronous clients of google-auth, those of `google.auth.aio`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.auth.aio import credentials

from ..aio import TokenSource
from ..config import load
from ..errors import SanskeyError
from ._errors import as_google_raises_it

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from typing_extensions import Unpack

    from ..aliases import AsyncFetchOptions, ConfigLike, Scopes

__all__ = ["Credentials"]


class Credentials(credentials.Credentials):  # type: ignore[misc, unused-ignore]
    """Access tokens for any asynchronous client of google-auth, in any number of tasks.

    `sanskey.aio.TokenSource` renews them. `token` is the one that was used last.
    """

    def __init__(
        self,
        config: ConfigLike,
        *,
        scopes: Scopes = None,
        quota_project_id: str | None = None,
        **options: Unpack[AsyncFetchOptions],
    ) -> None:
        """The arguments are those of `sanskey.aio.TokenSource`.

        `quota_project_id` is the project to bill; without it, that of the configuration is. Nobody is asked yet. Raises
        `ConfigError`, `HostError` or `MisuseError`.
        """
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        loaded = load(config)
        self._config = loaded.with_quota_project(quota_project_id) if quota_project_id else loaded
        self._source = TokenSource(self._config, scopes=scopes, **options)

    @property
    def quota_project_id(self) -> str | None:
        """The project to bill."""
        return self._config.quota_project_id

    async def before_request(
        self,
        request: object,  # noqa: ARG002 - the interface has these three
        method: str,  # noqa: ARG002
        url: str,  # noqa: ARG002
        headers: MutableMapping[str, str],
    ) -> None:
        """Adds a token that is good to the headers. Raises as `refresh` does."""
        try:
            self.token = (await self._source.token()).value
        except SanskeyError as error:
            raise as_google_raises_it(error) from error
        await self.apply(headers)

    async def refresh(self, request: object) -> None:  # noqa: ARG002 - the interface has it
        """Gets a new token, with everything asked anew. `request` is not used: the `host` option says how.

        Raises `google.auth.exceptions.RefreshError` or `TransportError`, whose `__cause__` is the `SanskeyError`.
        """
        try:
            self.token = (await self._source.refresh()).value
        except SanskeyError as error:
            raise as_google_raises_it(error) from error

    async def apply(self, headers: MutableMapping[str, str], token: str | None = None) -> None:
        """Adds a token, and the project to bill, to the headers."""
        headers.update(self._config.request_headers(token or self.token or ""))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._config!r})"

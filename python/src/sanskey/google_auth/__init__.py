"""Credentials for Google's own Python libraries: hand one to any `google-cloud-*` client.

    from google.cloud import storage
    from sanskey.google_auth import Credentials

    client = storage.Client(project="my-project", credentials=Credentials("aws-credentials.json"))

This module needs google-auth, which is not installed with sanskey: `pip install "sanskey[google-auth]"`.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

try:
    from google.auth import credentials
except ImportError as problem:
    raise ImportError('sanskey.google_auth needs google-auth: pip install "sanskey[google-auth]"') from problem

from ..config import CredentialConfig, load
from ..errors import SanskeyError
from ..goals import IdToken, scope_list
from ..token_source import TokenSource
from ._errors import as_google_raises_it
from ._signer import Signer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from typing_extensions import Self, Unpack

    from ..aliases import ConfigLike, FetchOptions, Scopes
    from ..token import Token

__all__ = ["Credentials", "IDTokenCredentials", "default"]


def default(
    scopes: Scopes = None,
    *,
    default_scopes: Scopes = None,
    quota_project_id: str | None = None,
    **options: Unpack[FetchOptions],
) -> tuple[Credentials, str | None]:
    """What `google.auth.default` returns: credentials, and the ID of the project or None.

    The configuration is that of `GOOGLE_APPLICATION_CREDENTIALS`, and the project that of `GOOGLE_CLOUD_PROJECT`, or of
    `GCLOUD_PROJECT` as older programs call it. Nobody is asked. Raises `ConfigError` or `HostError`.
    """
    made = Credentials(
        CredentialConfig.from_env(),
        scopes=scopes,
        default_scopes=default_scopes,
        quota_project_id=quota_project_id,
        **options,
    )
    return made, os.environ.get("GOOGLE_CLOUD_PROJECT") or os.environ.get("GCLOUD_PROJECT") or None


class _Family:
    """What credentials and their copies have in common."""

    def __init__(self, config: CredentialConfig, options: FetchOptions) -> None:
        self.config = config
        self.options = options
        self._sources: dict[tuple[str, ...], TokenSource] = {}

    def source(self, scopes: Sequence[str]) -> TokenSource:
        """The token source for these scopes. Clients are made by the dozen, and each makes a copy for itself."""
        found = self._sources.get(tuple(scopes))
        if found is None:
            made = TokenSource(self.config, scopes=scopes, **self.options)
            found = self._sources.setdefault(tuple(scopes), made)
        return found


class _FromSource(credentials.CredentialsWithQuotaProject):  # type: ignore[misc, unused-ignore]
    """Takes the tokens of a token source. Copies share it."""

    def __init__(self, config: CredentialConfig, source: TokenSource, quota_project_id: str | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self._config = config
        self._source = source
        self._quota_project_id = quota_project_id
        self._universe_domain = config.universe_domain

    @property
    def service_account_email(self) -> str | None:
        """Whom the token is for; None without a service account, when it is for the workload itself."""
        return self._config.service_account_email

    @property
    def project_number(self) -> str | None:
        """That of the workload identity pool; None for people of a workforce pool."""
        return self._config.project_number

    def refresh(self, request: object) -> None:  # noqa: ARG002 - the interface has it
        """Takes the next token. `request` is not used: the `host` option says how the network is reached.

        A token that seems to be good is replaced by a new one, with everything asked anew: whoever calls this has had
        it refused. Raises `google.auth.exceptions.RefreshError` or `TransportError`, whose `__cause__` is the
        `SanskeyError`.
        """
        try:
            self._take(self._source.refresh() if self.valid else self._source.token())
        except SanskeyError as error:
            raise as_google_raises_it(error) from error

    def get_cred_info(self) -> dict[str, str]:
        """What client libraries add to their messages about requests that were refused. Nothing in it is secret."""
        config = self._config
        return {
            "credential_source": f"sanskey: {config.source}",
            "credential_type": config.type,
            "principal": config.service_account_email or config.audience,
        }

    def _take(self, token: Token) -> None:
        self.token = token.value
        # google-auth compares it with times without a time zone.
        self.expiry = token.expires_at.replace(tzinfo=None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._config!r})"


class Credentials(_FromSource, credentials.Scoped, credentials.Signing):  # type: ignore[misc, unused-ignore]
    """Access tokens for any client of google-auth, in any number of threads.

    `sanskey.TokenSource` renews them: one exchange for all threads, a failed renewal keeps the token that is good, AWS
    credentials and the federated token are used again. Copies with the same scopes, such as each client makes for
    itself, share a source.

    Where the configuration names a service account it signs, too, so that
    `google.cloud.storage.Blob.generate_signed_url(version="v4")` works without a key.

    Pickled and deep copies have the configuration and the options, and no token.
    """

    def __init__(
        self,
        config: ConfigLike,
        *,
        scopes: Scopes = None,
        default_scopes: Scopes = None,
        quota_project_id: str | None = None,
        **options: Unpack[FetchOptions],
    ) -> None:
        """The arguments are those of `sanskey.TokenSource`.

        `scopes` are used or, if there are none, `default_scopes`, which client libraries set; or else `cloud-platform`.
        `quota_project_id` is the project to bill; without it, that of the configuration is. Nobody is asked yet. Raises
        `ConfigError`, `HostError` or `MisuseError`.
        """
        loaded = load(config)
        self._begin(_Family(loaded, options), scopes, default_scopes, quota_project_id or loaded.quota_project_id)

    def _begin(self, family: _Family, scopes: Scopes, default_scopes: Scopes, quota_project_id: str | None) -> None:
        self._family = family
        wanted = None if scopes is None else scope_list(scopes)
        by_default = None if default_scopes is None else scope_list(default_scopes)
        super().__init__(family.config, family.source(wanted or by_default or []), quota_project_id)
        self._scopes = wanted
        self._default_scopes = by_default

    @property
    def requires_scopes(self) -> bool:
        """Whether none were given: clients then ask for their own."""
        return not self._scopes and not self._default_scopes

    def with_scopes(self, scopes: Sequence[str] | None, default_scopes: Sequence[str] | None = None) -> Self:
        """A copy with these scopes."""
        return self._copy(scopes, default_scopes, self._quota_project_id)

    def with_quota_project(self, quota_project_id: str | None) -> Self:
        """A copy that bills this project."""
        return self._copy(self._scopes, self._default_scopes, quota_project_id)

    @property
    def signer_email(self) -> str | None:
        """The service account that signs; None if there is none, and then nothing can be signed."""
        return self.service_account_email

    @property
    def signer(self) -> Signer:
        """Signs in the name of the service account, by the IAM Credentials API."""
        return Signer(self._source)

    def sign_bytes(self, message: bytes) -> bytes:
        """The service account's signature of these bytes: RSA with SHA-256 (PKCS #1 version 1.5).

        The workload needs `roles/iam.serviceAccountTokenCreator` on the account. Raises as `refresh` does.
        """
        return Signer(self._source).sign(message)

    def _copy(self, scopes: Scopes, default_scopes: Scopes, quota_project_id: str | None) -> Self:
        copy = type(self).__new__(type(self))
        copy._begin(self._family, scopes, default_scopes, quota_project_id)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        make = partial(
            type(self),
            self._config,
            scopes=self._scopes,
            default_scopes=self._default_scopes,
            quota_project_id=self._quota_project_id,
            **self._family.options,
        )
        return make, ()


class IDTokenCredentials(_FromSource):
    """ID tokens of the service account, for services that want to know who calls: Cloud Run, IAP, your own.

    The service account needs no right over itself. Pickled and deep copies have no token.
    """

    def __init__(
        self,
        config: ConfigLike,
        target_audience: str,
        *,
        include_email: bool = True,
        quota_project_id: str | None = None,
        **options: Unpack[FetchOptions],
    ) -> None:
        """`target_audience` is whom the tokens are for, such as the URL of a service, and `include_email` whether they
        have the account's address. The rest is as for `Credentials`.
        """
        self._include_email = include_email
        self._options = options
        loaded = load(config)
        source = TokenSource(loaded, goal=IdToken(target_audience, include_email), **options)
        super().__init__(loaded, source, quota_project_id or loaded.quota_project_id)
        self._target_audience = target_audience

    @property
    def target_audience(self) -> str:
        """Whom the tokens are for."""
        return self._target_audience

    def with_target_audience(self, target_audience: str) -> Self:
        """A copy for another audience."""
        copy = self._maker(target_audience)()
        copy._quota_project_id = self._quota_project_id
        return copy

    def with_quota_project(self, quota_project_id: str | None) -> Self:
        """A copy that bills this project."""
        copy = self._maker(self._target_audience)()
        copy._source = self._source
        copy._quota_project_id = quota_project_id
        return copy

    def _maker(self, target_audience: str) -> partial[Self]:
        email = self._include_email
        return partial(type(self), self._config, target_audience, include_email=email, **self._options)

    def __reduce__(self) -> tuple[Any, ...]:
        make = self._maker(self._target_audience)
        return partial(make, quota_project_id=self._quota_project_id), ()

"""The credential configuration: the JSON file that `gcloud iam workload-identity-pools create-cred-config` writes.

Its form is AIP-4117's `external_account`. It holds no key, but it names the URLs that the workload's identity is sent
to: take it from where you would take code.
"""

from __future__ import annotations

import os
from errno import EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR
from json import dumps, loads

from . import _native, _wire
from ._arguments import check_texts, refused
from ._shown import may_be_shown
from .errors import ConfigError, HostError, invalid_argument
from .host import problem_text
from .token import value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .aliases import ConfigLike, SourceLike
    from .token import Token

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
QUOTA_VARIABLE = "GOOGLE_CLOUD_QUOTA_PROJECT"


class CredentialConfig:
    """A valid credential configuration. Immutable."""

    __slots__ = ("_summary", "_text")

    def __init__(self, text: str) -> None:
        """The same as `from_json`."""
        if not isinstance(text, str):
            raise refused("The JSON text of a configuration", text, "a str")
        text = _wire.clean(text)
        try:
            summary = _native.config_summary(text)
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None
        self._text = text
        self._summary: dict[str, Any] = _wire.parse(summary, dict)

    @classmethod
    def from_json(cls, text: str) -> CredentialConfig:
        """From JSON text. Raises `ConfigError`."""
        return cls(text)

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> CredentialConfig:
        """From what `json.load` gave. Raises `ConfigError`."""
        if not hasattr(fields, "keys"):
            raise refused("The configuration", fields, "the dict that json.load gave")
        return cls(_dumped(fields))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> CredentialConfig:
        """From a file. Raises `ConfigError`, also when there is no such file, and `HostError` if it cannot be read."""
        return cls(_read(path))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> CredentialConfig:
        """From `GOOGLE_APPLICATION_CREDENTIALS`: the path of a file, or the JSON text itself. Raises as `from_file`.

        `GOOGLE_CLOUD_QUOTA_PROJECT`, if set, replaces `quota_project_id`.
        """
        env = os.environ if env is None else env
        if not hasattr(env, "get"):
            raise refused("env", env, "a mapping of str, such as os.environ")
        value = env.get(VARIABLE, "")
        if not value:
            raise ConfigError(
                f"{VARIABLE} is not set.",
                code="config_not_found",
                stage="config",
                hint="Set it to the path of the credential configuration, or to its JSON text.",
            )
        if not isinstance(value, str):
            raise refused(VARIABLE, value, "a str")
        config = CredentialConfig(_text_at(value))
        project = env.get(QUOTA_VARIABLE, "")
        if not project:
            return config
        if not isinstance(project, str):
            raise refused(QUOTA_VARIABLE, project, "a str")
        return config.with_quota_project(project)

    @classmethod
    def from_parts(
        cls,
        project_number: int | str,
        pool: str,
        provider: str,
        *,
        source: SourceLike,
        service_account: str | None = None,
        token_lifetime_seconds: int | None = None,
        subject_token_type: str | None = None,
        universe_domain: str | None = None,
        sts_region: str | None = None,
    ) -> CredentialConfig:
        """A new configuration for a provider of a workload identity pool, without a file and without gcloud.

            CredentialConfig.from_parts("123456789012", "my-pool", "my-provider", source="aws")

        `project_number` is not the project's ID. `source` says where the proof of identity comes from: a str such as
        `"aws"` or `"github_actions"`, or one of the records of `sanskey.sources`. `service_account` is the address of
        the account to become; without one the workload acts as itself. `token_lifetime_seconds` (600 to 43,200) is
        how long that account's tokens live, one hour if not given. `subject_token_type` is needed where the token is
        no JWT, such as `urn:ietf:params:oauth:token-type:saml2`. `sts_region`, such as `europe-west3`, chooses the
        Security Token Service of a region. `to_json()` of the result is, byte for byte, what gcloud would write.

        Raises `ConfigError`, whose `field` is that of the configuration, and `MisuseError` for a wrong type.
        """
        number = project_number
        if isinstance(number, bool) or not isinstance(number, (int, str)):
            raise refused("project_number", number, "an int or a str")
        name: dict[str, object] = {"project_number": str(number), "pool": pool, "provider": provider}
        others: dict[str, object] = {
            "service_account": service_account,
            "token_lifetime_seconds": token_lifetime_seconds,
            "subject_token_type": subject_token_type,
            "universe_domain": universe_domain,
            "sts_region": sts_region,
        }
        return _made(cls, name, source, others)

    @classmethod
    def from_provider(
        cls,
        provider: str,
        *,
        source: SourceLike,
        workforce_pool_user_project: str | None = None,
        service_account: str | None = None,
        token_lifetime_seconds: int | None = None,
        subject_token_type: str | None = None,
        universe_domain: str | None = None,
        sts_region: str | None = None,
    ) -> CredentialConfig:
        """The same as `from_parts`, with the provider by its full name.

        That is `locations/global/workforcePools/POOL/providers/PROVIDER`, for which `workforce_pool_user_project` is
        the number or the ID of the project to bill and must be given; or
        `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
        """
        others: dict[str, object] = {
            "service_account": service_account,
            "token_lifetime_seconds": token_lifetime_seconds,
            "subject_token_type": subject_token_type,
            "universe_domain": universe_domain,
            "sts_region": sts_region,
            "workforce_pool_user_project": workforce_pool_user_project,
        }
        return _made(cls, {"provider": provider}, source, others)

    def to_json(self) -> str:
        """The JSON text, as it was given, or as gcloud writes it for the parts that were given."""
        return self._text

    def with_quota_project(self, id: str) -> CredentialConfig:
        """The same configuration with another `quota_project_id`. Raises `ConfigError` if that cannot be one."""
        check_texts(id=id)
        fields = self._members()
        fields["quota_project_id"] = id
        return CredentialConfig(_indented(fields))

    def with_refresh_token(self, token: str) -> CredentialConfig:
        """The same login with another refresh token, such as `Token.refresh_token`.

        Every other member and the order of all stay as they are. Raises `MisuseError` if this is not a login, the
        `external_account_authorized_user` itself or one that a service account is impersonated with.
        """
        check_texts(token=token)
        if self.source != "authorized_user":
            raise invalid_argument("Only an external_account_authorized_user has a refresh token.")
        fields = self._members()
        login = fields if self.type == "external_account_authorized_user" else fields["source_credentials"]
        login["refresh_token"] = token
        return CredentialConfig(_indented(fields))

    def request_headers(self, token: Token | str) -> dict[str, str]:
        """The headers of a request to a Google Cloud API: `authorization`, and `x-goog-user-project` if there is one.

        `token` is what `fetch_token` gave, or its value.
        """
        text = _native.request_headers(_wire.clean(value_of(token)), self.quota_project_id)
        return _wire.parse(text, dict)

    @property
    def type(self) -> str:
        """`external_account`, `external_account_authorized_user` or `impersonated_service_account`."""
        return self._required("type")

    @property
    def audience(self) -> str:
        """The workload identity pool provider, `//iam.googleapis.com/projects/...`; a login may have none, `""`."""
        return self._required("audience")

    @property
    def subject_token_type(self) -> str:
        """What the proof is, as a URN (RFC 8693 section 3); `""` for a login."""
        return self._required("subject_token_type")

    @property
    def source(self) -> str:
        """Where the proof comes from: `aws`, `certificate`, `executable`, `file`, `platform` or `url`.

        For a login `authorized_user`.
        """
        return self._required("source")

    @property
    def token_url(self) -> str:
        """Google's Security Token Service."""
        return self._required("token_url")

    @property
    def service_account_impersonation_url(self) -> str | None:
        """Where the service account's token comes from; None for access as the federated identity itself."""
        return self._optional("service_account_impersonation_url")

    @property
    def service_account_email(self) -> str | None:
        """The service account of that URL."""
        return self._optional("service_account_email")

    @property
    def token_lifetime_seconds(self) -> int | None:
        """The lifetime that the configuration asks for the service account's token."""
        lifetime: int | None = self._summary.get("token_lifetime_seconds")
        return lifetime

    @property
    def quota_project_id(self) -> str | None:
        """The project that pays for requests, where it is not the resource's own."""
        return self._optional("quota_project_id")

    @property
    def universe_domain(self) -> str:
        """`googleapis.com`, or that of a sovereign cloud."""
        return self._required("universe_domain")

    @property
    def client_id(self) -> str | None:
        """The OAuth client that authenticates at the Security Token Service, if any."""
        return self._optional("client_id")

    @property
    def project_number(self) -> str | None:
        """The number of the pool's project, from the audience."""
        return self._optional("project_number")

    def _members(self) -> dict[str, Any]:
        """The JSON object of the text, in front of which there may be a byte order mark."""
        members: dict[str, Any] = loads(self._text.lstrip("\ufeff"))
        return members

    def _required(self, name: str) -> str:
        value: str = self._summary[name]
        return value

    def _optional(self, name: str) -> str | None:
        value: str | None = self._summary.get(name)
        return value

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, CredentialConfig) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"CredentialConfig(source={self.source!r}, audience={self.audience!r})"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return CredentialConfig, (self._text,)


def certificate_config(cert_path: str, key_path: str) -> str:
    """The text of the file that names a workload's certificate and its key (both PEM), as gcloud writes it.

    `sources.Certificate(config_location=...)` leads to it.
    """
    check_texts(cert_path=cert_path, key_path=key_path)
    return _native.certificate_config(_wire.clean(cert_path), _wire.clean(key_path))


def _indented(members: dict[str, Any]) -> str:
    return dumps(members, ensure_ascii=False, indent=2)


def _made(
    cls: type[CredentialConfig], name: dict[str, object], source: SourceLike, others: dict[str, object]
) -> CredentialConfig:
    from ._config_parts import config_text

    return cls(config_text(name, source, others))


def load(config: ConfigLike) -> CredentialConfig:
    """The configuration that the argument is, holds or names."""
    return config if isinstance(config, CredentialConfig) else CredentialConfig(text_of(config))


def text_of(config: ConfigLike) -> str:
    """The text of the configuration that the argument is, holds or names, which may be no sound one."""
    if isinstance(config, CredentialConfig):
        return config.to_json()
    if isinstance(config, str):
        return _text_at(config)
    if isinstance(config, os.PathLike):
        return _read(config)
    if hasattr(config, "keys"):
        return _dumped(config)
    raise refused("The configuration", config, "a path, JSON text, the dict that json.load gave, or a CredentialConfig")


def _text_at(text: str) -> str:
    """JSON text begins with a bracket, behind white space or a byte order mark; everything else is a path."""
    json_text = text.lstrip("\ufeff \t\r\n")
    return json_text if json_text.startswith(("{", "[")) else _read(text)


def _dumped(fields: Mapping[str, object]) -> str:
    try:
        return _wire.dump(dict(fields))
    except (TypeError, ValueError) as problem:
        cause = str(problem)
    raise ConfigError(
        f"The configuration cannot be written as JSON: {cause}.",
        code="config_not_json",
        stage="config",
        hint="Pass what json.load gave.",
    )


def _read(path: str | os.PathLike[str]) -> str:
    """The text of a file. Raised outside of the handler, so that no exception that quotes the path hangs on it."""
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise refused("The path of the configuration", path, "a str, or a pathlib.Path")
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except (OSError, ValueError) as problem:
        error = _unreadable(os.fspath(path), problem)
    raise error


def _unreadable(path: str, problem: OSError | ValueError) -> ConfigError | HostError:
    """What is taken for a path may be a key, or a configuration in a form that is not recognised."""
    shown = may_be_shown(path)
    if isinstance(problem, ValueError) or problem.errno in (ENOENT, ENOTDIR, ENAMETOOLONG, EINVAL):
        return ConfigError(
            f"There is no file {path!r}." if shown else "What was given is neither JSON text nor the path of a file.",
            code="config_not_found",
            stage="config",
            hint="Give the path of the credential configuration, or its JSON text: not encoded, and without quotes.",
        )
    file = f"The file {path!r}" if shown else "The file of the credential configuration"
    return HostError(
        f"{file} cannot be read: {problem_text(problem)}.",
        code="host_denied" if isinstance(problem, PermissionError) else "host_failed",
        stage="config",
        hint="Check the path and the permissions of the file.",
    )

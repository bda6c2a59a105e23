"""Where the proof of identity comes from, for `CredentialConfig.from_parts` and `from_provider`.

A source about which nothing has to be said is a str there, such as `"aws"` or `"github_actions"`.
"""

from __future__ import annotations

from ._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .aliases import Headers


class Aws(Record):
    """AWS, wherever it runs code."""

    imdsv2: bool = True
    """Sessions of the metadata service of EC2; without them only if it has none."""


class Azure(Record):
    """A virtual machine of Azure, by its managed identity."""

    app_id_uri: str | None = None
    """The Application ID URI that the provider takes as the audience; the provider's own name if not given."""


class AzureAppService(Record):
    """A managed identity of App Service, Functions or Container Apps."""

    resource: str
    """The Application ID URI that the provider takes as the audience."""
    client_id: str | None = None
    """A user-assigned identity; the system-assigned one if not given."""


class AzureWorkloadIdentity(Record):
    """A pod of AKS with workload identity."""

    resource: str | None = None
    """The Application ID URI to get a token for at Microsoft Entra; the pod's own token is the proof if not given."""


class Buildkite(Record):
    """A job of Buildkite, by its agent."""

    audience: str | None = None
    """What the token is asked for; the address of the provider if not given."""


class Certificate(Record):
    """An X.509 certificate, and mutual TLS."""

    config_location: str | None = None
    """The file that names the certificate and its key (`certificate_config`); where gcloud puts it if not given."""
    trust_chain_path: str | None = None
    """The certificates of the authorities between this one and the provider's, as PEM."""


class ClientCredentials(Record):
    """A token of your own identity provider, for a client of OAuth 2.0 (RFC 6749 section 4.4)."""

    token_url: str
    """Where the provider gives tokens. `fetch_token` has to be told its host, in `token_servers`."""
    client_id: str
    client_secret_variable: str
    """The environment variable that holds the client's password, so that the configuration does not."""
    scope: str | None = None
    resource: str | None = None
    """What the token is for (RFC 8707), as AD FS calls it too."""
    audience: str | None = None
    """What the token is for, as Auth0 and others call it."""


class Environment(Record):
    """A token in an environment variable."""

    variable: str
    """Its name."""


class Executable(Record):
    """A program that prints a token, in the form of AIP-4117."""

    command: str
    """The command line. No shell takes part."""
    timeout: float | None = None
    """Seconds, 5 to 120; 30 if not given."""
    output_file: str | None = None
    """Where the program keeps what it has got, and is not run while that is good."""
    interactive_timeout: float | None = None
    """Seconds, 30 to 1800: for a workforce, whose program may ask a person."""


class File(Record):
    """A token in a file, which is read anew for each exchange."""

    path: str
    json_field: str | None = None
    """The member of a JSON object that has the token; the text is the token if not given."""
    format: Literal["text", "json"] | None = None
    """Follows from `json_field`. `text` is what is so anyway, in writing."""


class FlyIo(Record):
    """A machine of Fly.io."""

    audience: str | None = None
    """What the token is asked for; the address of the provider if not given."""


class GithubActions(Record):
    """A job of GitHub Actions that has the permission `id-token: write`."""

    audience: str | None = None
    """What the token is asked for; the address of the provider if not given."""


class Gitlab(Record):
    """A job of GitLab CI/CD."""

    variable: str | None = None
    """The name under `id_tokens`; `GITLAB_OIDC_TOKEN` if not given."""


class Kubernetes(Record):
    """A pod of Kubernetes, by the token that is projected into it."""

    path: str | None = None
    """Where it is mounted; where Google's guide mounts it if not given."""


class Url(Record, redacted=("headers",)):
    """A token from a server, which is asked anew for each exchange."""

    url: str
    headers: Headers | None = None
    """To send along. They stand in the configuration, which is then as secret as they are."""
    json_field: str | None = None
    """The member of a JSON object that has the token; the text is the token if not given."""
    format: Literal["text", "json"] | None = None
    """Follows from `json_field`. `text` is what is so anyway, in writing."""

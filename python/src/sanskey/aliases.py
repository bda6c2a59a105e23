"""Names for annotations, of types that have no class of their own. Apart from the rest, because it needs `typing`."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

from .actions import CommandOutput, HttpRequest, HttpResponse, ReadEnv, ReadFile, RunCommand, Wait
from .aws import AssumeRole, AwsCredentials, GetSessionToken, GetWebIdentityToken
from .config import CredentialConfig
from .errors import HostFailure
from .exchange import Done, Pending
from .goals import (
    AccessToken,
    DelegatedAccessToken,
    DownscopedAccessToken,
    IdToken,
    Introspection,
    Revocation,
    SignBlob,
    SignJwt,
    SignUrl,
)
from .protocol import (
    AsyncAwsSdkCredentials,
    AsyncAwsSdkSession,
    AsyncHttpHost,
    AwsSdkCredentials,
    AwsSdkFrozenCredentials,
    AwsSdkSession,
    ExchangeListener,
    HttpHost,
    StepListener,
)
from .sources import (
    Aws,
    Azure,
    AzureAppService,
    AzureWorkloadIdentity,
    Buildkite,
    Certificate,
    ClientCredentials,
    Environment,
    Executable,
    File,
    FlyIo,
    GithubActions,
    Gitlab,
    Kubernetes,
    Url,
)
from .supplied import SubjectTokenContext
from .token import Revoked, SignedBlob, SignedJwt, SignedUrl, Token, TokenInfo

ConfigLike: TypeAlias = CredentialConfig | Mapping[str, object] | str | os.PathLike[str]
"""A configuration, the dict or the JSON text of one, or the path of its file."""
SourceName: TypeAlias = Literal[
    "aws",
    "azure",
    "azure_workload_identity",
    "bitbucket",
    "buildkite",
    "caller",
    "certificate",
    "circleci",
    "fly_io",
    "github_actions",
    "gitlab",
    "kubernetes",
    "terraform_cloud",
    "vercel",
]
"""The sources about which nothing has to be said. `caller` is the calling program: see `SubjectTokenLike`."""
_Clouds: TypeAlias = Aws | Azure | AzureAppService | AzureWorkloadIdentity | FlyIo | Kubernetes
_Jobs: TypeAlias = Buildkite | GithubActions | Gitlab
_Anywhere: TypeAlias = Certificate | ClientCredentials | Environment | Executable | File | Url
SourceLike: TypeAlias = SourceName | _Clouds | _Jobs | _Anywhere
"""Where the proof of identity comes from: a name, or a record of `sanskey.sources`."""
Scopes: TypeAlias = str | Sequence[str] | None
"""A list, or a str separated by spaces or commas; None for `cloud-platform`."""
Endpoints: TypeAlias = Literal["google", "loopback", "any"]
"""Where the configuration's URLs may lead: to Google and the metadata services, also to loopback, anywhere."""
Now: TypeAlias = float | datetime | None
"""Seconds since the epoch, an aware `datetime`, or None for the system's clock."""

_Key: TypeAlias = AwsCredentials | AwsSdkFrozenCredentials
_Keys: TypeAlias = _Key | AwsSdkCredentials | AwsSdkSession
_AsyncKeys: TypeAlias = _Key | AsyncAwsSdkCredentials | AsyncAwsSdkSession
AwsCredentialsLike: TypeAlias = _Keys | Callable[[], _Keys | None]
"""A key, or a session or credentials of boto3 or botocore, or a function that returns any of these."""
AsyncAwsCredentialsLike: TypeAlias = _AsyncKeys | Callable[[], _AsyncKeys | Awaitable[_AsyncKeys | None] | None]
"""The same, and whatever has to be awaited on the way, for `sanskey.aio`."""


class AwsOptions(TypedDict, total=False):
    """Options for workloads on AWS, besides `aws_credentials`."""

    aws_region: str | None
    """Stands for what would be asked of the environment, the profile and the instance."""
    aws_profile: str | None
    """A profile of the shared configuration files of AWS. It is used before keys in the environment."""
    aws_assume_role: AssumeRole | Sequence[AssumeRole] | None
    """Roles to take on, one after the other."""
    aws_get_session_token: GetSessionToken | None
    """A session to get before that."""
    aws_web_identity_token: GetWebIdentityToken | None
    """A JWT to get after that, as the proof of identity."""


SubjectTokenLike: TypeAlias = str | Callable[[SubjectTokenContext], str]
"""A proof of identity that the calling program supplies, or a function that gives it."""
AsyncSubjectTokenLike: TypeAlias = str | Callable[[SubjectTokenContext], str | Awaitable[str]]
"""The same, or a coroutine function, for `sanskey.aio`."""


class _FetchOptions(AwsOptions, total=False):
    actor_token: str | None
    """A proof of who acts for the workload."""
    actor_token_type: str | None
    """A JWT if not given."""
    bind_to_certificate: bool
    """Makes the federated token useless without the key of the X.509 certificate."""
    token_servers: str | Sequence[str]
    """Hosts that may give the workload its token beside those that are known."""
    endpoints: Endpoints
    """Where the configuration's URLs may lead."""
    on_step: StepListener | None
    """Is told of each step."""
    on_exchange: ExchangeListener | None
    """Is told of the end."""


class FetchOptions(_FetchOptions, total=False):
    """The options of `fetch_token`, for its siblings."""

    host: HttpHost | None
    """Does the I/O; `SystemHost` if not given."""
    aws_credentials: AwsCredentialsLike | None
    """Stands for what would be asked of the environment and the instance."""
    subject_token: SubjectTokenLike | None
    """The proof of identity itself, or a function that gives it."""


class AsyncFetchOptions(_FetchOptions, total=False):
    """The options of `aio.fetch_token`, for its siblings."""

    host: AsyncHttpHost | None
    aws_credentials: AsyncAwsCredentialsLike | None
    subject_token: AsyncSubjectTokenLike | None


_AccountGoal: TypeAlias = DelegatedAccessToken | DownscopedAccessToken | IdToken | SignBlob | SignJwt | SignUrl
Goal: TypeAlias = AccessToken | Introspection | Revocation | _AccountGoal
"""What an exchange may be for."""
Outcome: TypeAlias = Token | TokenInfo | Revoked | SignedBlob | SignedJwt | SignedUrl
"""What an exchange ends in. Its class says which goal it belongs to; a `Token` belongs to all that get tokens."""
Step: TypeAlias = Pending | Done
"""What `Exchange.poll` gives."""
Action: TypeAlias = HttpRequest | ReadEnv | ReadFile | RunCommand | Wait
"""What an exchange may ask of its host."""
Reply: TypeAlias = HttpResponse | Mapping[str, str] | str | CommandOutput | HostFailure | None
"""What the host method for an action returned, or the `HostFailure` that it raised."""
Headers: TypeAlias = Iterable[tuple[str, str]] | Mapping[str, str]
"""Pairs of name and value, or a mapping."""

TokenKind: TypeAlias = Literal["delegated", "downscoped", "federated", "id_token", "service_account"]
"""Whose a token is: a person's for whom an account acts, one that can do less, a workload's or a login's own, and two
of a service account."""
Freshness: TypeAlias = Literal["fresh", "stale", "expired"]
"""Whether to use a token, to get the next one, or to have got one before."""

Fault: TypeAlias = Literal["config", "host", "remote", "misuse"]
"""Whose an error is to mend."""
Stage: TypeAlias = Literal["config", "source", "aws_sts", "sts", "impersonation", "delegation", "id_token", "sign"]
"""How far an exchange had come."""
FailureKind: TypeAlias = Literal["timeout", "unreachable", "denied", "unsupported", "other"]
"""Why a host could not do what was asked."""

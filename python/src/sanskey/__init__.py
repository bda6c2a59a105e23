"""Keyless Google Cloud access for workloads that run elsewhere.

    import sanskey

    token = sanskey.fetch_token("aws-credentials.json")

This module holds names only. Each is loaded from its home when it is first used, so that `import sanskey` costs next
to nothing at a cold start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import aio, compat, goals, sources
    from .actions import (
        Ask,
        ClientCertificate,
        CommandOutput,
        HttpRequest,
        HttpResponse,
        ReadEnv,
        ReadFile,
        RunCommand,
        Wait,
    )
    from .aliases import (
        Action,
        AsyncAwsCredentialsLike,
        AsyncFetchOptions,
        AsyncSubjectTokenLike,
        AwsCredentialsLike,
        AwsOptions,
        ConfigLike,
        Endpoints,
        FailureKind,
        Fault,
        FetchOptions,
        Freshness,
        Goal,
        Headers,
        Now,
        Outcome,
        Reply,
        Scopes,
        SourceLike,
        SourceName,
        Stage,
        Step,
        SubjectTokenLike,
        TokenKind,
    )
    from .aws import (
        AssumeRole,
        AwsCredentials,
        GetSessionToken,
        GetWebIdentityToken,
        caller_identity_token,
        sign_request,
    )
    from .check import Finding, check_config
    from .codes import ErrorCode
    from .config import CredentialConfig, certificate_config
    from .describe import describe_subject_token
    from .driver import ExchangeReport, StepReport, exchange_flow, fetch_token, introspect_token, revoke_login
    from .errors import ConfigError, HostError, HostFailure, MisuseError, RemoteError, SanskeyError
    from .exchange import Done, Exchange, Pending
    from .host import SystemHost
    from .impersonation import impersonation_request, parse_impersonation_response
    from .protocol import AsyncHttpHost, ExchangeListener, Host, HttpHost, StepListener
    from .service_account import (
        fetch_delegated_token,
        fetch_downscoped_token,
        fetch_id_token,
        sign_blob,
        sign_jwt,
        sign_url,
    )
    from .sts import parse_sts_response, sts_request
    from .supplied import SubjectTokenContext
    from .token import Revoked, SignedBlob, SignedJwt, SignedUrl, SubjectTokenDescription, Token, TokenInfo
    from .token_source import TokenSource

    __version__: str

__all__ = [
    "Action",
    "Ask",
    "AssumeRole",
    "AsyncAwsCredentialsLike",
    "AsyncFetchOptions",
    "AsyncHttpHost",
    "AsyncSubjectTokenLike",
    "AwsCredentials",
    "AwsCredentialsLike",
    "AwsOptions",
    "ClientCertificate",
    "CommandOutput",
    "ConfigError",
    "ConfigLike",
    "CredentialConfig",
    "Done",
    "Endpoints",
    "ErrorCode",
    "Exchange",
    "ExchangeListener",
    "ExchangeReport",
    "FailureKind",
    "Fault",
    "FetchOptions",
    "Finding",
    "Freshness",
    "GetSessionToken",
    "GetWebIdentityToken",
    "Goal",
    "Headers",
    "Host",
    "HostError",
    "HostFailure",
    "HttpHost",
    "HttpRequest",
    "HttpResponse",
    "MisuseError",
    "Now",
    "Outcome",
    "Pending",
    "ReadEnv",
    "ReadFile",
    "RemoteError",
    "Reply",
    "Revoked",
    "RunCommand",
    "SanskeyError",
    "Scopes",
    "SignedBlob",
    "SignedJwt",
    "SignedUrl",
    "SourceLike",
    "SourceName",
    "Stage",
    "Step",
    "StepListener",
    "StepReport",
    "SubjectTokenContext",
    "SubjectTokenDescription",
    "SubjectTokenLike",
    "SystemHost",
    "Token",
    "TokenInfo",
    "TokenKind",
    "TokenSource",
    "Wait",
    "__version__",
    "aio",
    "caller_identity_token",
    "certificate_config",
    "check_config",
    "compat",
    "describe_subject_token",
    "exchange_flow",
    "fetch_delegated_token",
    "fetch_downscoped_token",
    "fetch_id_token",
    "fetch_token",
    "goals",
    "impersonation_request",
    "introspect_token",
    "parse_impersonation_response",
    "parse_sts_response",
    "revoke_login",
    "sign_blob",
    "sign_jwt",
    "sign_request",
    "sign_url",
    "sources",
    "sts_request",
]

_HOMES = {
    "actions": (
        "Ask",
        "ClientCertificate",
        "CommandOutput",
        "HttpRequest",
        "HttpResponse",
        "ReadEnv",
        "ReadFile",
        "RunCommand",
        "Wait",
    ),
    "aliases": (
        "Action",
        "AsyncAwsCredentialsLike",
        "AsyncFetchOptions",
        "AsyncSubjectTokenLike",
        "AwsCredentialsLike",
        "AwsOptions",
        "ConfigLike",
        "Endpoints",
        "FailureKind",
        "Fault",
        "Freshness",
        "Goal",
        "FetchOptions",
        "Headers",
        "Now",
        "Outcome",
        "Reply",
        "Scopes",
        "SourceLike",
        "SourceName",
        "Stage",
        "Step",
        "SubjectTokenLike",
        "TokenKind",
    ),
    "aws": (
        "AssumeRole",
        "AwsCredentials",
        "GetSessionToken",
        "GetWebIdentityToken",
        "caller_identity_token",
        "sign_request",
    ),
    "check": ("Finding", "check_config"),
    "codes": ("ErrorCode",),
    "config": ("CredentialConfig", "certificate_config"),
    "driver": ("ExchangeReport", "StepReport", "exchange_flow", "fetch_token", "introspect_token", "revoke_login"),
    "describe": ("describe_subject_token",),
    "errors": ("ConfigError", "HostError", "HostFailure", "MisuseError", "RemoteError", "SanskeyError"),
    "exchange": ("Done", "Exchange", "Pending"),
    "host": ("SystemHost",),
    "impersonation": ("impersonation_request", "parse_impersonation_response"),
    "protocol": ("AsyncHttpHost", "ExchangeListener", "Host", "HttpHost", "StepListener"),
    "service_account": (
        "fetch_delegated_token",
        "fetch_downscoped_token",
        "fetch_id_token",
        "sign_blob",
        "sign_jwt",
        "sign_url",
    ),
    "sts": ("parse_sts_response", "sts_request"),
    "supplied": ("SubjectTokenContext",),
    "token": (
        "Revoked",
        "SignedBlob",
        "SignedJwt",
        "SignedUrl",
        "SubjectTokenDescription",
        "Token",
        "TokenInfo",
    ),
    "token_source": ("TokenSource",),
}


if not TYPE_CHECKING:  # To type checkers, a name that is not listed does not exist.

    def __getattr__(name: str) -> object:
        """Loads a name from its home (PEP 562). Python calls this once for each, because it is kept."""
        from importlib import import_module

        value: object
        if name == "__version__":
            value = import_module("._native", __name__).version()
        elif name in ("aio", "compat", "goals", "sources"):
            return import_module(f".{name}", __name__)
        else:
            home = next((home for home, names in _HOMES.items() if name in names), None)
            if home is None:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
            value = getattr(import_module(f".{home}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""The parts of a new configuration: what is given, checked, as plain data.

Apart from `config`, because most programs have a configuration already.
"""

from __future__ import annotations

from math import isfinite

from . import _wire
from ._arguments import check_optional_ints, check_optional_texts, check_texts, refused
from ._native import create_config
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

_LONGEST_MILLIS = 2**32 - 1
"""What the core can read; it has its own opinion on timeouts that are shorter than this."""
_HEADERS = "a mapping of str, pairs of name and value that are both a str, or None"


def config_text(name: dict[str, object], source: object, others: dict[str, object]) -> str:
    """The text of the configuration. Whether the values make sense is the core's business.

    Raises `MisuseError` and `ConfigError`.
    """
    check_texts(**name)
    texts = dict(others)
    check_optional_ints(token_lifetime_seconds=texts.pop("token_lifetime_seconds"))
    check_optional_texts(**texts)
    params = _wire.dump({**name, **others, "source": _source_fields(source)})
    try:
        return create_config(params)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None


def _source_fields(source: object) -> dict[str, object]:
    match source:
        case str():
            return {"kind": source}
        case Aws(imdsv2):
            if not isinstance(imdsv2, bool):
                raise refused("imdsv2", imdsv2, "a bool")
            return {"kind": "aws", "imdsv2": imdsv2}
        case Azure(app_id_uri):
            return {"kind": "azure", **_optional(app_id_uri=app_id_uri)}
        case AzureAppService(resource, client_id):
            check_texts(resource=resource)
            return {"kind": "azure_app_service", "resource": resource, **_optional(client_id=client_id)}
        case AzureWorkloadIdentity(resource):
            return {"kind": "azure_workload_identity", **_optional(resource=resource)}
        case Buildkite(audience):
            return {"kind": "buildkite", **_optional(audience=audience)}
        case Certificate(config_location, trust_chain_path):
            paths = _optional(config_location=config_location, trust_chain_path=trust_chain_path)
            return {"kind": "certificate", **paths}
        case ClientCredentials(token_url, client_id, client_secret_variable, scope, resource, audience):
            texts = {"token_url": token_url, "client_id": client_id, "client_secret_variable": client_secret_variable}
            check_texts(**texts)
            optional = _optional(scope=scope, resource=resource, audience=audience)
            return {"kind": "oauth2_client_credentials", **texts, **optional}
        case Environment(variable):
            check_texts(variable=variable)
            return {"kind": "environment", "variable": variable}
        case Executable(command, timeout, output_file, interactive_timeout):
            check_texts(command=command)
            return {
                "kind": "executable",
                "command": command,
                "timeout_millis": _millis("timeout", timeout),
                "interactive_timeout_millis": _millis("interactive_timeout", interactive_timeout),
                **_optional(output_file=output_file),
            }
        case File(path, json_field, format):
            check_texts(path=path)
            return {"kind": "file", "path": path, **_optional(json_field=json_field, format=format)}
        case FlyIo(audience):
            return {"kind": "fly_io", **_optional(audience=audience)}
        case GithubActions(audience):
            return {"kind": "github_actions", **_optional(audience=audience)}
        case Gitlab(variable):
            return {"kind": "gitlab", **_optional(variable=variable)}
        case Kubernetes(path):
            return {"kind": "kubernetes", **_optional(path=path)}
        case Url(url, headers, json_field, format):
            check_texts(url=url)
            pairs = None if headers is None else _pairs(headers)
            return {"kind": "url", "url": url, "headers": pairs, **_optional(json_field=json_field, format=format)}
    raise refused("source", source, "a str such as 'aws', or one of the records of sanskey.sources")


def _optional(**values: object) -> dict[str, object]:
    check_optional_texts(**values)
    return values


def _millis(name: str, seconds: object) -> int | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise refused(name, seconds, "seconds as an int or a float, or None")
    if not (isfinite(seconds) and seconds >= 0):
        raise refused(name, seconds, "a finite number of seconds that is not negative, or None")
    return min(round(seconds * 1000), _LONGEST_MILLIS)


def _pairs(headers: object) -> list[list[str]]:
    if isinstance(headers, (str, bytes)) or not hasattr(headers, "__iter__"):
        raise refused("headers", headers, _HEADERS)
    pairs: list[list[str]] | None
    try:
        pairs = [[name, value] for name, value in (headers.items() if hasattr(headers, "items") else headers)]
    except (TypeError, ValueError):
        pairs = None  # The exception may hold a value.
    if pairs is None or not all(isinstance(text, str) for pair in pairs for text in pair):
        raise refused("headers", headers, _HEADERS)
    return pairs

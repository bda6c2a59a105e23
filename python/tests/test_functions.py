"""The pure functions, by the vectors that all languages share."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from vector_json import action_json, config_text, error_result, load, shown, token_json

from sanskey import (
    AwsCredentials,
    CredentialConfig,
    Finding,
    SanskeyError,
    Token,
    caller_identity_token,
    certificate_config,
    check_config,
    describe_subject_token,
    impersonation_request,
    parse_impersonation_response,
    parse_sts_response,
    sign_request,
    sources,
    sts_request,
)
from sanskey._wire import token_from

FOLDERS = ("check", "config", "create", "describe", "freshness", "headers", "impersonation", "sigv4", "sts")
VECTORS = [path for folder in FOLDERS for path in load(folder)]
SOURCES = {
    "aws": sources.Aws,
    "azure": sources.Azure,
    "azure_app_service": sources.AzureAppService,
    "certificate": sources.Certificate,
    "executable": sources.Executable,
    "file": sources.File,
    "kubernetes": sources.Kubernetes,
    "oauth2_client_credentials": sources.ClientCredentials,
    "url": sources.Url,
}
PARTS = re.compile(
    r"projects/(?P<project_number>[^/]*)/locations/global/workloadIdentityPools/(?P<pool>[^/]*)"
    r"/providers/(?P<provider>[^/]*)"
)
KEY = ("access_key_id", "secret_access_key", "session_token")


def credentials_of(params: dict[str, Any]) -> AwsCredentials:
    return AwsCredentials(*(params.pop(name) for name in KEY))


def source_of(fields: dict[str, Any]) -> Any:
    """A name is enough where nothing else is said."""
    kind = fields.pop("kind")
    if not fields:
        return kind
    for name in [name for name in fields if name.endswith("_millis")]:
        fields[name.removesuffix("_millis")] = fields.pop(name) / 1000
    return SOURCES[kind](**fields)


def created(params: dict[str, Any], seen: list[object]) -> str:
    """By the parts of the provider's name wherever it has them: what is refused is refused for the same reason."""
    params["source"] = source_of(params["source"])
    seen.append(params["source"])
    parts = PARTS.fullmatch(params["provider"])
    if "pool" in params:
        config = CredentialConfig.from_parts(**params)
    elif parts and "workforce_pool_user_project" not in params:
        config = CredentialConfig.from_parts(**{**params, **parts.groupdict()})
        assert CredentialConfig.from_provider(**params) == config
    else:
        config = CredentialConfig.from_provider(**params)
    seen.append(config)
    return config.to_json()


def finding_json(finding: Finding) -> dict[str, Any]:
    """Of its words a vector names only some."""
    words = f"{finding.message} {finding.hint}"
    return {"severity": finding.severity, "code": finding.code, "field": finding.field, "says": words}


def headers(token: str, quota_project_id: str | None) -> list[tuple[str, str]]:
    """Of a configuration that has the project."""
    config = CredentialConfig.from_parts("1", "pool", "provider", source="aws")
    if quota_project_id is not None:
        config = config.with_quota_project(quota_project_id)
    by_value = config.request_headers(token)
    assert config.request_headers(Token(token, datetime(2026, 1, 1, tzinfo=timezone.utc), "federated")) == by_value
    return list(by_value.items())


def call(function: str, params: dict[str, Any], seen: list[object]) -> dict[str, Any]:
    match function:
        case "sign_request":
            signed = sign_request(credentials=credentials_of(params), **params)
            return {"headers": {name.lower(): value for name, value in signed.items()}}
        case "caller_identity_token":
            return {"text": caller_identity_token(credentials_of(params), **params)}
        case "sts_request":
            return {"request": action_json(sts_request(**params))}
        case "impersonation_request":
            return {"request": action_json(impersonation_request(**params))}
        case "parse_sts_response":
            return {"token": token_json(parse_sts_response(**params))}
        case "parse_impersonation_response":
            return {"token": token_json(parse_impersonation_response(**params))}
        case "config_summary":
            config = CredentialConfig.from_json(config_text(params))
            names = [name for name, kind in vars(CredentialConfig).items() if isinstance(kind, property)]
            return {"summary": {name: getattr(config, name) for name in names}}
        case "create_config":
            return {"text": created(params, seen)}
        case "check_config":
            found = check_config(params["text"], **params["options"])
            seen.extend(found)
            assert all(finding.message and finding.hint for finding in found)
            return {"findings": [finding_json(finding) for finding in found]}
        case "certificate_config":
            return {"text": certificate_config(**params)}
        case "describe_subject_token":
            told = describe_subject_token(**params)
            members = {name: getattr(told, name) for name in type(told).__match_args__}
            times = {name: members[name] and members[name].timestamp() for name in ("expires_at", "issued_at")}
            return {"description": {**members, **times}}
        case "request_headers":
            return {"pairs": [list(pair) for pair in headers(**params)]}
        case "token_freshness":
            token: Token = token_from({"value": "", "expires_at": params["expires_at"], "kind": "federated"})
            return {"freshness": token.freshness(params["now"])}
    pytest.fail(f"an unknown function: {function}")


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_function(path: Path) -> None:
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    expected = vector["result"]
    seen: list[object] = []
    try:
        result = call(vector["function"], vector["params"], seen)
        for finding, wanted in zip(result.get("findings", []), expected.get("findings", []), strict=False):
            if wanted["says"] in finding["says"]:
                finding["says"] = wanted["says"]
        if "headers" in expected:
            result["headers"] = {name: result["headers"].get(name) for name in expected["headers"]}
    except SanskeyError as error:
        seen.append(error)
        result = error_result(error, expected)
    assert result == expected
    printed = shown(*seen)
    assert [secret for secret in vector.get("secrets", []) if secret in printed] == []


def test_a_str_is_a_list_of_scopes_and_not_of_letters() -> None:
    scopes = "https://a.example/one, https://a.example/two"
    url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.example:generateAccessToken"
    impersonation = impersonation_request(url=url, token="t", scopes=scopes, delegates="projects/-/serviceAccounts/c")
    assert json.loads(impersonation.body)["scope"] == scopes.split(", ")
    assert json.loads(impersonation.body)["delegates"] == ["projects/-/serviceAccounts/c"]
    exchange = sts_request(
        token_url="https://sts.googleapis.com/v1/token",
        audience="//iam.googleapis.com/x",
        subject_token="t",
        subject_token_type="jwt",
        scopes=scopes,
    )
    assert parse_qs(exchange.body)["scope"] == [scopes.replace(",", "")]

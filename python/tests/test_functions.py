"""The pure functions, by the vectors that all languages share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from vector_json import action_json, config_text, error_result, load, token_json

from sanskey import (
    AwsCredentials,
    CredentialConfig,
    SanskeyError,
    Token,
    caller_identity_token,
    impersonation_request,
    parse_impersonation_response,
    parse_sts_response,
    sign_request,
    sts_request,
)
from sanskey._wire import token_from

VECTORS = [path for folder in ("config", "freshness", "impersonation", "sigv4", "sts") for path in load(folder)]
KEY = ("access_key_id", "secret_access_key", "session_token")


def credentials_of(params: dict[str, Any]) -> AwsCredentials:
    return AwsCredentials(*(params.pop(name) for name in KEY))


def call(function: str, params: dict[str, Any]) -> dict[str, Any]:
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
        case "token_freshness":
            token: Token = token_from({"value": "", "expires_at": params["expires_at"], "kind": "federated"})
            return {"freshness": token.freshness(params["now"])}
    pytest.fail(f"an unknown function: {function}")


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_function(path: Path) -> None:
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    expected = vector["result"]
    printed = ""
    try:
        result = call(vector["function"], vector["params"])
        if "headers" in expected:
            result["headers"] = {name: result["headers"].get(name) for name in expected["headers"]}
    except SanskeyError as error:
        printed = f"{error!r} {error}"
        result = error_result(error, expected)
    assert result == expected
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

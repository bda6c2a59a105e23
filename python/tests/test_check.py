"""Checks of configurations that come in any form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sanskey import ConfigError, CredentialConfig, Finding, MisuseError, check_config

SOUND: dict[str, Any] = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/provider",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/var/run/token"},
}
WRONG = {**SOUND, "audience": None, "token_url": "http://127.0.0.1:8080/v1/token"}


def test_a_configuration_is_checked_in_every_form(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(WRONG), encoding="utf-8")
    found = [check_config(form) for form in (WRONG, json.dumps(WRONG), path, str(path))]
    assert [finding.field for finding in found[0]] == ["audience", "token_url"]
    assert found == [found[0]] * 4
    assert isinstance(found[0][0], Finding)
    assert check_config(CredentialConfig.from_dict(SOUND)) == []


def test_the_program_says_where_urls_may_lead() -> None:
    assert [finding.field for finding in check_config(WRONG, endpoints="loopback")] == ["audience"]
    source = {"url": "https://tokens.example.com/token"}
    config = {**SOUND, "credential_source": source}
    assert [finding.code for finding in check_config(config)] == ["config_url_refused"]
    assert check_config(config, token_servers=["tokens.example.com"]) == []
    assert check_config(config, token_servers="tokens.example.com") == []


def test_what_is_no_text_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as missing:
        check_config(tmp_path / "missing.json")
    assert missing.value.code == "config_not_found"
    for config in (5, None, b"{}"):
        with pytest.raises(MisuseError):
            check_config(config)  # type: ignore[arg-type]
    with pytest.raises(MisuseError):
        check_config(SOUND, endpoints="everywhere")  # type: ignore[arg-type]
    with pytest.raises(MisuseError):
        check_config(SOUND, token_servers=5)  # type: ignore[arg-type]


def test_a_text_that_is_no_json_is_a_finding() -> None:
    [finding] = check_config("{")
    assert (finding.severity, finding.code, finding.field) == ("error", "config_not_json", None)

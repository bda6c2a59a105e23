"""Where a configuration may come from."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

from sanskey import ConfigError, CredentialConfig, HostError, MisuseError
from sanskey.config import load

VECTOR = REPOSITORY / "tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json"
FIELDS = json.loads(VECTOR.read_text(encoding="utf-8"))["config"]
TEXT = json.dumps(FIELDS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "credentials.json"
    path.write_text(TEXT)
    return path


def test_all_ways_lead_to_the_same(path: Path) -> None:
    expected = CredentialConfig.from_json(TEXT)
    ways = [
        CredentialConfig(TEXT),
        CredentialConfig.from_dict(FIELDS),
        CredentialConfig.from_file(path),
        CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": str(path)}),
        CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": f"\n {TEXT}"}),
        *map(load, (expected, TEXT, FIELDS, path, str(path))),
    ]
    assert {config.audience for config in ways} == {FIELDS["audience"]}
    assert {config.service_account_email for config in ways} == {expected.service_account_email}
    assert CredentialConfig(TEXT) == expected
    assert hash(CredentialConfig(TEXT)) == hash(expected)
    assert pickle.loads(pickle.dumps(expected)) == expected
    assert expected != TEXT


def test_the_process_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert CredentialConfig.from_env() == CredentialConfig.from_file(path)


@pytest.mark.parametrize("env", [{}, {"GOOGLE_APPLICATION_CREDENTIALS": ""}])
def test_an_unset_variable(env: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="GOOGLE_APPLICATION_CREDENTIALS is not set") as caught:
        CredentialConfig.from_env(env)
    assert (caught.value.code, caught.value.stage) == ("config_not_found", "config")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.json") as caught:
        load(tmp_path / "missing.json")
    assert caught.value.code == "config_not_found"


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path, "nul\0byte"):
        with pytest.raises(HostError) as caught:
            CredentialConfig.from_file(path)
        assert caught.value.code == "host_failed"

    def refuse(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(HostError) as caught:
        CredentialConfig.from_file("credentials.json")
    assert caught.value.code == "host_denied"


def test_what_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    attempts: list[Callable[[], CredentialConfig]] = [
        lambda: CredentialConfig.from_file(tmp_path / "binary"),
        lambda: CredentialConfig.from_json("{\ud800"),
        lambda: CredentialConfig.from_dict({"audience": object()}),
        lambda: CredentialConfig.from_dict({"audience": float("nan")}),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert caught.value.code == "config_not_json"


def test_its_repr_says_where_it_leads_and_no_more() -> None:
    config = CredentialConfig.from_dict({**FIELDS, "client_id": "client", "client_secret": "a-secret"})
    assert repr(config) == f"CredentialConfig(source='aws', audience={FIELDS['audience']!r})"


KEY = '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\\nMIIEvSecretSecretSecret\\n-----END"}'


@pytest.mark.parametrize(
    "misplaced",
    [
        f"'{KEY}'",
        json.dumps(KEY),
        base64.b64encode(KEY.encode()).decode(),
        "-----BEGIN PRIVATE KEY-----\nMIIEvSecretSecretSecret\n-----END PRIVATE KEY-----",
        "MIIEvSecretSecretSecret" * 100,
        "x\0MIIEvSecretSecretSecret",
    ],
    ids=["quoted", "encoded twice", "base64", "pem", "long", "nul"],
)
def test_a_misplaced_key_is_not_repeated(misplaced: str) -> None:
    for way in (load, lambda text: CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": text})):
        with pytest.raises((ConfigError, HostError)) as raised:
            way(misplaced)
        shown = f"{raised.value} {raised.value!r}"
        assert "Secret" not in shown
        assert misplaced[:24] not in shown


def test_a_path_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match=r"There is no file 'config/credentials\.json'\."):
        load("config/credentials.json")


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert load(f"\ufeff{TEXT}").audience == FIELDS["audience"]


@pytest.mark.parametrize("nonsense", [None, b"{}", 7])
def test_what_a_configuration_cannot_be(nonsense: Any) -> None:
    with pytest.raises(MisuseError, match="A configuration cannot be a "):
        load(nonsense)

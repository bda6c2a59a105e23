"""Where a configuration may come from."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY

from sanskey import ConfigError, CredentialConfig, HostError
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
    with pytest.raises(HostError, match="Is a directory") as caught:
        CredentialConfig.from_file(tmp_path)
    assert caught.value.code == "host_failed"

    def refuse(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(HostError, match=r"The file 'credentials\.json' cannot be read: Permission denied") as caught:
        CredentialConfig.from_file("credentials.json")
    assert caught.value.code == "host_denied"


# In the alphabet of base64, so that it is a name of a file as far as its letters go.
PRIVATE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA"
KEY_FILE = {
    "type": "service_account",
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{PRIVATE}\n-----END PRIVATE KEY-----\n",
}
KEY = json.dumps(KEY_FILE)
ENCODED = b64encode(KEY.encode()).decode()
UNRECOGNISED = {
    "quoted": f"'{KEY}'",
    "twice": json.dumps(KEY),
    "base64": ENCODED,
    "base64, long": b64encode(KEY.encode() * 9).decode(),
    "base64, its end": ENCODED[-60:],
    "base64url": urlsafe_b64encode(KEY.encode()).decode(),
    "pem": KEY_FILE["private_key"],
    "pem on one line": KEY_FILE["private_key"].replace("\n", " "),
    "key material": PRIVATE,
    "key material with slashes": f"/{PRIVATE[:20]}/{PRIVATE[20:]}",
    "an assignment": f"GOOGLE_APPLICATION_CREDENTIALS={PRIVATE}.json",
    "a JWT": f"eyJhbGciOiJSUzI1NiJ9.{PRIVATE}.sig",
    "an access token": f"ya29.c.{PRIVATE}{PRIVATE}",
    "a URL": f"https://user:{PRIVATE}@localhost/missing.json",
    "a byte order mark": f"\ufeff'{KEY}'",
    "a null byte": f"\0{PRIVATE}.json",
}


@pytest.mark.parametrize("text", UNRECOGNISED.values(), ids=UNRECOGNISED)
def test_what_is_not_recognised_is_not_shown(text: str) -> None:
    attempts: list[Callable[[], CredentialConfig]] = [
        lambda: load(text),
        lambda: CredentialConfig.from_file(text),
        lambda: CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": text}),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError, match="neither JSON text nor the path of a file") as caught:
            attempt()
        assert caught.value.code == "config_not_found"
        assert_nothing_leaks(caught.value, text)


@pytest.mark.parametrize("before", ["", "\ufeff", "\n \ufeff\t"])
def test_a_key_file_is_recognised_and_not_shown(before: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(before + KEY)
    assert caught.value.code == "config_type_unsupported"
    assert_nothing_leaks(caught.value, KEY)


def assert_nothing_leaks(error: BaseException, text: str) -> None:
    """No eight letters in a row of the text that are not words of the message for every text."""
    assert error.__context__ is None or error.__suppress_context__
    shown = f"{error} {error!r} {vars(error)} {error.__context__!r} {error.__cause__!r}"
    common = "service_account PRIVATE GOOGLE_APPLICATION_CREDENTIALS"
    pieces = {text[at : at + 8] for at in range(len(text) - 7)}
    assert [piece for piece in pieces if piece in shown and piece not in common] == []


@pytest.mark.parametrize(
    "path",
    [
        "missing.json",
        "./missing.json",
        "/etc/sanskey/missing",
        "~/missing",
        "C:\\Users\\A B\\missing.json",
        "conf/missing.json",
        "/Users/Alice/Project 2/missing.json",
    ],
)
def test_a_path_that_is_mistaken_is_shown(path: str) -> None:
    with pytest.raises(ConfigError, match="There is no file") as caught:
        load(path)
    assert repr(path) in str(caught.value)


@pytest.mark.parametrize("before", ["\ufeff", " \n\ufeff", "\ufeff\r\n"])
def test_a_byte_order_mark_is_not_part_of_the_text(before: str, tmp_path: Path) -> None:
    assert load(before + TEXT).audience == FIELDS["audience"]
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert load(tmp_path / "marked.json").audience == FIELDS["audience"]


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

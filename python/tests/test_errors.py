"""The codes, the classes, and what becomes of what the native core says."""

from __future__ import annotations

import json
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from conftest import REPOSITORY

from sanskey import (
    AwsCredentials,
    ConfigError,
    CredentialConfig,
    ErrorCode,
    Exchange,
    HostError,
    HostFailure,
    MisuseError,
    RemoteError,
    SanskeyError,
    _native,
    _wire,
    caller_identity_token,
    goals,
    sign_request,
)

CODES: list[dict[str, str]] = json.loads((REPOSITORY / "tests/vectors/errors/codes.json").read_text(encoding="utf-8"))
CREDENTIALS = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def test_the_codes_are_those_of_the_core_and_of_the_vectors() -> None:
    assert sorted(get_args(ErrorCode)) == sorted(entry["code"] for entry in CODES)
    assert sorted(json.loads(_native.error_codes()), key=lambda entry: str(entry["code"])) == CODES


@pytest.mark.parametrize("entry", CODES, ids=lambda entry: entry["code"])
def test_every_code_becomes_the_class_of_its_fault(entry: dict[str, str]) -> None:
    fields = {**entry, "stage": "sts", "message": "What.", "hint": "Do.", "field": "a.b", "ask_id": "sts-2"}
    fields |= {"status": 400, "retryable": True, "error": "e", "error_description": "d"}  # type: ignore[dict-item]
    error = _wire.error_from(_native.Failure(json.dumps(fields)))
    classes = {"config": ConfigError, "host": HostError, "misuse": MisuseError, "remote": RemoteError}
    assert type(error) is classes[entry["fault"]]
    assert {name: getattr(error, name) for name in fields} == fields
    assert str(error) == f"{entry['code']}: What. Do."
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again)) == (type(error), vars(error))


def test_a_config_error_is_a_value_error() -> None:
    assert issubclass(ConfigError, ValueError)
    assert all(issubclass(cls, SanskeyError) for cls in (ConfigError, HostError, MisuseError, RemoteError))


@pytest.mark.parametrize(
    "payload", ["", "no JSON", "[]", "null", "{}", '{"fault": "new"}', '{"fault": "host", "x": 1}']
)
def test_an_unintelligible_failure_is_a_bug(payload: str) -> None:
    assert _wire.error_from(_native.Failure(payload)).code == "bug"
    assert _wire.error_from(_native.Failure()).code == "bug"


@pytest.mark.parametrize(
    "step",
    ["", "{}", '{"step":"pending","asks":[{"id":"x","action":"dance"}]}', '{"step":"done","outcome":{}}', '{"step":1}'],
)
def test_an_unintelligible_step_is_a_bug(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Native:
        def __init__(self, *_: str) -> None: ...

        def poll(self, _: float) -> str:
            return step

    monkeypatch.setattr(_native, "NativeExchange", Native)
    exchange = Exchange(config(), goals.AccessToken())
    with pytest.raises(MisuseError) as caught:
        exchange.poll()
    assert caught.value.code == "bug"


def test_an_error_has_no_context_that_could_say_more() -> None:
    with pytest.raises(ConfigError) as caught:
        CredentialConfig.from_json("{}")
    assert caught.value.__suppress_context__


def test_a_time_that_names_no_moment() -> None:
    with pytest.raises(MisuseError, match="no time zone"):
        caller_identity_token(CREDENTIALS, "us-east-1", "audience", datetime(2026, 1, 1))
    for now in (float("nan"), float("inf")):
        with pytest.raises(MisuseError):
            caller_identity_token(CREDENTIALS, "us-east-1", "audience", now)


def test_arguments_that_cannot_work() -> None:
    with pytest.raises(MisuseError) as caught:
        sign_request("GET", "no url", {}, b"", credentials=CREDENTIALS, region="us-east-1", service="s3")
    assert caught.value.code == "invalid_argument"
    with pytest.raises(MisuseError):
        HostFailure("broken")  # type: ignore[arg-type]
    with pytest.raises(MisuseError):
        Exchange(config(), "access_token")  # type: ignore[arg-type]
    with pytest.raises(MisuseError):
        Exchange(config(), goals.AccessToken(), endpoints="everywhere")  # type: ignore[arg-type]


def test_arguments_that_are_no_unicode_text() -> None:
    broken = AwsCredentials("AKIDEXAMPLE", "secret\udc80")
    for attempt in (
        lambda: caller_identity_token(broken, "us-east-1", "audience"),
        lambda: sign_request("GET", "https://host/", {}, b"", credentials=broken, region="us-east-1", service="s3"),
        lambda: sign_request(
            "GET", "https://host/", {}, "secret\udc80", credentials=CREDENTIALS, region="a", service="b"
        ),
    ):
        with pytest.raises(MisuseError, match="no Unicode text") as caught:
            attempt()
        assert caught.value.__context__ is None


def test_a_variable_of_undecodable_bytes_is_an_answer() -> None:
    exchange = Exchange(config(), goals.AccessToken())
    exchange.poll()
    exchange.reply("env", {"AWS_REGION": "us-east-\udc80", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    with pytest.raises(ConfigError) as caught:
        exchange.poll()
    assert caught.value.code == "aws_region_unknown"


@pytest.mark.parametrize("reply", [42, b"bytes", ["list"], object()])
def test_a_reply_of_no_known_kind(reply: Any) -> None:
    exchange = Exchange(config(), goals.AccessToken())
    exchange.poll()
    with pytest.raises(MisuseError) as caught:
        exchange.reply("env", reply)
    assert (caught.value.code, caught.value.ask_id) == ("wrong_reply", "env")


def config() -> CredentialConfig:
    path = Path("tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json")
    return CredentialConfig.from_dict(json.loads((REPOSITORY / path).read_text(encoding="utf-8"))["config"])

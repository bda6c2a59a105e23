"""Every vector of exchanges, through the public API."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from vector_json import ask_json, config_text, error_result, goal_of, load, outcome_json, reply_of, shown

from sanskey import (
    AssumeRole,
    AwsCredentials,
    CredentialConfig,
    Done,
    Exchange,
    GetSessionToken,
    GetWebIdentityToken,
    SanskeyError,
)

# Options that stand in a vector as they are passed, and only where they are wanted.
PLAIN = ("subject_token", "actor_token", "actor_token_type", "bind_to_certificate", "token_servers", "api_client")


@pytest.mark.parametrize("path", load("exchange"), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_exchange(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    options = vector["options"]
    credentials = options["aws_credentials"] and AwsCredentials(**options["aws_credentials"])
    goal = goal_of(vector["goal"])
    printed: list[object] = [credentials, goal]
    polled, now = 0, vector["now"]
    try:
        config = CredentialConfig.from_json(config_text(vector))
        exchange = Exchange(
            config,
            goal,
            aws_credentials=credentials,
            **aws_options(options),
            **{name: options[name] for name in PLAIN if name in options},
            endpoints=options["endpoints"],
            entropy=bytes.fromhex(options["entropy"]),
        )
        printed += [config, exchange]
        for round in vector["rounds"]:
            now = round.get("now", now)
            step = exchange.poll(now)
            assert not isinstance(step, Done)
            assert [ask_json(ask) for ask in step.asks] == round["asks"]
            polled += 1
            replies = [(fields["id"], reply_of(fields)) for fields in round["replies"]]
            printed += [step, replies]
            for id, reply in replies:
                exchange.reply(id, reply)
        end = exchange.poll(vector.get("end", now))
        assert isinstance(end, Done)
        printed.append(end)
        result: dict[str, Any] = {"outcome": outcome_json(end.outcome, vector["goal"]["goal"])}
        if exchange.clock_skew is not None:
            result["clock_skew_seconds"] = exchange.clock_skew
    except SanskeyError as error:
        printed.append(error)
        result = error_result(error, vector["result"])
    assert (result, polled) == (vector["result"], len(vector["rounds"]))
    text = shown(*printed) + caplog.text
    assert [secret for secret in vector["secrets"] if secret in text] == []


def aws_options(options: dict[str, Any]) -> dict[str, Any]:
    session, jwt = options.get("aws_get_session_token"), options.get("aws_web_identity_token")
    roles = options.get("aws_assume_role")
    return {
        "aws_region": options["aws_region"],
        "aws_profile": options.get("aws_profile"),
        "aws_assume_role": None if roles is None else [AssumeRole(**role) for role in roles],
        "aws_get_session_token": None if session is None else GetSessionToken(**session),
        "aws_web_identity_token": None if jwt is None else GetWebIdentityToken(**jwt),
    }

"""Every vector of exchanges, through the public API."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from vector_json import ask_json, config_text, error_result, load, outcome_json, reply_of, shown

from sanskey import AwsCredentials, CredentialConfig, Done, Exchange, SanskeyError, goals


@pytest.mark.parametrize("path", load("exchange"), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_exchange(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    options = vector["options"]
    credentials = options["aws_credentials"] and AwsCredentials(**options["aws_credentials"])
    printed: list[object] = [credentials]
    polled, now = 0, vector["now"]
    try:
        config = CredentialConfig.from_json(config_text(vector))
        exchange = Exchange(
            config,
            goals.AccessToken(vector["goal"]["scopes"]),
            aws_credentials=credentials,
            aws_region=options["aws_region"],
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
        result = {"outcome": outcome_json(end.outcome)}
    except SanskeyError as error:
        printed.append(error)
        result = error_result(error, vector["result"])
    assert (result, polled) == (vector["result"], len(vector["rounds"]))
    text = shown(*printed) + caplog.text
    assert [secret for secret in vector["secrets"] if secret in text] == []

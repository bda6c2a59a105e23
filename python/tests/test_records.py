"""Records: frozen, comparable, matchable, and silent about secrets."""

from __future__ import annotations

import copy
import inspect
import pickle
from datetime import datetime, timezone

import pytest
from hypothesis import given, strategies

from sanskey import (
    Ask,
    AwsCredentials,
    CommandOutput,
    Done,
    HttpRequest,
    HttpResponse,
    Pending,
    Revoked,
    RunCommand,
    SubjectTokenContext,
    Token,
    TokenInfo,
    Wait,
    goals,
    sources,
)

EXPIRY = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_construction() -> None:
    assert AwsCredentials("a", "b") == AwsCredentials(secret_access_key="b", access_key_id="a", session_token=None)
    assert goals.AccessToken().scopes == ()
    with pytest.raises(TypeError, match="misses the argument 'secret_access_key'"):
        AwsCredentials("a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no argument 'region'"):
        AwsCredentials("a", "b", region="c")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes 3 arguments but 4 were given"):
        AwsCredentials("a", "b", "c", "d")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="two values for argument 'access_key_id'"):
        AwsCredentials("a", "b", access_key_id="c")  # type: ignore[misc]


def test_frozen() -> None:
    wait = Wait(1)
    with pytest.raises(AttributeError):
        wait.duration = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del wait.duration
    with pytest.raises(AttributeError):
        wait.other = 2  # type: ignore[attr-defined]
    assert wait == Wait(1)


def test_equality_and_hash() -> None:
    assert Wait(1) == Wait(1.0)
    assert Wait(1) != Wait(2)
    assert Wait(1) != 1
    assert Pending([]) != Done([])  # type: ignore[arg-type]
    assert len({Wait(1), Wait(1), Wait(2)}) == 2


def test_match() -> None:
    match Pending([Ask("sts", Wait(1))]):
        case Pending([Ask(id, Wait(duration))]):
            assert (id, duration) == ("sts", 1)
        case _:
            pytest.fail("no match")


def test_copy_and_pickle() -> None:
    token = Token("value", EXPIRY, "federated")
    assert copy.copy(token) == copy.deepcopy(token) == pickle.loads(pickle.dumps(token)) == token
    assert token.__replace__(kind="service_account") == Token("value", EXPIRY, "service_account")
    rotated = token.__replace__(refresh_token="next")
    assert pickle.loads(pickle.dumps(rotated)) == rotated != token
    info = TokenInfo(True, None, ["a"], None, None, None, EXPIRY, None)
    others = [info, Revoked(), goals.Introspection(token), goals.Revocation(), SubjectTokenContext("a", "b")]
    assert [pickle.loads(pickle.dumps(record)) for record in others] == others


def test_signature() -> None:
    assert str(inspect.signature(AwsCredentials)).startswith("(access_key_id: ")
    assert inspect.signature(AwsCredentials).parameters["session_token"].default is None


def test_repr() -> None:
    assert repr(Wait(1.5)) == "Wait(duration=1.5)"
    assert repr(AwsCredentials("AKIA", "secret")) == (
        "AwsCredentials(access_key_id='***', secret_access_key='***', session_token=None)"
    )
    assert repr(Token("value", EXPIRY, "federated", "next")).endswith("kind='federated', refresh_token='***')")
    assert repr(Token("value", EXPIRY, "federated")).endswith("kind='federated', refresh_token=None)")
    assert repr(goals.Introspection("value")) == "Introspection(token='***')"
    assert repr(Revoked()) == "Revoked()"
    assert repr(HttpResponse(200, [("set-cookie", "secret")], "secret")) == (
        "HttpResponse(status=200, headers=[('set-cookie', '***')], body='***')"
    )
    assert repr(HttpResponse(200, {"set-cookie": "secret"}, "")) == (
        "HttpResponse(status=200, headers={'set-cookie': '***'}, body='')"
    )


@given(secret=strategies.text(min_size=1).map(lambda text: f"<{text}>"))
def test_no_secret_in_any_repr_or_str(secret: str) -> None:
    request = HttpRequest("POST", "https://host/", [("authorization", secret)], secret, 10)
    for record in (
        request,
        Pending([Ask("sts", request)]),
        HttpResponse(200, [("x", secret)], secret),
        HttpResponse(200, {"x": secret}, secret),
        HttpResponse(200, iter([("x", secret)]), secret),
        CommandOutput(0, secret, secret),
        sources.Url("https://host/", {"authorization": secret}),
        RunCommand(["program", secret], {"NAME": secret}, 1),
        AwsCredentials(secret, secret, secret),
        Token(secret, EXPIRY, "federated"),
        Token(secret, EXPIRY, "federated", secret),
        Done(Token(secret, EXPIRY, "federated", secret)),
        goals.Introspection(secret),
        goals.Introspection(Token(secret, EXPIRY, "federated", secret)),
    ):
        assert secret not in f"{record!r} {record} {record:}"

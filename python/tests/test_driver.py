"""The host loop, sync and async, with hosts that answer from a vector."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import REPOSITORY
from hypothesis import given, strategies
from vector_json import ask_json, outcome_json, reply_of

import sanskey
from sanskey import (
    Ask,
    AwsCredentials,
    Done,
    Exchange,
    ExchangeReport,
    HostError,
    HostFailure,
    HttpRequest,
    HttpResponse,
    RemoteError,
    StepReport,
    SystemHost,
    Token,
    aio,
    goals,
)
from sanskey.goals import scope_list

VECTOR: dict[str, Any] = json.loads(
    (REPOSITORY / "tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json").read_text(encoding="utf-8")
)
ROUNDS = VECTOR["rounds"]
IDS = [reply["id"] for round in ROUNDS for reply in round["replies"]]
REPLIES = {reply["id"]: reply for round in ROUNDS for reply in round["replies"]}
BY_URL = {ask["url"]: REPLIES[ask["id"]] for round in ROUNDS for ask in round["asks"] if "url" in ask}
EXPECTED = VECTOR["result"]["outcome"]["token"]["value"]


class Recorded:
    """Answers what the vector's host answered. The caller's own: it inherits nothing."""

    def __init__(self) -> None:
        self.threads: set[str] = set()

    def http(self, request: HttpRequest) -> HttpResponse:
        self.threads.add(threading.current_thread().name)
        response: HttpResponse = reply_of(BY_URL[request.url])
        return response

    def read_env(self, names: list[str]) -> Mapping[str, str]:
        values: dict[str, str] = REPLIES["env"]["values"]
        return {name: values[name] for name in names if name in values}


class RecordedAsync(Recorded):
    """The same with a coroutine function, as an async HTTP client needs."""

    def http(self, request: HttpRequest) -> Awaitable[HttpResponse]:  # type: ignore[override]
        async def answer() -> HttpResponse:
            await asyncio.sleep(0)
            return Recorded.http(self, request)

        return answer()


def fetch_async(**options: Any) -> Token:
    return asyncio.run(aio.fetch_token(VECTOR["config"], **options))


def fetch_sync(**options: Any) -> Token:
    return sanskey.fetch_token(VECTOR["config"], **options)


FETCHES = [fetch_sync, fetch_async]
Fetch = Callable[..., Token]


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_host_of_two_methods(fetch: Fetch) -> None:
    steps: list[StepReport] = []
    token = fetch(host=Recorded(), on_step=steps.append)
    assert token.value == EXPECTED
    assert sorted(step.ask_id for step in steps) == sorted(IDS)
    assert {step.status for step in steps if step.ask_id != "env"} == {200}
    assert all(step.duration >= 0 and step.failure is None for step in steps)


def test_a_caller_s_own_host_stays_in_the_caller_s_thread() -> None:
    host = Recorded()
    fetch_sync(host=host)
    assert host.threads == {threading.current_thread().name}


def test_coroutine_functions_run_in_the_event_loop() -> None:
    class AllAsync(Recorded):
        async def http(self, request: HttpRequest) -> HttpResponse:  # type: ignore[override]
            return Recorded.http(self, request)

        async def read_env(self, names: list[str]) -> Mapping[str, str]:  # type: ignore[override]
            return Recorded.read_env(self, names)

    for host in (AllAsync(), RecordedAsync()):
        assert fetch_async(host=host).value == EXPECTED
        assert host.threads == {threading.current_thread().name}


@pytest.mark.parametrize("fetch", FETCHES)
def test_independent_requests_are_sent_at_once_by_the_system_host(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=10)
    recorded = Recorded()

    def http(_: SystemHost, request: HttpRequest) -> HttpResponse:
        if BY_URL[request.url]["id"] in ("aws-region", "aws-role"):
            both.wait()
        return recorded.http(request)

    monkeypatch.setattr(SystemHost, "http", http)
    steps: list[StepReport] = []
    assert fetch(host=SystemHost({}), on_step=steps.append).value == EXPECTED
    assert len(steps) == len(IDS)


@pytest.mark.parametrize("fetch", FETCHES)
def test_what_a_host_cannot_do_is_an_error_that_names_the_ask(fetch: Fetch) -> None:
    with pytest.raises(HostError) as caught:
        fetch(host=object())
    assert (caught.value.code, caught.value.ask_id) == ("host_unsupported", "env")


@pytest.mark.parametrize("fetch", FETCHES)
def test_what_a_host_raises_besides_host_failure_is_passed_on(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    def http(_: SystemHost, request: HttpRequest) -> HttpResponse:
        id = BY_URL[request.url]["id"]
        if id in ("aws-region", "aws-role"):
            raise ZeroDivisionError(id)
        return Recorded().http(request)

    monkeypatch.setattr(SystemHost, "http", http)
    for _ in range(10):
        with pytest.raises(ZeroDivisionError, match="aws-region"):
            fetch(host=SystemHost({}))


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_failure_is_retried_after_a_wait_and_then_told(fetch: Fetch) -> None:
    class Broken(Recorded):
        def __init__(self) -> None:
            super().__init__()
            self.waits: list[float] = []

        def http(self, request: HttpRequest) -> HttpResponse:
            if BY_URL[request.url]["id"] == "sts":
                raise HostFailure("timeout", "no answer")
            return super().http(request)

        def wait(self, seconds: float) -> None:
            self.waits.append(seconds)

    host = Broken()
    steps: list[StepReport] = []
    with pytest.raises(HostError) as caught:
        fetch(host=host, on_step=steps.append)
    assert (caught.value.code, caught.value.ask_id, caught.value.retryable) == ("host_timeout", "sts-3", True)
    assert [(step.ask_id, step.step, step.attempt) for step in steps][-5:] == [
        ("sts", "sts", 1),
        ("sts-2-wait", "sts", 2),
        ("sts-2", "sts", 2),
        ("sts-3-wait", "sts", 3),
        ("sts-3", "sts", 3),
    ]
    assert steps[-1].failure == "timeout"
    assert len(host.waits) == 2


def test_the_system_host_s_wait_can_be_cancelled() -> None:
    class Failing(SystemHost):
        def http(self, request: HttpRequest) -> HttpResponse:
            if BY_URL[request.url]["id"] == "sts":
                return HttpResponse(503, [("retry-after", "20")], "")
            return Recorded().http(request)

    async def cancelled() -> None:
        await asyncio.wait_for(aio.fetch_token(VECTOR["config"], host=Failing({})), 0.5)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(cancelled())


@pytest.mark.parametrize("fetch", FETCHES)
def test_supplied_credentials_leave_two_requests(fetch: Fetch) -> None:
    steps: list[StepReport] = []
    credentials = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    fetch(host=Recorded(), aws_credentials=credentials, aws_region="us-east-1", on_step=steps.append)
    assert [step.ask_id for step in steps] == ["sts", "impersonate"]


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_end_of_each_exchange_is_reported_once_whichever_it_is(fetch: Fetch) -> None:
    class Refusing(Recorded):
        def http(self, request: HttpRequest) -> HttpResponse:
            if BY_URL[request.url]["id"] == "sts":
                return HttpResponse(400, [], '{"error": "invalid_target", "error_description": "no"}')
            return super().http(request)

    class Raising(Recorded):
        def read_env(self, names: list[str]) -> Mapping[str, str]:
            raise ZeroDivisionError(names)

    reports: list[ExchangeReport] = []
    fetch(host=Recorded(), on_exchange=reports.append)
    with pytest.raises(RemoteError):
        fetch(host=Refusing(), on_exchange=reports.append)
    with pytest.raises(ZeroDivisionError):
        fetch(host=Raising(), on_exchange=reports.append)
    assert [(report.goal, report.requests, report.error, report.stage, report.fault) for report in reports] == [
        ("access_token", 6, None, None, None),
        ("access_token", 5, "sts_rejected", "sts", "remote"),
        ("access_token", 0, "other", None, None),
    ]
    assert all(report.duration >= 0 for report in reports)


@pytest.mark.parametrize("fetch", FETCHES)
def test_each_step_is_logged_and_nothing_secret(fetch: Fetch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sanskey")
    steps: list[StepReport] = []
    fetch(host=Recorded(), on_step=steps.append)
    *of_steps, of_the_end = [record.getMessage() for record in caplog.records]
    assert sorted(message.split(":")[0] for message in of_steps) == sorted(IDS)
    assert of_the_end.startswith("access_token: done after ")
    assert [secret for secret in VECTOR["secrets"] if secret in f"{caplog.text} {steps}"] == []


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [(None, []), ("", []), ("a b,c, d", ["a", "b", "c", "d"]), (["a b", "c"], ["a b", "c"]), (("a",), ["a"])],
)
def test_scopes(scopes: Any, expected: list[str]) -> None:
    assert scope_list(scopes) == expected


@given(data=strategies.data())
def test_replies_in_any_order_and_any_splitting_give_the_same_token(data: strategies.DataObject) -> None:
    exchange = Exchange(VECTOR["config"], goals.AccessToken(VECTOR["goal"]["scopes"]), entropy=b"")
    outstanding: list[Ask] = []
    answered: set[str] = set()
    while True:
        step = exchange.poll(VECTOR["now"])
        assert exchange.poll(VECTOR["now"]) == step
        if isinstance(step, Done):
            break
        outstanding = [ask for ask in step.asks if ask.id not in answered]
        some = data.draw(
            strategies.lists(strategies.sampled_from(outstanding), min_size=1, unique_by=lambda ask: ask.id)
        )
        for ask in some:
            exchange.reply(ask.id, reply_of(REPLIES[ask.id]))
            answered.add(ask.id)
    assert outcome_json(step.outcome) == VECTOR["result"]["outcome"]


def test_a_step_in_one_crossing() -> None:
    exchange = Exchange(VECTOR["config"], goals.AccessToken(VECTOR["goal"]["scopes"]), entropy=b"")
    step = exchange.advance(now=VECTOR["now"])
    for round in ROUNDS:
        assert not isinstance(step, Done)
        assert [ask_json(ask) for ask in step.asks] == round["asks"]
        step = exchange.advance([(reply["id"], reply_of(reply)) for reply in round["replies"]], VECTOR["now"])
    assert isinstance(step, Done)


FEDERATED = {name: value for name, value in VECTOR["config"].items() if "impersonation" not in name}
GIVEN: dict[str, Any] = {"aws_credentials": AwsCredentials("AKIDEXAMPLE", "secret"), "aws_region": "us-east-1"}
BOTH: list[Callable[..., Token]] = [
    sanskey.fetch_token,
    lambda config, **options: asyncio.run(aio.fetch_token(config, **options)),
]


class Busy:
    """Answers 503 once, and has no `wait`."""

    def __init__(self) -> None:
        self.statuses = iter([503, 200])

    def http(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse(next(self.statuses), [], '{"access_token": "a", "expires_in": 60}')


def test_a_host_need_not_know_how_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def doze(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("sanskey.driver.sleep", slept.append)
    monkeypatch.setattr(asyncio, "sleep", doze)
    tokens = [fetch(FEDERATED, host=Busy(), **GIVEN) for fetch in BOTH]
    assert [token.value for token in tokens] == ["a", "a"]
    assert len(slept) == 2
    assert all(1 <= seconds <= 1.5 for seconds in slept)


def test_a_host_that_is_given_a_wait_is_asked_to() -> None:
    """Also when it is an attribute of the object alone, as of a module or a namespace."""
    asked: list[float] = []
    for fetch in BOTH:
        host: Any = SimpleNamespace(http=Busy().http, wait=asked.append)
        assert fetch(FEDERATED, host=host, **GIVEN).value == "a"
    assert len(asked) == 2

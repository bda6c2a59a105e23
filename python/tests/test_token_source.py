"""Token sources, in threads and in an event loop: the vectors, and what happens when many want the token at once."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import multiprocessing
import os
import random
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from played_clock import PlayedClock
from vector_json import action_json, config_text, error_result, goal_of, load, outcome_json, reply_of, shown

import sanskey._aio_token_source
from sanskey import (
    AssumeRole,
    ConfigError,
    ExchangeReport,
    HostFailure,
    HttpRequest,
    HttpResponse,
    MisuseError,
    RemoteError,
    SanskeyError,
    Token,
    TokenSource,
    aio,
    goals,
)

CONFIG = sanskey.CredentialConfig.from_parts("123456789012", "pool", "provider", source="caller")
ACCOUNT = sanskey.CredentialConfig.from_parts(
    "123456789012", "pool", "provider", source="caller", service_account="app@my-project.iam.gserviceaccount.com"
)
MANY = 64
MARK = {"id", "step", "attempt"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> PlayedClock:
    return PlayedClock(monkeypatch)


class Threads:
    """`sanskey.TokenSource`."""

    new = TokenSource

    @staticmethod
    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)


class Loop:
    """`sanskey.aio.TokenSource`, with an event loop of its own for each call."""

    new = aio.TokenSource

    @staticmethod
    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        result = function(*arguments)
        return asyncio.run(_awaited(result)) if hasattr(result, "__await__") else result


async def _awaited(result: Any) -> Any:
    return await result


KINDS = pytest.mark.parametrize("kind", [Threads, Loop])


# The vectors.


class Written:
    """Answers what is written down, in that order and to nothing else."""

    def __init__(self, clock: PlayedClock) -> None:
        self.clock = clock
        self.steps: list[dict[str, Any]] = []

    def _answer(self, action: Any) -> Any:
        step = self.steps.pop(0)
        asked = action_json(action)
        if "headers" in asked:
            # What asks is no part of the vectors: it differs from language to language.
            asked["headers"] = [pair for pair in asked["headers"] if pair[0] != "x-goog-api-client"]
        assert asked == {name: value for name, value in step["ask"].items() if name not in MARK}
        reply = reply_of(step["reply"])
        if isinstance(reply, HostFailure):
            raise reply
        return reply

    def http(self, request: HttpRequest) -> Any:
        return self._answer(request)

    def read_env(self, names: list[str]) -> Any:
        return self._answer(sanskey.ReadEnv(names))

    def read_file(self, path: str) -> Any:
        return self._answer(sanskey.ReadFile(path))

    def wait(self, seconds: float) -> Any:
        """A wait is varied by up to half of it, and what is written down is the least."""
        least = self.steps[0]["ask"]["duration_ms"] / 1000
        assert least <= seconds <= least * 1.5
        self.clock.passes(least)
        return self._answer(sanskey.Wait(least))


class WrittenForTheLoop(Written):
    """The same without threads, which would not keep the order."""

    async def http(self, request: HttpRequest) -> Any:
        return self._answer(request)

    async def read_env(self, names: list[str]) -> Any:
        return self._answer(sanskey.ReadEnv(names))

    async def read_file(self, path: str) -> Any:
        return self._answer(sanskey.ReadFile(path))

    async def wait(self, seconds: float) -> Any:
        return Written.wait(self, seconds)


@KINDS
@pytest.mark.parametrize("path", load("token-source"), ids=lambda path: path.stem)
def test_vector(path: Path, kind: Any, clock: PlayedClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    host = (Written if kind is Threads else WrittenForTheLoop)(clock)
    reports: list[ExchangeReport] = []

    def new(**more: Any) -> Any:
        options = {**vector["options"], **more}
        roles = options.get("aws_assume_role")
        return kind.new(
            sanskey.CredentialConfig.from_json(config_text(vector)),
            goal=goal_of(vector["goal"]),
            aws_assume_role=None if roles is None else [AssumeRole(**role) for role in roles],
            host=host,
            on_exchange=reports.append,
        )

    source, printed = new(), []
    for call in vector["calls"]:
        clock.now, clock.uptime = call["now"], call["uptime"]
        host.steps = [step for exchange in call["exchanges"] for step in exchange]
        reports.clear()
        try:
            match call["call"]:
                case "token" | "refresh":
                    token = kind.call(getattr(source, call["call"]))
                    printed.append(token)
                    result: Any = {"token": outcome_json(token, "access_token")["token"]}
                case "fetch":
                    outcome = kind.call(source.fetch, goal_of(call["goal"]))
                    printed.append(outcome)
                    result = {"outcome": outcome_json(outcome, call["goal"]["goal"])}
                case "import":
                    state = source.export_state()
                    source = new(**call.get("options", {}))
                    result = {"imported": source.import_state(state)}
        except SanskeyError as error:
            printed.append(error)
            result = error_result(error, call["result"])
        assert (result, host.steps) == (call["result"], [])
        assert len(reports) == len(call["exchanges"])
        printed += [source, *reports]
    text = shown(*printed) + caplog.text
    assert [secret for secret in vector["secrets"] if secret in text] == []


# Many at once.


class Google:
    """Gives a token for each exchange; each is good for an hour by the played clock."""

    def __init__(self, clock: PlayedClock) -> None:
        self.clock = clock
        self.asked = 0
        self.status = 200
        self.gate: threading.Event | None = None
        self.lock = threading.Lock()

    def http(self, _: HttpRequest, /) -> HttpResponse:
        with self.lock:
            self.asked += 1
            number = self.asked
        if self.gate is not None:
            assert self.gate.wait(20)
        if self.status != 200:
            return HttpResponse(self.status, [], '{"error": "invalid_grant", "error_description": "no"}')
        return HttpResponse(200, [], json.dumps({"access_token": f"token-{number}", "expires_in": 3600}))

    def wait(self, seconds: float) -> None:
        self.clock.passes(seconds)


def source_of(google: Google, kind: Any = Threads, **options: Any) -> Any:
    return kind.new(CONFIG, host=google, subject_token="the-proof", **options)


def in_threads(count: int, function: Callable[[], Any]) -> list[threading.Thread]:
    threads = [threading.Thread(target=function, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def until(is_so: Callable[[], bool]) -> None:
    """Waits for something that another thread is about to do."""
    patience = threading.Event()
    for _ in range(2000):
        if is_so():
            return
        patience.wait(0.01)
    raise AssertionError("it did not happen in 20 s")


def test_64_threads_without_a_token_cause_one_exchange(clock: PlayedClock) -> None:
    google = Google(clock)
    google.gate = threading.Event()
    source, got = source_of(google), list[str]()
    threads = in_threads(MANY, lambda: got.append(source.token().value))
    until(lambda: google.asked == 1)
    google.gate.set()
    for thread in threads:
        thread.join(20)
    assert (got, google.asked) == (["token-1"] * MANY, 1)


def test_64_threads_with_a_stale_token_cause_one_exchange_and_go_on(clock: PlayedClock) -> None:
    google = Google(clock)
    source, got = source_of(google), list[str]()
    assert source.token().value == "token-1"
    clock.passes(3500)
    google.gate = threading.Event()
    threads = in_threads(MANY, lambda: got.append(source.token().value))
    # All but the one who renews it are served while the exchange lasts.
    until(lambda: len(got) == MANY - 1)
    google.gate.set()
    for thread in threads:
        thread.join(20)
    assert (sorted(got), google.asked) == (["token-1"] * (MANY - 1) + ["token-2"], 2)


def test_64_threads_get_the_error_of_one_exchange_and_the_next_call_tries_again(clock: PlayedClock) -> None:
    google = Google(clock)
    google.gate, google.status = threading.Event(), 400
    source, errors = source_of(google), list[SanskeyError]()

    def call() -> None:
        try:
            source.token()
        except SanskeyError as error:
            errors.append(error)

    threads = in_threads(MANY, call)
    until(lambda: google.asked == 1)
    # Whoever comes later than that would make an exchange of its own.
    until(lambda: sum(thread.is_alive() for thread in threads) == MANY)
    google.gate.set()
    for thread in threads:
        thread.join(20)
    assert {error.code for error in errors} == {"sts_rejected"}
    assert len(errors) == MANY
    google.status, before = 200, google.asked
    assert source.token().value == f"token-{before + 1}"


def test_64_tasks_cause_one_exchange(clock: PlayedClock) -> None:
    google = Google(clock)
    source = source_of(google, Loop)

    async def all_of_them() -> list[Token]:
        tokens: list[Token] = await asyncio.gather(*(source.token() for _ in range(MANY)))
        return tokens

    assert {token.value for token in asyncio.run(all_of_them())} == {"token-1"}
    clock.passes(3500)
    values = [token.value for token in asyncio.run(all_of_them())]
    assert (sorted(values), google.asked) == (["token-1"] * (MANY - 1) + ["token-2"], 2)
    clock.passes(4000)
    assert {token.value for token in asyncio.run(all_of_them())} == {"token-3"}


def test_a_cancelled_task_does_not_harm_the_others(clock: PlayedClock) -> None:
    google = Google(clock)
    google.gate = threading.Event()
    source = source_of(google, Loop)

    async def first_is_cancelled() -> list[Token]:
        tasks = [asyncio.create_task(source.token()) for _ in range(5)]
        while google.asked == 0:
            await asyncio.sleep(0.01)
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        assert google.gate is not None
        google.gate.set()
        tokens: list[Token] = await asyncio.gather(*tasks[1:])
        return tokens

    assert [token.value for token in asyncio.run(first_is_cancelled())] == ["token-1"] * 4
    assert google.asked == 1


def test_an_interrupted_thread_hands_over_to_another(clock: PlayedClock) -> None:
    class Interrupting(Google):
        def http(self, request: HttpRequest) -> HttpResponse:
            response = super().http(request)
            if self.asked == 1:
                raise KeyboardInterrupt
            return response

    google = Interrupting(clock)
    google.gate = threading.Event()
    source, got, interrupted = source_of(google), list[str](), list[BaseException]()

    def call() -> None:
        try:
            got.append(source.token().value)
        except KeyboardInterrupt as problem:
            interrupted.append(problem)

    threads = in_threads(4, call)
    until(lambda: google.asked == 1)
    google.gate.set()
    for thread in threads:
        thread.join(20)
    assert (got, len(interrupted), google.asked) == (["token-2"] * 3, 1, 2)


class Asking(Google):
    """A host, such as one that ships its log to Google Cloud, that needs the token which it is asked to get."""

    source: Any = None

    def http(self, request: HttpRequest) -> HttpResponse:
        for method in (self.source.token, self.source.refresh):
            with pytest.raises(MisuseError, match="the token that it is called for"):
                method()
        return super().http(request)


class AskingInTheLoop(Google):
    source: Any = None

    async def http(self, request: HttpRequest) -> HttpResponse:  # type: ignore[override]
        for method in (self.source.token, self.source.refresh):
            with pytest.raises(MisuseError, match="the token that it is called for"):
                await asyncio.wait_for(asyncio.create_task(method()), 10)
        return super().http(request)


@pytest.mark.parametrize(("kind", "asking"), [(Threads, Asking), (Loop, AskingInTheLoop)])
def test_who_gets_the_token_cannot_wait_for_it(kind: Any, asking: type[Google], clock: PlayedClock) -> None:
    google: Any = asking(clock)
    google.source = source = source_of(google, kind)
    assert kind.call(source.token).value == "token-1"
    clock.passes(4000)
    assert kind.call(source.token).value == "token-2"


def test_nobody_waits_for_good_for_a_thread_that_is_gone(clock: PlayedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two lines of Python a thread can be interrupted, and then nothing tells those who wait."""
    monkeypatch.setattr(sanskey.token_source, "PATIENCE", 0.1)
    google = Google(clock)
    source = source_of(google)
    lost = source._fly
    monkeypatch.setattr(source, "_fly", lambda _: None)
    threads = in_threads(1, source.token)
    until(lambda: source._flight is not None)
    monkeypatch.setattr(source, "_fly", lost)
    assert source.token().value == "token-1"
    for thread in threads:
        thread.join(20)
    assert google.asked == 1


def test_nobody_waits_for_good_for_a_host_that_never_answers(
    clock: PlayedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sanskey._aio_token_source, "PATIENCE", 0.1)

    class Stuck(Google):
        async def http(self, request: HttpRequest) -> HttpResponse:  # type: ignore[override]
            if self.asked == 0:
                self.asked = 1
                await asyncio.Event().wait()
            return super().http(request)

    google: Any = Stuck(clock)
    source = source_of(google, Loop)
    assert asyncio.run(asyncio.wait_for(source.token(), 10)).value == "token-2"


@KINDS
def test_an_interruption_leaves_the_record_and_the_core_agreed(
    kind: Any, clock: PlayedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the core's new token and the record of it, as by a signal's handler."""
    google = Google(clock)
    source = source_of(google, kind)
    assert kind.call(source.token).value == "token-1"
    clock.passes(4000)

    def interrupted() -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(source._state, "_take_token", interrupted)
        with pytest.raises(SystemExit):
            kind.call(source.token)
    assert kind.call(source.token).value == "token-2"


@KINDS
def test_a_stop_iteration_of_a_host_is_no_end(kind: Any, clock: PlayedClock) -> None:
    class Exhausted(Google):
        def http(self, _: HttpRequest, /) -> HttpResponse:
            self.asked += 1
            raise StopIteration

    google = Exhausted(clock)
    with pytest.raises((StopIteration, RuntimeError)):
        kind.call(source_of(google, kind).token)
    assert google.asked == 1


@KINDS
def test_a_function_that_fails_is_not_asked_again_at_once(kind: Any, clock: PlayedClock) -> None:
    google, asked = Google(clock), list[int]()

    def proof(_: Any) -> str:
        asked.append(1)
        if len(asked) > 1:
            raise ZeroDivisionError
        return "the-proof"

    source = kind.new(CONFIG, host=google, subject_token=proof)
    assert kind.call(source.token).value == "token-1"
    clock.passes(3500)
    for _ in range(20):
        assert kind.call(source.token).value == "token-1"
    assert len(asked) == 2
    clock.passes(16)
    assert kind.call(source.token).value == "token-1"
    assert len(asked) == 3


@KINDS
def test_a_token_that_is_short_lived_is_not_replaced_at_every_call(kind: Any, clock: PlayedClock) -> None:
    class Brief(Google):
        def http(self, request: HttpRequest, /) -> HttpResponse:
            body = {**json.loads(super().http(request).body), "expires_in": 200}
            return HttpResponse(200, [], json.dumps(body))

    google = Brief(clock)
    source = source_of(google, kind)
    for _ in range(20):
        assert kind.call(source.token).value == "token-1"
    clock.passes(15)
    assert kind.call(source.token).value == "token-2"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_does_not_lose_a_refresh_token(clock: PlayedClock, interruption: type[BaseException]) -> None:
    sent = list[str]()

    class Rotating(Google):
        def http(self, request: HttpRequest, /) -> HttpResponse:
            sent.append(request.body)
            if "generateAccessToken" in request.url:
                raise interruption
            return HttpResponse(200, [], json.dumps({"access_token": "t", "expires_in": 60, "refresh_token": "second"}))

    person = {
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "first",
    }
    config = {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": ACCOUNT.service_account_impersonation_url,
        "source_credentials": person,
    }
    source = TokenSource(config, host=Rotating(clock))
    for _ in range(2):
        with pytest.raises(interruption):
            source.token()
    assert ["refresh_token=first" in sent[0], "refresh_token=second" in sent[2]] == [True, True]


# Failures.


@KINDS
def test_whatever_a_host_raises_a_good_token_is_kept(
    kind: Any, clock: PlayedClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Google):
        problem: Exception | None = None

        def http(self, request: HttpRequest) -> HttpResponse:
            if self.problem is not None:
                self.asked += 1
                raise self.problem
            return super().http(request)

    google = Broken(clock)
    source = source_of(google, kind)
    kind.call(source.token)
    clock.passes(3400)
    google.problem = ZeroDivisionError("the-secret-of-a-host")
    assert kind.call(source.token).value == "token-1"
    assert ("ZeroDivisionError" in caplog.text, "the-secret" in caplog.text) == (True, False)
    assert kind.call(source.token).value == "token-1"
    assert google.asked == 2
    with pytest.raises(ZeroDivisionError):
        kind.call(source.refresh)
    clock.passes(200)
    with pytest.raises(ZeroDivisionError):
        kind.call(source.token)
    google.problem = None
    assert kind.call(source.token).value == "token-5"


@KINDS
def test_a_function_is_asked_for_each_exchange_and_may_fail(kind: Any, clock: PlayedClock) -> None:
    google, proofs = Google(clock), ["first", "second"]

    def proof(_: sanskey.SubjectTokenContext) -> str:
        if not proofs:
            raise LookupError("there is no proof")
        return proofs.pop(0)

    source = kind.new(CONFIG, host=google, subject_token=proof)
    assert proofs == ["first", "second"]
    kind.call(source.token)
    clock.passes(3500)
    assert kind.call(source.token).value == "token-2"
    clock.passes(3500)
    assert kind.call(source.token).value == "token-2"
    clock.passes(200)
    with pytest.raises(LookupError):
        kind.call(source.token)


@KINDS
def test_what_cannot_work_is_refused_at_once(kind: Any) -> None:
    with pytest.raises(ConfigError):
        kind.new({"type": "service_account"})
    wrong_ones: list[dict[str, Any]] = [
        {"goal": goals.SignBlob(b"x")},
        {"goal": goals.Revocation()},
        {"goal": goals.AccessToken(), "scopes": "scope"},
        {"on_step": 5},
        {"on_exchange": "print"},
        {"host": Google},
        {"endpoints": "everywhere"},
    ]
    for wrong in wrong_ones:
        with pytest.raises(MisuseError):
            kind.new(CONFIG, **wrong)


# The rest of its life.


@KINDS
def test_the_state_is_a_secret_text_that_only_its_own_source_takes(kind: Any, clock: PlayedClock) -> None:
    google = Google(clock)
    source = source_of(google, kind)
    kind.call(source.token)
    state = source.export_state()
    assert "token-1" in state
    assert "token-1" not in f"{source!r} {source}"
    successor = source_of(google, kind)
    for other in ["", "nonsense", "{}", "[]", state[:-1], state.replace('"owner":"', '"owner":"0')]:
        assert successor.import_state(other) is False
    assert kind.new(ACCOUNT, host=google, subject_token="p").import_state(state) is False
    assert source_of(google, kind, scopes="another").import_state(state) is False
    assert successor.import_state(state) is True
    assert (kind.call(successor.token).value, google.asked) == ("token-1", 1)


@KINDS
def test_sources_share_nothing(kind: Any, clock: PlayedClock) -> None:
    first, second = Google(clock), Google(clock)
    sources = [source_of(first, kind), source_of(second, kind)]
    for _ in range(3):
        for source in sources:
            kind.call(source.token)
    assert (first.asked, second.asked) == (1, 1)


@KINDS
def test_a_source_that_nobody_has_is_given_back(kind: Any, clock: PlayedClock) -> None:
    source = source_of(Google(clock), kind)
    kind.call(source.token)
    gone = weakref.ref(source)
    del source
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_goes_on_though_a_thread_of_its_parent_was_at_work(clock: PlayedClock) -> None:
    google = Google(clock)
    google.gate = threading.Event()
    source = source_of(google)
    threads = in_threads(2, source.token)
    until(lambda: google.asked == 1)

    def child(pipe: Any) -> None:
        google.gate, google.lock = None, threading.Lock()
        pipe.send(source.token().value)

    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
    process.start()
    assert here.poll(20)
    assert here.recv() == "token-2"
    process.join(20)
    google.gate.set()
    for thread in threads:
        thread.join(20)
    assert source.token().value == "token-1"


@KINDS
def test_ten_thousand_refreshes_with_random_faults_lose_nobody(kind: Any, clock: PlayedClock) -> None:
    seed = random.randrange(2**32)
    draw = random.Random(seed)
    got_at: dict[str, float] = {}

    class Faulty(Google):
        def http(self, request: HttpRequest, /) -> HttpResponse:
            fault = draw.random()
            if fault < 0.1:
                raise HostFailure(draw.choice(["timeout", "unreachable", "other"]), "drawn")
            if fault < 0.15:
                raise ValueError("drawn")
            self.status = draw.choice([400, 401, 403, 404, 500, 503]) if fault < 0.3 else 200
            response = super().http(request)
            got_at[f"token-{self.asked}"] = clock.uptime
            return response

    exchanges, calls, tokens, errors = 0, 0, 0, 0
    after_a_hundred = 0

    def count(_: ExchangeReport) -> None:
        nonlocal exchanges
        exchanges += 1

    source = source_of(Faulty(clock), kind, on_exchange=count)

    async def call_often() -> None:
        nonlocal calls, tokens, errors, after_a_hundred
        while exchanges < 10_000:
            calls += 1
            clock.passes(draw.choice([1, 20, 400, 3300, 3550, 5000]))
            if draw.random() < 0.02:
                clock.is_set(draw.randint(-7200, 7200))
            before = exchanges
            try:
                token = await source.token() if kind is Loop else source.token()
            except (SanskeyError, ValueError):
                errors += 1
            else:
                tokens += 1
                # A clock that is set does not make a token live longer.
                assert got_at[token.value] + 3600 > clock.uptime, f"seed {seed}: an expired token"
            assert exchanges <= before + 1, f"seed {seed}: one call, several exchanges"
            if calls == 100:
                gc.collect()
                after_a_hundred = len(gc.get_objects())

    asyncio.run(call_often())
    assert tokens + errors == calls, f"seed {seed}"
    assert tokens > errors > 0, f"seed {seed}"
    got_at.clear()
    gc.collect()
    assert len(gc.get_objects()) < after_a_hundred + 1000, f"seed {seed}: a leak"


def test_both_kinds_have_the_same_methods() -> None:
    def names(kind: type[Any]) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert names(TokenSource) == names(aio.TokenSource)


def test_a_refused_source_says_what_the_server_said(clock: PlayedClock) -> None:
    google = Google(clock)
    google.status = 400
    with pytest.raises(RemoteError) as caught:
        source_of(google).token()
    assert (caught.value.code, caught.value.error) == ("sts_rejected", "invalid_grant")

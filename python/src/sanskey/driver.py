"""The host loop: brings an exchange and a host together until there is an outcome.

`exchange_flow` is the loop without any I/O: a generator that yields the asks of a round and is sent their answers.
`fetch_token` and its like drive it here, and those of `sanskey.aio` drive the same one in an event loop.
"""

from __future__ import annotations

import sys
from time import perf_counter, sleep

from ._arguments import refused
from ._record import Record
from .actions import Ask, HttpRequest, HttpResponse, ReadEnv, ReadFile, RunCommand
from .errors import HostFailure, SanskeyError, invalid_argument
from .exchange import Done, Exchange
from .goals import AccessToken, Introspection, Revocation, scope_list
from .host import SystemHost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any, Literal

    from typing_extensions import Unpack

    from .aliases import (
        Action,
        AwsCredentialsLike,
        AwsOptions,
        ConfigLike,
        Endpoints,
        FailureKind,
        Fault,
        Now,
        Outcome,
        Reply,
        Scopes,
        Stage,
        SubjectTokenLike,
    )
    from .codes import ErrorCode
    from .protocol import ExchangeListener, HttpHost, StepListener
    from .token import Token, TokenInfo

    Answer = tuple[str, Reply]

API_CLIENT = "gl-python/{}.{}.{}".format(*sys.version_info)
"""What asks, in the words of Google's own libraries."""


class StepReport(Record):
    """One ask, answered. Its repr shows nothing secret."""

    ask_id: str
    action: Action
    status: int | None
    """The status, if the answer is one to an HTTP request."""
    failure: FailureKind | None
    """Why the host could not do it, if it could not."""
    duration: float
    """Seconds."""
    step: str = ""
    """What it is about, whichever try this is: `sts` for `sts-2`."""
    attempt: int = 1
    """Which try of the step it is, or, for a wait, which one it comes before."""


class ExchangeReport(Record):
    """One exchange, which is over. Its repr shows nothing secret."""

    goal: str
    """What it was for, such as `access_token`."""
    duration: float
    """Seconds."""
    requests: int
    """How many HTTP requests were made."""
    error: ErrorCode | Literal["other"] | None = None
    """Why it has failed, if it has; `other` for what a host or a listener raised and is no error of sanskey."""
    stage: Stage | None = None
    """How far it had come then."""
    fault: Fault | None = None
    """Whose that is to mend."""


def fetch_token(
    config: ConfigLike,
    *,
    scopes: Scopes = None,
    host: HttpHost | None = None,
    aws_credentials: AwsCredentialsLike | None = None,
    subject_token: SubjectTokenLike | None = None,
    actor_token: str | None = None,
    actor_token_type: str | None = None,
    bind_to_certificate: bool = False,
    token_servers: str | Sequence[str] = (),
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
    on_exchange: ExchangeListener | None = None,
    **aws: Unpack[AwsOptions],
) -> Token:
    """Gets an access token for Google Cloud.

    `config` is a `CredentialConfig`, the dict or JSON text of one, or the path of its file. `scopes` is a list, or a
    str separated by spaces or commas; without it the token is for `cloud-platform`. `host` does the I/O; without it
    `SystemHost` does. `endpoints="loopback"` also allows URLs of the own machine, for tests. `on_step` is told of each
    step, and `on_exchange` of the end, whichever it is.

    `aws_credentials` stands for what would be asked of the environment and the instance; it may be an `AwsCredentials`,
    a session or credentials of boto3 or botocore, or a function without arguments that returns any of these. The
    options `aws_region`, `aws_profile`, `aws_assume_role`, `aws_get_session_token` and `aws_web_identity_token` are
    those of `Exchange`; `AwsOptions` says what each is.

    `subject_token` is the proof of identity itself, or a function of a `SubjectTokenContext` that returns it, and is
    called once. `actor_token` is a proof of who acts for the workload, a JWT unless `actor_token_type` says otherwise.
    `bind_to_certificate` makes the federated token useless without the key of the X.509 certificate. `token_servers`
    are hosts, such as `idp.example.com`, that may give the workload its token beside those that are known.

    Raises `ConfigError`, `HostError`, `RemoteError` or `MisuseError`; all are a `SanskeyError`. What a host raises
    besides `HostFailure` is passed on.
    """
    exchange = Exchange(
        config,
        AccessToken(scope_list(scopes)),
        aws_credentials=aws_credentials,
        subject_token=subject_token,
        actor_token=actor_token,
        actor_token_type=actor_token_type,
        bind_to_certificate=bind_to_certificate,
        token_servers=token_servers,
        api_client=API_CLIENT,
        endpoints=endpoints,
        **aws,
    )
    token: Token = run(exchange, host, on_step, on_exchange)
    return token


def introspect_token(
    config: ConfigLike,
    token: Token | str,
    *,
    host: HttpHost | None = None,
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
    on_exchange: ExchangeListener | None = None,
) -> TokenInfo:
    """Asks Google's Security Token Service whose a federated token is, and whether it is good (RFC 7662).

    `token` is one that this configuration gives without a service account, or its value. The service answers OAuth
    clients: `config` must have `client_id` and `client_secret`. The other arguments, and what is raised, are those of
    `fetch_token`.
    """
    info: TokenInfo = run(Exchange(config, Introspection(token), endpoints=endpoints), host, on_step, on_exchange)
    return info


def revoke_login(
    config: ConfigLike,
    *,
    host: HttpHost | None = None,
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
    on_exchange: ExchangeListener | None = None,
) -> None:
    """Ends a person's login: revokes the refresh token of an `external_account_authorized_user` (RFC 7009).

    The arguments, and what is raised, are those of `fetch_token`.
    """
    run(Exchange(config, Revocation(), endpoints=endpoints), host, on_step, on_exchange)


def run(
    exchange: Exchange,
    host: object,
    on_step: StepListener | None,
    on_exchange: ExchangeListener | None = None,
) -> Any:
    """Drives an exchange to its outcome, whose class follows from the goal. Without a host, by `SystemHost`."""
    host = SystemHost() if host is None else host
    check_drive(host, on_step, on_exchange)
    flow = exchange_flow(exchange)
    started, problem = perf_counter(), None
    answers: list[Answer] | None = None
    try:
        while True:
            try:
                asks = next(flow) if answers is None else flow.send(answers)
            except StopIteration as end:
                tell_of_the_clock(exchange)
                return end.value
            answers = _answer_round(host, asks, on_step)
    except BaseException as raised:
        problem = raised
        raise
    finally:
        tell_of_the_end(exchange, perf_counter() - started, problem, on_exchange)


def exchange_flow(exchange: Exchange, now: Now = None) -> Generator[list[Ask], Sequence[Answer], Outcome]:
    """Yields the asks of each round, is sent pairs of id and reply, and returns the outcome. It does no I/O."""
    answers: Sequence[Answer] = ()
    while True:
        step = exchange.advance(answers, now)
        if isinstance(step, Done):
            return step.outcome
        answers = yield step.asks


def check_drive(host: object, on_step: object, on_exchange: object) -> None:
    """A host is an instance, and listeners can be called. Raises `MisuseError`."""
    if isinstance(host, type):
        raise invalid_argument(f"host is the class {host.__name__}, but must be an instance of it.")
    if on_step is not None and not callable(on_step):
        raise refused("on_step", on_step, "a function of a StepReport, or None")
    if on_exchange is not None and not callable(on_exchange):
        raise refused("on_exchange", on_exchange, "a function of an ExchangeReport, or None")


def _answer_round(host: object, asks: list[Ask], on_step: StepListener | None) -> list[Answer]:
    """Answers the asks of a round: at once where they are independent requests of `SystemHost`, else in order.

    A caller's own `http` stays in the caller's thread, because its client may not be made for several.
    """
    at_once = len(asks) > 1 and getattr(type(host), "http", None) is SystemHost.http
    if not at_once or not all(isinstance(ask.action, HttpRequest) for ask in asks):
        return [_answer(host, ask, on_step) for ask in asks]
    from ._threads import map_at_once

    # The listener is called from the caller's thread only, when all is done.
    reports: list[StepReport] = []
    answers = map_at_once(lambda ask: _answer(host, ask, reports.append), asks)
    if on_step:
        for report in reports:
            on_step(report)
    return answers


def _answer(host: object, ask: Ask, on_step: StepListener | None) -> Answer:
    started = perf_counter()
    try:
        method, argument = method_for(host, ask.action)
        reply: Reply = method(argument)
    except HostFailure as failure:
        reply = failure
    tell(ask, reply, perf_counter() - started, on_step)
    return ask.id, reply


def method_for(host: object, action: Action) -> tuple[Callable[[Any], Any], object]:
    """The host's method for an action, and its argument. Raises `HostFailure` if the host has none."""
    name: str
    argument: object
    if isinstance(action, HttpRequest):
        name, argument = "http", action
    elif isinstance(action, ReadEnv):
        name, argument = "read_env", action.names
    elif isinstance(action, ReadFile):
        name, argument = "read_file", action.path
    elif isinstance(action, RunCommand):
        name, argument = "run_command", action
    else:
        name, argument = "wait", action.duration
    method = getattr(host, name, None)
    if method is None and name == "wait":
        # That needs no permission and no configuration.
        return sleep, argument
    if method is None:
        raise HostFailure("unsupported", f"this host has no method {name!r}")
    return method, argument


def tell(ask: Ask, reply: Reply, duration: float, on_step: StepListener | None) -> None:
    """Reports a step to the listener, and to the logger `sanskey` at level DEBUG."""
    status = reply.status if isinstance(reply, HttpResponse) else None
    failure = reply.kind if isinstance(reply, HostFailure) else None
    if on_step:
        on_step(StepReport(ask.id, ask.action, status, failure, duration, ask.step, ask.attempt))
    # Whoever wants to see log lines has imported logging. Importing it for everybody costs milliseconds.
    logging = sys.modules.get("logging")
    if logging is None:
        return
    result = failure or status or "done"
    logging.getLogger("sanskey").debug("%s: %s after %.0f ms", ask.id, result, duration * 1000)


def tell_of_the_end(
    exchange: Exchange, duration: float, problem: BaseException | None, on_exchange: ExchangeListener | None
) -> None:
    """Reports how an exchange has ended to the listener, and to the logger `sanskey` at level DEBUG."""
    error, stage, fault = _causes(problem)
    requests = exchange._requests()
    if on_exchange:
        report = ExchangeReport(exchange._goal, duration, requests, error, stage, fault)
        try:
            on_exchange(report)
        except Exception:
            # What interrupts the exchange must not become an error of a listener.
            if problem is None or isinstance(problem, Exception):
                raise
    logging = sys.modules.get("logging")
    if logging is None:
        return
    line = "%s: %s after %.0f ms and %d requests"
    logging.getLogger("sanskey").debug(line, exchange._goal, error or "done", duration * 1000, requests)


def _causes(problem: BaseException | None) -> tuple[Any, Stage | None, Fault | None]:
    if isinstance(problem, SanskeyError):
        return problem.code, problem.stage, problem.fault
    return None if problem is None else "other", None, None


def tell_of_the_clock(exchange: Exchange) -> None:
    """Warns if the exchange has only succeeded because it went by a server's clock.

    Of a program that has not configured logging, Python prints warnings to standard error: here it should.
    """
    skew = exchange.clock_skew
    if not skew:
        return
    from logging import getLogger

    where = "behind" if skew > 0 else "ahead"
    message = "the clock of this machine is %d seconds %s; the request was signed again with the server's time"
    getLogger("sanskey").warning(message, abs(skew), where)

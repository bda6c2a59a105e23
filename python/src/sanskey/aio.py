"""The host loop for an event loop (asyncio). A host's methods may be coroutine functions or not."""

from __future__ import annotations

import asyncio
from inspect import isawaitable, iscoroutinefunction
from time import perf_counter

from .actions import Ask, Wait
from .driver import check_drive, exchange_flow, method_for, tell
from .errors import HostFailure
from .exchange import Exchange
from .goals import AccessToken, scope_list
from .host import SystemHost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aliases import Action, ConfigLike, Endpoints, Outcome, Reply, Scopes
    from .aws import AwsCredentials
    from .driver import Answer
    from .protocol import AsyncHttpHost, StepListener
    from .token import Token


async def fetch_token(
    config: ConfigLike,
    *,
    scopes: Scopes = None,
    host: AsyncHttpHost | None = None,
    aws_credentials: AwsCredentials | None = None,
    aws_region: str | None = None,
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
) -> Token:
    """Gets an access token for Google Cloud, as `sanskey.fetch_token` does, without blocking the event loop.

    What is no coroutine function of the host runs in a thread, so all asks of a round are answered at once.
    """
    exchange = Exchange(
        config,
        AccessToken(scope_list(scopes)),
        aws_credentials=aws_credentials,
        aws_region=aws_region,
        endpoints=endpoints,
    )
    return await run(exchange, SystemHost() if host is None else host, on_step)


async def run(exchange: Exchange, host: object, on_step: StepListener | None = None) -> Outcome:
    """Drives an exchange to its outcome."""
    check_drive(host, on_step)
    flow = exchange_flow(exchange)
    try:
        asks = next(flow)
        while True:
            asks = flow.send(await _answer_round(host, asks, on_step))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


async def _answer_round(host: object, asks: list[Ask], on_step: StepListener | None) -> list[Answer]:
    """Answers all asks at once. If a host raises, the exception of the first such ask is passed on."""
    results = await asyncio.gather(*(_answer(host, ask, on_step) for ask in asks), return_exceptions=True)
    answers: list[Answer] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        answers.append(result)
    return answers


async def _answer(host: object, ask: Ask, on_step: StepListener | None) -> Answer:
    started = perf_counter()
    try:
        reply = await _call(host, ask.action)
    except HostFailure as failure:
        reply = failure
    tell(ask, reply, perf_counter() - started, on_step)
    return ask.id, reply


async def _call(host: object, action: Action) -> Reply:
    if isinstance(action, Wait) and _leaves_waiting_to_the_loop(host):
        # A sleeping thread could not be cancelled, and would hold up the end of the event loop.
        await asyncio.sleep(action.duration)
        return None
    method, argument = method_for(host, action)
    reply = method(argument) if iscoroutinefunction(method) else await asyncio.to_thread(method, argument)
    result: Reply = await reply if isawaitable(reply) else reply
    return result


def _leaves_waiting_to_the_loop(host: object) -> bool:
    return getattr(host, "wait", None) is None or getattr(type(host), "wait", None) is SystemHost.wait

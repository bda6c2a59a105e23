"""The host loop in an event loop: what `sanskey.aio` is made of."""

from __future__ import annotations

import asyncio
from inspect import isawaitable, iscoroutinefunction
from time import perf_counter

from .actions import Ask, RunCommand, Wait
from .driver import check_drive, exchange_flow, method_for, tell, tell_of_the_clock, tell_of_the_end
from .errors import HostFailure
from .exchange import Exchange
from .host import SystemHost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._aws_sdk import Resolved
    from .aliases import Action, AsyncAwsCredentialsLike, AsyncSubjectTokenLike, Reply
    from .aws import AwsCredentials
    from .config import CredentialConfig
    from .driver import Answer
    from .protocol import ExchangeListener, StepListener


async def run(
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
            answers = await _answer_round(host, asks, on_step)
    except BaseException as raised:
        problem = raised
        raise
    finally:
        tell_of_the_end(exchange, perf_counter() - started, problem, on_exchange)


async def with_what_is_known(options: dict[str, Any], config: CredentialConfig) -> dict[str, Any]:
    """The options of an `Exchange`: sessions and functions among them have been asked."""
    options = dict(options)
    if options.get("aws_credentials") is not None:
        options["aws_credentials"] = await _key(options["aws_credentials"], options)
    options["subject_token"] = await _proof(options.get("subject_token"), config)
    return options


async def _key(given: AsyncAwsCredentialsLike, aws: dict[str, Any]) -> AwsCredentials:
    """The key behind whatever was given. If it is a session, its region becomes an option, unless there is one."""
    from .aws import AwsCredentials

    if isinstance(given, AwsCredentials):
        return given
    from ._aws_sdk import resolution

    flow, result = resolution(given, aws.get("aws_region")), None
    while True:
        try:
            call = flow.send(result)
        except StopIteration as end:
            resolved: Resolved = end.value
            key, aws["aws_region"] = resolved
            return key
        result = await _awaited(call)


async def _proof(given: AsyncSubjectTokenLike | None, config: CredentialConfig) -> str | None:
    """The subject token that was given, or what the function that was given returns in the end."""
    if given is None or isinstance(given, str):
        return given
    from .supplied import checked, context_for

    return checked(await _awaited(given, context_for(given, config)))


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
    if (
        isinstance(action, RunCommand)
        and isinstance(host, SystemHost)
        and getattr(method, "__func__", None) is SystemHost.run_command
    ):
        return await _run_command(host, action)
    reply: Reply = await _awaited(method, argument)
    return reply


async def _run_command(host: SystemHost, command: RunCommand) -> Reply:
    """Runs a program, which is ended if the task is cancelled: its thread would go on, and the loop wait for it."""
    from ._command import Program

    program = Program(command, host._env)
    try:
        return await asyncio.to_thread(program.run)
    except asyncio.CancelledError:
        program.stop()
        raise


async def _awaited(function: Callable[..., Any], *arguments: object) -> Any:
    """What it returns in the end, whether it is a coroutine function, returns an awaitable, or blocks."""
    result = (
        function(*arguments) if iscoroutinefunction(function) else await asyncio.to_thread(_called, function, arguments)
    )
    return await result if isawaitable(result) else result


def _called(function: Callable[..., Any], arguments: tuple[object, ...]) -> Any:
    try:
        return function(*arguments)
    except StopIteration as problem:
        # No future takes it, and who waits for it would wait for good.
        raise RuntimeError("a method of the host raised StopIteration") from problem


def _leaves_waiting_to_the_loop(host: object) -> bool:
    return getattr(host, "wait", None) is None or getattr(type(host), "wait", None) is SystemHost.wait

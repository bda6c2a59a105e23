"""The host loop for an event loop (asyncio). A host's methods may be coroutine functions or not."""

from __future__ import annotations

import asyncio
from inspect import isawaitable, iscoroutinefunction
from time import perf_counter

from .actions import Ask, RunCommand, Wait
from .config import load
from .driver import API_CLIENT, check_drive, exchange_flow, method_for, tell, tell_of_the_clock
from .errors import HostFailure
from .exchange import Exchange
from .goals import (
    AccessToken,
    DelegatedAccessToken,
    DownscopedAccessToken,
    IdToken,
    Introspection,
    Revocation,
    SignBlob,
    SignJwt,
    SignUrl,
    scope_list,
)
from .host import SystemHost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from typing import Any

    from typing_extensions import Unpack

    from ._aws_sdk import Resolved
    from .aliases import (
        Action,
        AsyncAwsCredentialsLike,
        AsyncFetchOptions,
        AsyncSubjectTokenLike,
        AwsOptions,
        ConfigLike,
        Endpoints,
        Goal,
        Headers,
        Reply,
        Scopes,
    )
    from .aws import AwsCredentials
    from .config import CredentialConfig
    from .driver import Answer
    from .protocol import AsyncHttpHost, StepListener
    from .token import SignedBlob, SignedJwt, SignedUrl, Token, TokenInfo


async def fetch_token(
    config: ConfigLike,
    *,
    scopes: Scopes = None,
    host: AsyncHttpHost | None = None,
    aws_credentials: AsyncAwsCredentialsLike | None = None,
    subject_token: AsyncSubjectTokenLike | None = None,
    actor_token: str | None = None,
    actor_token_type: str | None = None,
    bind_to_certificate: bool = False,
    token_servers: str | Sequence[str] = (),
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
    **aws: Unpack[AwsOptions],
) -> Token:
    """Gets an access token for Google Cloud, as `sanskey.fetch_token` does, without blocking the event loop.

    What is no coroutine function of the host runs in a thread, so all asks of a round are answered at once. The same
    holds for `aws_credentials`, which may also be a coroutine function, or a session of aiobotocore, and for
    `subject_token`, which may be a coroutine function, too.
    """
    options: AsyncFetchOptions = {
        "host": host,
        "aws_credentials": aws_credentials,
        "subject_token": subject_token,
        "actor_token": actor_token,
        "actor_token_type": actor_token_type,
        "bind_to_certificate": bind_to_certificate,
        "token_servers": token_servers,
        "endpoints": endpoints,
        "on_step": on_step,
        **aws,
    }
    token: Token = await _fetch(config, AccessToken(scope_list(scopes)), options)
    return token


async def fetch_id_token(
    config: ConfigLike, audience: str, *, include_email: bool = True, **options: Unpack[AsyncFetchOptions]
) -> Token:
    """As `sanskey.fetch_id_token` does, without blocking the event loop."""
    token: Token = await _fetch(config, IdToken(audience, include_email), options)
    return token


async def sign_blob(config: ConfigLike, payload: bytes, **options: Unpack[AsyncFetchOptions]) -> SignedBlob:
    """As `sanskey.sign_blob` does, without blocking the event loop."""
    signed: SignedBlob = await _fetch(config, SignBlob(payload), options)
    return signed


async def sign_jwt(
    config: ConfigLike, claims: Mapping[str, object] | str, **options: Unpack[AsyncFetchOptions]
) -> SignedJwt:
    """As `sanskey.sign_jwt` does, without blocking the event loop."""
    signed: SignedJwt = await _fetch(config, SignJwt(claims), options)
    return signed


async def sign_url(
    config: ConfigLike,
    bucket: str,
    object: str,
    expires_in: float | timedelta,
    *,
    method: str = "GET",
    headers: Headers = (),
    query: Headers = (),
    virtual_hosted: bool = False,
    bucket_bound_host: str | None = None,
    **options: Unpack[AsyncFetchOptions],
) -> SignedUrl:
    """As `sanskey.sign_url` does, without blocking the event loop."""
    goal = SignUrl(bucket, object, expires_in, method, headers, query, virtual_hosted, bucket_bound_host)
    signed: SignedUrl = await _fetch(config, goal, options)
    return signed


async def fetch_delegated_token(
    config: ConfigLike,
    subject: str,
    scopes: Scopes,
    *,
    token_url: str | None = None,
    **options: Unpack[AsyncFetchOptions],
) -> Token:
    """As `sanskey.fetch_delegated_token` does, without blocking the event loop."""
    token: Token = await _fetch(config, DelegatedAccessToken(subject, scopes, token_url), options)
    return token


async def fetch_downscoped_token(
    config: ConfigLike,
    access_boundary: Mapping[str, object] | str,
    *,
    scopes: Scopes = None,
    **options: Unpack[AsyncFetchOptions],
) -> Token:
    """As `sanskey.fetch_downscoped_token` does, without blocking the event loop."""
    token: Token = await _fetch(config, DownscopedAccessToken(access_boundary, scopes), options)
    return token


async def _fetch(config: ConfigLike, goal: Goal, options: AsyncFetchOptions) -> Any:
    rest: dict[str, Any] = {**options}
    host, on_step = rest.pop("host", None), rest.pop("on_step", None)
    config = load(config)
    if rest.get("aws_credentials") is not None:
        rest["aws_credentials"] = await _key(rest["aws_credentials"], rest)
    rest["subject_token"] = await _proof(rest.get("subject_token"), config)
    return await run(Exchange(config, goal, api_client=API_CLIENT, **rest), host, on_step)


async def introspect_token(
    config: ConfigLike,
    token: Token | str,
    *,
    host: AsyncHttpHost | None = None,
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
) -> TokenInfo:
    """Asks whose a federated token is, as `sanskey.introspect_token` does, without blocking the event loop."""
    info: TokenInfo = await run(Exchange(config, Introspection(token), endpoints=endpoints), host, on_step)
    return info


async def revoke_login(
    config: ConfigLike,
    *,
    host: AsyncHttpHost | None = None,
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
) -> None:
    """Ends a person's login, as `sanskey.revoke_login` does, without blocking the event loop."""
    await run(Exchange(config, Revocation(), endpoints=endpoints), host, on_step)


async def run(exchange: Exchange, host: object, on_step: StepListener | None) -> Any:
    """Drives an exchange to its outcome, whose class follows from the goal. Without a host, by `SystemHost`."""
    host = SystemHost() if host is None else host
    check_drive(host, on_step)
    flow = exchange_flow(exchange)
    try:
        asks = next(flow)
        while True:
            asks = flow.send(await _answer_round(host, asks, on_step))
    except StopIteration as end:
        tell_of_the_clock(exchange)
        return end.value


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
    result = function(*arguments) if iscoroutinefunction(function) else await asyncio.to_thread(function, *arguments)
    return await result if isawaitable(result) else result


def _leaves_waiting_to_the_loop(host: object) -> bool:
    return getattr(host, "wait", None) is None or getattr(type(host), "wait", None) is SystemHost.wait

"""The host loop for an event loop (asyncio). A host's methods may be coroutine functions or not."""

from __future__ import annotations

from ._aio_driver import run, with_what_is_known
from ._aio_token_source import TokenSource as TokenSource
from .config import load
from .driver import API_CLIENT
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from typing import Any

    from typing_extensions import Unpack

    from .aliases import (
        AsyncAwsCredentialsLike,
        AsyncFetchOptions,
        AsyncSubjectTokenLike,
        AwsOptions,
        ConfigLike,
        Endpoints,
        Goal,
        Headers,
        Scopes,
    )
    from .protocol import AsyncHttpHost, ExchangeListener, StepListener
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
    on_exchange: ExchangeListener | None = None,
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
        "on_exchange": on_exchange,
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
    drive = [rest.pop(name, None) for name in ("host", "on_step", "on_exchange")]
    config = load(config)
    rest = await with_what_is_known(rest, config)
    return await run(Exchange(config, goal, api_client=API_CLIENT, **rest), *drive)


async def introspect_token(
    config: ConfigLike,
    token: Token | str,
    *,
    host: AsyncHttpHost | None = None,
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
    on_exchange: ExchangeListener | None = None,
) -> TokenInfo:
    """Asks whose a federated token is, as `sanskey.introspect_token` does, without blocking the event loop."""
    info: TokenInfo = await run(Exchange(config, Introspection(token), endpoints=endpoints), host, on_step, on_exchange)
    return info


async def revoke_login(
    config: ConfigLike,
    *,
    host: AsyncHttpHost | None = None,
    endpoints: Endpoints = "google",
    on_step: StepListener | None = None,
    on_exchange: ExchangeListener | None = None,
) -> None:
    """Ends a person's login, as `sanskey.revoke_login` does, without blocking the event loop."""
    await run(Exchange(config, Revocation(), endpoints=endpoints), host, on_step, on_exchange)

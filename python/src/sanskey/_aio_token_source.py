"""A token that is always good, in an event loop: `sanskey.aio.TokenSource`."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from ._aio_driver import run, with_what_is_known
from ._token_state import IN_THE_AIR, PATIENCE, TokenState, check_flight, tell_of_the_kept
from .driver import API_CLIENT, check_drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from typing_extensions import Unpack

    from .aliases import AsyncFetchOptions, ConfigLike, Goal, Scopes
    from .token import Token

    _Flight: TypeAlias = asyncio.Task[tuple[Token | None, Exception | None]]


class TokenSource:
    """Gives a token that is good, and gets the next one in time, as `sanskey.TokenSource` does, for tasks.

    The exchange is made in a task of its own: to cancel one of those who wait for it does not harm the others. Tasks of
    one event loop share an exchange. The source may be used in several loops, one after the other or at once.
    """

    def __init__(
        self,
        config: ConfigLike,
        *,
        scopes: Scopes = None,
        goal: Goal | None = None,
        **options: Unpack[AsyncFetchOptions],
    ) -> None:
        """The arguments are those of `fetch_token`. `goal` says which other kind of token it is to give.

        Nothing is asked yet. Raises `ConfigError` or `MisuseError`.
        """
        rest: dict[str, Any] = {**options}
        self._drive = tuple(rest.pop(name, None) for name in ("host", "on_step", "on_exchange"))
        check_drive(*self._drive)
        self._options = {**rest, "api_client": API_CLIENT}
        self._state = TokenState(config, goal, scopes, self._options)
        self._flights: WeakKeyDictionary[asyncio.AbstractEventLoop, _Flight] = WeakKeyDictionary()

    async def token(self) -> Token:
        """A token that is good. Raises what `fetch_token` raises, if there is none to be had."""
        while True:
            advice, token, flight = self._state.look(), self._state.token, self._flight()
            if token is not None and (advice == "use" or (advice == "renew" and flight is not None)):
                return token
            check_flight(flight)
            result = await self._landed(flight or self._take_off())
            if result is None:
                continue
            token, problem = result
            if token is not None:
                return token
            if problem is not None:
                raise problem

    async def refresh(self) -> Token:
        """The next token, whatever there is: for one that an API has refused, with everything asked anew.

        If somebody is getting the next token already, that is it. What `token` gives is not lost if this fails.
        """
        while True:
            flight = self._flight()
            check_flight(flight)
            if flight is None:
                self._state.forget()
                flight = self._take_off()
            result = await self._landed(flight)
            if result is None:
                continue
            token, problem = result
            if problem is not None:
                raise problem
            if token is not None:
                return token

    async def fetch(self, goal: Goal) -> Any:
        """Anything else in the same name, such as `goals.SignUrl(...)`: its outcome, whose class follows from the goal.

        The federated token is used again, so that a signature costs one request.
        """
        outcome, problem = await self._exchanged(goal)
        if problem is not None:
            raise problem
        return outcome

    def export_state(self) -> str:
        """What the source knows, as a text that holds secrets: for where it goes on, such as the next invocation."""
        return self._state.export_state()

    def import_state(self, state: str) -> bool:
        """Goes on from an exported state; False if it is not one of the same configuration, options and version."""
        return self._state.import_state(state)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._state.config!r}, token={self._state.token!r})"

    def _flight(self) -> _Flight | None:
        """The task of this event loop that gets the next token, if there is one."""
        flight = self._flights.get(asyncio.get_running_loop())
        return None if flight is None or flight.done() else flight

    def _take_off(self) -> _Flight:
        loop = asyncio.get_running_loop()
        flight = self._flights[loop] = loop.create_task(self._next())
        flight.add_done_callback(self._forget_flight)
        return flight

    async def _next(self) -> tuple[Token | None, Exception | None]:
        IN_THE_AIR.set((*IN_THE_AIR.get(), asyncio.current_task()))
        return await self._exchanged(None)

    def _forget_flight(self, flight: _Flight) -> None:
        # A task knows its loop: without this, no loop would ever be given back.
        loop = flight.get_loop()
        if self._flights.get(loop) is flight:
            del self._flights[loop]

    async def _landed(self, flight: _Flight) -> tuple[Token | None, Exception | None] | None:
        """What the task has come to; None if somebody has cancelled it. To cancel who waits here does not cancel it."""
        done, _ = await asyncio.wait((flight,), timeout=PATIENCE)
        if not done:
            # A host without an end of its own: whoever comes next makes another exchange.
            self._forget_flight(flight)
            return None
        return None if flight.cancelled() else flight.result()

    async def _exchanged(self, goal: Goal | None) -> tuple[Any, Exception | None]:
        """An outcome, or why there is none; or both, if the token that there is has to do for the next one."""
        is_first = True
        while True:
            try:
                options = await with_what_is_known(self._options, self._state.config)
                exchange = self._state.exchange(goal, options)
            except Exception as problem:  # noqa: BLE001 - a function or a session of the caller may raise anything
                if goal is None:
                    self._state.fail()
                return self._instead(goal, problem)
            try:
                outcome, failed = await run(exchange, *self._drive), None
            except Exception as problem:  # noqa: BLE001 - and so may a host
                outcome, failed = None, problem
            except BaseException:
                # Whoever interrupts it may do so after a refresh token was replaced.
                self._state.settle(exchange)
                raise
            settled = self._state.settle(exchange)
            if settled == "again" and is_first:
                # Once is enough, also if others fill the memory meanwhile.
                is_first = False
                continue
            if failed is not None and settled in ("again", "kept"):
                return self._instead(goal, failed)
            return outcome, failed

    def _instead(self, goal: Goal | None, problem: Exception) -> tuple[Token | None, Exception]:
        token = self._state.token
        if goal is not None or token is None or self._state.look() == "refresh":
            return None, problem
        tell_of_the_kept(token, problem)
        return token, problem

"""A token that is always good, for programs that run longer than a token does."""

from __future__ import annotations

import os
from threading import Event, Lock
from time import monotonic
from weakref import WeakSet

from ._token_state import IN_THE_AIR, PATIENCE, TokenState, check_flight, tell_of_the_kept
from .driver import API_CLIENT, check_drive, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Unpack

    from .aliases import ConfigLike, FetchOptions, Goal, Scopes
    from .token import Token


class _Flight:
    """An exchange that one thread makes and others may wait for."""

    def __init__(self) -> None:
        self.since = monotonic()
        self.is_over = Event()
        self.token: Token | None = None
        self.problem: Exception | None = None


class TokenSource:
    """Gives a token that is good, and gets the next one in time. Any number of threads may use it.

    A token is renewed in its last four minutes, by the first thread that asks then; the others get the one that there
    is. Where there is none to use, all wait for the same exchange. If the renewal fails, the token that there is is
    given as long as it is good, a warning is logged, and it is tried again 15 seconds later at the earliest; without
    such a token everybody who waits gets the error, and the next call tries again.

    AWS credentials, the region and the federated token are used again as long as they are good, so that a refresh on
    EC2 costs two requests. What proves the identity is asked anew each time: environment, files, functions.

    Nothing runs in the background. After a fork the child goes on with a copy.
    """

    def __init__(
        self, config: ConfigLike, *, scopes: Scopes = None, goal: Goal | None = None, **options: Unpack[FetchOptions]
    ) -> None:
        """The arguments are those of `fetch_token`. `goal` says which other kind of token it is to give.

        Nothing is asked yet. Raises `ConfigError` or `MisuseError`.
        """
        rest: dict[str, Any] = {**options}
        self._drive = tuple(rest.pop(name, None) for name in ("host", "on_step", "on_exchange"))
        check_drive(*self._drive)
        self._options = {**rest, "api_client": API_CLIENT}
        self._state = TokenState(config, goal, scopes, self._options)
        self._begin_anew()
        _sources.add(self)

    def _begin_anew(self) -> None:
        self._lock = Lock()
        self._flight: _Flight | None = None

    def token(self) -> Token:
        """A token that is good. Raises what `fetch_token` raises, if there is none to be had."""
        while True:
            with self._lock:
                advice = self._state.look()
                token, flight = self._state.token, self._flight
                if token is not None and (advice == "use" or (advice == "renew" and flight is not None)):
                    return token
                check_flight(flight)
                is_own = flight is None
                if flight is None:
                    flight = self._flight = _Flight()
            if is_own:
                self._fly(flight)
            else:
                self._wait_for(flight)
            if flight.token is not None:
                return flight.token
            if flight.problem is not None:
                raise flight.problem
            # Whoever made the exchange was interrupted.

    def refresh(self) -> Token:
        """The next token, whatever there is: for one that an API has refused, with everything asked anew.

        If somebody is getting the next token already, that is it. What `token` gives is not lost if this fails.
        """
        while True:
            with self._lock:
                check_flight(self._flight)
                is_own = self._flight is None
                flight = self._flight = self._flight or _Flight()
            if is_own:
                self._state.forget()
                self._fly(flight)
            else:
                self._wait_for(flight)
            if flight.problem is not None:
                raise flight.problem
            if flight.token is not None:
                return flight.token

    def fetch(self, goal: Goal) -> Any:
        """Anything else in the same name, such as `goals.SignUrl(...)`: its outcome, whose class follows from the goal.

        The federated token is used again, so that a signature costs one request.
        """
        outcome, problem = self._exchanged(goal)
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

    def _fly(self, flight: _Flight) -> None:
        before = IN_THE_AIR.set((*IN_THE_AIR.get(), flight))
        try:
            flight.token, flight.problem = self._exchanged(None)
        finally:
            IN_THE_AIR.reset(before)
            self._leave(flight)
            flight.is_over.set()

    def _wait_for(self, flight: _Flight) -> None:
        if not flight.is_over.wait(max(flight.since + PATIENCE - monotonic(), 0)):
            self._leave(flight)

    def _leave(self, flight: _Flight) -> None:
        with self._lock:
            if self._flight is flight:
                self._flight = None

    def _exchanged(self, goal: Goal | None) -> tuple[Any, Exception | None]:
        """An outcome, or why there is none; or both, if the token that there is has to do for the next one."""
        is_first = True
        while True:
            try:
                exchange = self._state.exchange(goal, self._options)
            except Exception as problem:  # noqa: BLE001 - a function or a session of the caller may raise anything
                if goal is None:
                    self._state.fail()
                return self._instead(goal, problem)
            try:
                outcome, failed = run(exchange, *self._drive), None
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


_sources: WeakSet[TokenSource] = WeakSet()


def _after_fork() -> None:
    for source in _sources:
        source._begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

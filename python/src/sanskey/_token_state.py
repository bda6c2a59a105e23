"""What a token source knows, without threads and without an event loop: both kinds of sources are made of it."""

from __future__ import annotations

import os
from contextvars import ContextVar
from threading import Lock
from time import monotonic, time
from weakref import WeakSet

from . import _native, _wire
from ._options import options_text
from .config import load
from .errors import SanskeyError, invalid_argument
from .exchange import Exchange
from .goals import AccessToken, scope_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .aliases import ConfigLike, Goal, Scopes
    from .token import Token


class TokenState:
    """The core's token source, and the token as a record. Its methods do not wait; any thread may call them."""

    def __init__(self, config: ConfigLike, goal: Goal | None, scopes: Scopes, options: dict[str, Any]) -> None:
        if goal is not None and scopes is not None:
            raise invalid_argument("The scopes belong into the goal where one is given.")
        self.config = load(config)
        self._goal = _wire.goal_json(AccessToken(scope_list(scopes)) if goal is None else goal)
        # Nobody is asked for a proof before one is needed.
        lasting = {**options, "aws_credentials": None, "subject_token": None}
        config_text = _wire.clean(self.config.to_json())
        try:
            self._native = _native.NativeTokenSource(config_text, self._goal, options_text(self.config, **lasting))
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None
        self._token: Token | None = None
        # Whether the core may have another one. Between any two lines somebody may interrupt.
        self._may_differ = False
        self.begin_anew()
        _states.add(self)

    def begin_anew(self) -> None:
        """After a fork, in the child: whoever held the lock is not there."""
        self._lock = Lock()
        self._may_differ = True

    @property
    def token(self) -> Token | None:
        """The token that was got last."""
        return self._token

    def look(self) -> Literal["refresh", "renew", "use"]:
        """What whoever wants the token is to do."""
        with self._lock:
            if self._may_differ:
                self._take_token()
            return self._native.look(time(), monotonic())

    def exchange(self, goal: Goal | None, options: dict[str, Any]) -> Exchange:
        """One for the next token or, if there is a goal, for that."""
        text = options_text(self.config, **options)
        goal_text = None if goal is None else _wire.goal_json(goal)
        try:
            with self._lock:
                native = self._native.exchange(goal_text, text, time(), monotonic())
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None
        return Exchange._of(native, goal_text or self._goal)

    def settle(self, exchange: Exchange) -> Literal["again", "failed", "kept", "new"]:
        """Takes over what an exchange has come to."""
        with self._lock:
            self._may_differ = True
            settled = self._native.settle(exchange._native, time(), monotonic())
            self._take_token()
            return settled

    def fail(self) -> None:
        """No exchange has come about."""
        with self._lock:
            self._native.fail(time(), monotonic())

    def forget(self) -> None:
        """Forgets everything but the token."""
        with self._lock:
            self._native.forget()

    def export_state(self) -> str:
        with self._lock:
            return self._native.export_state()

    def import_state(self, state: str) -> bool:
        with self._lock:
            self._may_differ = True
            is_own = self._native.import_state(_wire.clean(state), time(), monotonic())
            self._take_token()
            return is_own

    def _take_token(self) -> None:
        text = self._native.token()
        self._token = None if text is None else _wire.parse(text, _wire.token_from)
        self._may_differ = False


PATIENCE = 180.0
"""Seconds that somebody waits for the exchange of another: longer than any program may run that gives a token. Without
an end, a thread that was interrupted at the wrong moment would hold up all others for good."""

IN_THE_AIR: ContextVar[tuple[object, ...]] = ContextVar("sanskey_in_the_air", default=())
"""The exchanges for a next token that whoever reads this is called by."""


def check_flight(flight: object) -> None:
    """Nobody can wait for what waits for them. Raises `MisuseError`."""
    if flight is not None and flight in IN_THE_AIR.get():
        raise invalid_argument(
            "host, on_step, on_exchange, a function that gives credentials, or a log handler: one of them asks the "
            "token source for the token that it is called for."
        )


def tell_of_the_kept(token: Token, problem: BaseException) -> None:
    """Warns that a token is used on, because there is no next one. What a host has raised may hold secrets."""
    from logging import getLogger

    why = str(problem) if isinstance(problem, SanskeyError) else type(problem).__name__
    message = "the next token could not be got; the one that there is is used until %s at the latest: %s"
    getLogger("sanskey").warning(message, token.expires_at, why)


_states: WeakSet[TokenState] = WeakSet()


def _after_fork() -> None:
    for state in _states:
        state.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

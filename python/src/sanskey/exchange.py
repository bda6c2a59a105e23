"""The exchange itself: it says what it must be told, is told it, and ends in an outcome. It does no I/O.

exchange = Exchange(config, goals.AccessToken())
while True:
    match exchange.poll():
        case Pending(asks):
            for ask in asks:
                exchange.reply(ask.id, answer(ask.action))
        case Done(token):
            break
"""

from __future__ import annotations

from . import _native, _wire
from ._arguments import refused
from ._record import Record
from ._time import epoch_seconds
from .config import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .actions import Ask
    from .aliases import Action, ConfigLike, Endpoints, Goal, Now, Outcome, Reply, Step
    from .aws import AwsCredentials


class Pending(Record):
    """The exchange must be told these things, in any order."""

    asks: list[Ask]


class Done(Record):
    """The exchange is over."""

    outcome: Outcome


class Exchange:
    """One exchange of a proof of identity for access. It serves one thread, and is over after one outcome."""

    __slots__ = ("_actions", "_native")

    def __init__(
        self,
        config: ConfigLike,
        goal: Goal,
        *,
        aws_credentials: AwsCredentials | None = None,
        aws_region: str | None = None,
        endpoints: Endpoints = "google",
        entropy: bytes | None = None,
    ) -> None:
        """`aws_credentials` and `aws_region` stand for what would be asked of the environment and the instance.

        `entropy` varies the waits between tries; the operating system gives it, unless a test passes its own.
        Raises `ConfigError` for a configuration that cannot work, and `MisuseError` for arguments that cannot.
        """
        options = _wire.options_json(aws_credentials, aws_region, endpoints, entropy)
        try:
            self._native = _native.NativeExchange(_wire.clean(load(config).to_json()), _wire.goal_json(goal), options)
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None
        self._actions: dict[str, Action] = {}

    def poll(self, now: Now = None) -> Step:
        """What the exchange must be told, or its outcome. Polling twice changes nothing."""
        try:
            return self._step(self._native.poll(epoch_seconds(now)))
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None

    def reply(self, id: str, reply: Reply) -> None:
        """Answers one ask."""
        text = self._replies_json([(id, reply)])
        try:
            self._native.reply(text)
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None

    def advance(self, replies: Iterable[tuple[str, Reply]] = (), now: Now = None) -> Step:
        """Answers any number of asks, pairs of id and reply, and polls: one crossing into the core for a round."""
        text = self._replies_json(replies)
        try:
            return self._step(self._native.advance(text, epoch_seconds(now)))
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None

    def _replies_json(self, replies: Iterable[tuple[str, Reply]]) -> str:
        try:
            pairs = [(id, reply) for id, reply in replies]
        except (TypeError, ValueError):
            pairs = None
        if pairs is None:
            raise refused("replies", replies, "pairs of the id of an ask and its reply")
        for id, _ in pairs:
            if not isinstance(id, str):
                raise refused("id", id, "that of an ask, a str")
        return _wire.replies_json((id, reply, self._actions.get(id)) for id, reply in pairs)

    def _step(self, text: str) -> Step:
        step = _wire.parse(text, _wire.step_from)
        if not isinstance(step, list):
            return Done(step)
        self._actions.update((ask.id, ask.action) for ask in step)
        return Pending(step)

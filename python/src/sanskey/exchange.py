"""The exchange itself: it says what it must be told, is told it, and ends in an outcome. It does no I/O.

exchange = Exchange(config, goals.AccessToken())
while True:
    match exchange.poll():
        case Pending(asks):
            for ask in asks:
                exchange.reply(ask.id, answer(ask.action))
        case Done(outcome):
            break
"""

from __future__ import annotations

from . import _native, _wire
from ._arguments import refused
from ._options import options_text
from ._record import Record
from ._time import epoch_seconds
from .actions import HttpRequest
from .config import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from typing_extensions import Self

    from .actions import Ask
    from .aliases import (
        Action,
        AwsCredentialsLike,
        ConfigLike,
        Endpoints,
        Goal,
        Now,
        Outcome,
        Reply,
        Step,
        SubjectTokenLike,
    )
    from .aws import AssumeRole, GetSessionToken, GetWebIdentityToken


class Pending(Record):
    """The exchange must be told these things, in any order."""

    asks: list[Ask]


class Done(Record):
    """The exchange is over."""

    outcome: Outcome
    """Its class says which goal it belongs to."""


class Exchange:
    """One exchange, such as of a proof of identity for access. It serves one thread, and is over after one outcome."""

    __slots__ = ("_actions", "_clock_skew", "_goal", "_native")

    def __init__(
        self,
        config: ConfigLike,
        goal: Goal,
        *,
        aws_credentials: AwsCredentialsLike | None = None,
        aws_region: str | None = None,
        aws_profile: str | None = None,
        aws_assume_role: AssumeRole | Sequence[AssumeRole] | None = None,
        aws_get_session_token: GetSessionToken | None = None,
        aws_web_identity_token: GetWebIdentityToken | None = None,
        subject_token: SubjectTokenLike | None = None,
        actor_token: str | None = None,
        actor_token_type: str | None = None,
        bind_to_certificate: bool = False,
        token_servers: str | Sequence[str] = (),
        api_client: str | None = None,
        endpoints: Endpoints = "google",
        entropy: bytes | None = None,
    ) -> None:
        """`aws_credentials` and `aws_region` stand for what would be asked of the environment and the instance.

        The credentials may be those of boto3 or botocore: a session, whose region is used if `aws_region` is not
        given, or credentials, or a function without arguments that returns any of these. They are asked for their
        key here, which may take a request, and what they raise is passed on.

        `aws_profile` is used before keys in the environment. With the credentials that are found, a session, roles one
        after the other, and a JWT as the proof are got from AWS if the other options say so; each replaces the field of
        the same name in the configuration's object `sanskey`.

        `subject_token` is the proof of identity itself, in place of what the configuration's source would give; it may
        be a function of a `SubjectTokenContext` that returns it, which is called here, and what it raises is passed
        on. `actor_token` is a proof of who acts for the workload, a JWT unless `actor_token_type` says otherwise.
        `bind_to_certificate` binds the federated token to the certificate of an X.509 source. `token_servers` are
        hosts, such as `idp.example.com`, that may give the workload its token beside those that are known; the
        configuration alone cannot choose one. `api_client`, such as `gl-python/3.14.0`, tells Google what asks.

        `entropy` varies the waits between tries; the operating system gives it, unless a test passes its own.
        Raises `ConfigError` for a configuration that cannot work, and `MisuseError` for arguments that cannot.
        """
        config = load(config)
        text = _wire.clean(config.to_json())
        options = options_text(
            config,
            aws_credentials=aws_credentials,
            aws_region=aws_region,
            aws_profile=aws_profile,
            aws_assume_role=aws_assume_role,
            aws_get_session_token=aws_get_session_token,
            aws_web_identity_token=aws_web_identity_token,
            subject_token=subject_token,
            actor_token=actor_token,
            actor_token_type=actor_token_type,
            bind_to_certificate=bind_to_certificate,
            token_servers=token_servers,
            api_client=api_client,
            endpoints=endpoints,
            entropy=entropy,
        )
        goal_text = _wire.goal_json(goal)
        try:
            native = _native.NativeExchange(text, goal_text, options)
        except _wire.Failure as failure:
            raise _wire.error_from(failure) from None
        self._begin(native, goal_text)

    @classmethod
    def _of(cls, native: _native.NativeExchange, goal_text: str) -> Self:
        """One that a token source has begun."""
        self = cls.__new__(cls)
        self._begin(native, goal_text)
        return self

    def _begin(self, native: _native.NativeExchange, goal_text: str) -> None:
        self._native = native
        self._goal = _wire.goal_name(goal_text)
        self._actions: dict[str, Action] = {}
        self._clock_skew: int | None = None

    @property
    def clock_skew(self) -> int | None:
        """Seconds that a server's clock is ahead of this one, if that had to be corrected; known once it is over."""
        return self._clock_skew

    def _requests(self) -> int:
        return sum(isinstance(action, HttpRequest) for action in self._actions.values())

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
        step, clock_skew = _wire.parse(text, _wire.step_from)
        if not isinstance(step, list):
            self._clock_skew = clock_skew
            return Done(step)
        self._actions.update((ask.id, ask.action) for ask in step)
        return Pending(step)

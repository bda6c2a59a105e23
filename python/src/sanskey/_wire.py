"""The JSON texts that cross into the native core, and the records they become. The only module that knows them."""

from __future__ import annotations

import json

from . import _native
from ._arguments import check_credentials, check_optional_texts, check_texts, refused, texts_of
from .actions import (
    Ask,
    ClientCertificate,
    CommandOutput,
    HttpRequest,
    HttpResponse,
    ReadEnv,
    ReadFile,
    RunCommand,
    Wait,
)
from .errors import ConfigError, HostError, HostFailure, MisuseError, RemoteError, bug
from .goals import AccessToken, Introspection, Revocation, scope_list
from .token import Revoked, SignedBlob, SignedJwt, SignedUrl, SubjectTokenDescription, Token, TokenInfo, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Any, NoReturn, TypeVar

    from .aliases import Action, Goal, Outcome, Reply
    from .aws import AssumeRole, AwsCredentials, GetSessionToken, GetWebIdentityToken
    from .errors import SanskeyError

    _T = TypeVar("_T")

_ERRORS: dict[str, type[SanskeyError]] = {cls.fault: cls for cls in (ConfigError, HostError, RemoteError, MisuseError)}
_LATEST = 253_402_300_799
"""The last second of the year 9999, the latest that a `datetime` can name."""
_JWT = "urn:ietf:params:oauth:token-type:jwt"


def dump(value: object) -> str:
    """JSON text. What is no Unicode text, such as a variable of undecodable bytes, gets question marks."""
    return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def clean(text: str) -> str:
    """The same text with a question mark for each lone surrogate, which UTF-8 cannot carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def error_from(failure: BaseException) -> SanskeyError:
    """The `SanskeyError` that a native failure stands for."""
    try:
        return parse(failure.args[0] if failure.args else "", _error)
    except MisuseError as unintelligible:
        return unintelligible


def parse(text: str, read: Callable[[Any], _T]) -> _T:
    """`read` applied to the value of a JSON text from the core."""
    try:
        return read(json.loads(text))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as problem:
        cause = type(problem).__name__
    raise bug(f"The native core said something unintelligible ({cause}).")


def _error(fields: dict[str, Any]) -> SanskeyError:
    cls = _ERRORS[fields.pop("fault")]
    return cls(fields.pop("message"), **fields)


# --- What goes in ---


def goal_json(goal: Goal) -> str:
    """GOAL. A goal of another type is refused."""
    if isinstance(goal, AccessToken):
        return dump({"goal": "access_token", "scopes": scope_list(goal.scopes)})
    if isinstance(goal, Introspection):
        return dump({"goal": "introspection", "token": value_of(goal.token)})
    if isinstance(goal, Revocation):
        return dump({"goal": "revocation"})
    from ._account_goals import fields_of

    fields = fields_of(goal)
    if fields is not None:
        return dump(fields)
    raise MisuseError(
        f"A {type(goal).__name__} is not a goal.",
        code="invalid_argument",
        hint="Pass one of the classes of `sanskey.goals`.",
    )


def goal_name(goal_text: str) -> str:
    """The name at the beginning of a GOAL."""
    return goal_text.split('"', 4)[3]


def options_json(
    *,
    aws_credentials: AwsCredentials | None,
    aws_region: str | None,
    aws_profile: str | None,
    aws_assume_role: AssumeRole | Sequence[AssumeRole] | None,
    aws_get_session_token: GetSessionToken | None,
    aws_web_identity_token: GetWebIdentityToken | None,
    subject_token: str | None,
    actor_token: str | None,
    actor_token_type: str | None,
    bind_to_certificate: bool,
    token_servers: str | Sequence[str],
    api_client: str | None,
    endpoints: str,
    entropy: bytes | None,
) -> str:
    """OPTIONS. Without entropy, the core's bridge draws it."""
    texts: dict[str, object] = {
        "aws_region": aws_region,
        "aws_profile": aws_profile,
        "subject_token": subject_token,
        "actor_token": actor_token,
        "actor_token_type": actor_token_type,
        "api_client": api_client,
    }
    check_optional_texts(**texts)
    check_texts(endpoints=endpoints)
    if not isinstance(bind_to_certificate, bool):
        raise refused("bind_to_certificate", bind_to_certificate, "a bool")
    options: dict[str, object] = {
        **texts,
        "actor_token_type": _JWT if actor_token_type is None else actor_token_type,
        "bind_to_certificate": bind_to_certificate,
        "token_servers": texts_of("token_servers", token_servers),
        "endpoints": endpoints,
    }
    if aws_credentials is not None:
        check_credentials(aws_credentials)
        options["aws_credentials"] = aws_credentials._fields()
    if not (aws_assume_role is None and aws_get_session_token is None and aws_web_identity_token is None):
        from ._aws_calls import call_fields

        options.update(call_fields(aws_assume_role, aws_get_session_token, aws_web_identity_token))
    if entropy is not None:
        if not isinstance(entropy, bytes):
            raise refused("entropy", entropy, "bytes, or None")
        options["entropy"] = entropy.hex()
    return dump(options)


def replies_json(replies: Iterable[tuple[str, Reply, Action | None]]) -> str:
    """An array of REPLY. The action tells what a None means: there is no such file, or the time has passed."""
    return dump([{"id": id, **_reply(id, reply, action)} for id, reply, action in replies])


def _reply(id: str, reply: Reply, action: Action | None) -> dict[str, object]:
    if isinstance(reply, HttpResponse):
        try:
            pairs = reply.headers.items() if hasattr(reply.headers, "items") else reply.headers
            headers: list[list[str]] | None = [[str(name), str(value)] for name, value in pairs]
        except (TypeError, ValueError):
            headers = None
        if headers is None:
            _wrong(id, "An HttpResponse has pairs of name and value, or a mapping, as its headers.")
        if not isinstance(reply.status, int) or not isinstance(reply.body, str):
            _wrong(id, "An HttpResponse has an int as its status and a str as its body.")
        return {"reply": "http_response", "status": int(reply.status), "headers": headers, "body": reply.body}
    if isinstance(reply, HostFailure):
        return {"reply": "failed", "kind": reply.kind, "message": str(reply.message)}
    if isinstance(reply, CommandOutput):
        texts = isinstance(reply.stdout, str) and isinstance(reply.stderr, str)
        if not texts or not isinstance(reply.exit_code, (int, type(None))):
            _wrong(id, "A CommandOutput has an int or None as its exit code, and a str as stdout and as stderr.")
        return {
            "reply": "command_output",
            "exit_code": reply.exit_code,
            "stdout": reply.stdout,
            "stderr": reply.stderr,
        }
    if isinstance(reply, str) or (reply is None and isinstance(action, ReadFile)):
        return {"reply": "file", "content": reply}
    if reply is None:
        return {"reply": "waited"}
    if hasattr(reply, "items"):
        return {"reply": "env", "values": {str(name): str(value) for name, value in reply.items()}}
    _wrong(id, f"A {type(reply).__name__} answers nothing that an exchange asks.")


def _wrong(id: str, message: str) -> NoReturn:
    raise MisuseError(
        message,
        code="wrong_reply",
        ask_id=id,
        hint="Answer with what the host method for the action returns, or with a HostFailure.",
    )


# --- What comes out ---


def step_from(step: dict[str, Any]) -> tuple[list[Ask] | Outcome, int | None]:
    """STEP: the asks of a pending exchange, or the outcome, with how far the clock had to be corrected."""
    if step["step"] == "done":
        return outcome_from(step["outcome"]), step.get("clock_skew_seconds")
    return [_ask_from(ask) for ask in step["asks"]], None


def _ask_from(ask: dict[str, Any]) -> Ask:
    return Ask(ask["id"], action_from(ask), ask.get("step", ask["id"]), ask.get("attempt", 1))


def action_from(fields: dict[str, Any]) -> Action:
    """The action of an ASK."""
    action = fields["action"]
    if action == "http_request":
        return http_request_from(fields)
    if action == "read_env":
        return ReadEnv(fields["names"])
    if action == "read_file":
        return ReadFile(fields["path"])
    if action == "run_command":
        return RunCommand(fields["argv"], fields["env"], fields["timeout_ms"] / 1000)
    if action == "wait":
        return Wait(fields["duration_ms"] / 1000)
    raise ValueError(action)


def http_request_from(fields: dict[str, Any]) -> HttpRequest:
    """An ACTION that is an `http_request`."""
    certificate = fields["client_certificate"]
    return HttpRequest(
        fields["method"],
        fields["url"],
        [(name, value) for name, value in fields["headers"]],
        fields["body"],
        fields["timeout_ms"] / 1000,
        certificate and ClientCertificate(certificate["cert_path"], certificate["key_path"]),
        fields["bypass_proxy"],
        fields.get("unix_socket"),
    )


def outcome_from(fields: dict[str, Any]) -> Outcome:
    """OUTCOME. Its class says which goal it belongs to."""
    if "token" in fields:
        return token_from(fields["token"])
    goal = fields["goal"]
    if goal == "introspection":
        return _token_info_from(fields["token_info"])
    if goal == "revocation":
        return Revoked()
    if goal == "sign_blob":
        from base64 import b64decode

        return SignedBlob(fields["key_id"], b64decode(fields["signature"]))
    if goal == "sign_jwt":
        return SignedJwt(fields["key_id"], fields["jwt"])
    if goal == "sign_url":
        return SignedUrl(fields["url"], _moment(fields["expires_at"]))
    raise ValueError(goal)


def token_from(fields: dict[str, Any]) -> Token:
    """TOKEN."""
    return Token(fields["value"], _moment(fields["expires_at"]), fields["kind"], fields.get("refresh_token"))


def _token_info_from(fields: dict[str, Any]) -> TokenInfo:
    return TokenInfo(**_with_moments(fields))


def description_from(fields: dict[str, Any]) -> SubjectTokenDescription:
    """What is told of a subject token."""
    return SubjectTokenDescription(**_with_moments(fields))


def _with_moments(fields: dict[str, Any]) -> dict[str, Any]:
    times = {name: fields[name] for name in ("expires_at", "issued_at")}
    return {**fields, **{name: None if seconds is None else _moment(seconds) for name, seconds in times.items()}}


def _moment(seconds: float) -> datetime:
    """What is beyond the year 9999 becomes the end of that year, and what is before 1970 its beginning."""
    from datetime import datetime, timezone

    return datetime.fromtimestamp(max(0, min(seconds, _LATEST)), timezone.utc)


Failure = _native.Failure

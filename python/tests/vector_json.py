"""The JSON of the vectors and the records of the public API, both ways."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

from sanskey import (
    Ask,
    CommandOutput,
    Goal,
    HostFailure,
    HttpRequest,
    HttpResponse,
    Outcome,
    ReadEnv,
    ReadFile,
    Revoked,
    RunCommand,
    SanskeyError,
    SignedBlob,
    SignedJwt,
    SignedUrl,
    Token,
    TokenInfo,
    Wait,
    goals,
)

MEMBERS = ("code", "fault", "stage", "field", "ask_id", "status", "retryable", "error", "error_description")


def load(folder: str) -> list[Path]:
    """The files of a folder of vectors. None at all is a mistake."""
    files = sorted((REPOSITORY / "tests" / "vectors" / folder).rglob("*.json"))
    assert files, f"no vectors in {folder}"
    return files


def config_text(fields: dict[str, Any]) -> str:
    text: str = fields["config_text"] if "config_text" in fields else json.dumps(fields["config"])
    return text


def goal_of(fields: dict[str, Any]) -> Goal:
    fields, kind = dict(fields), fields["goal"]
    classes: dict[str, type[Any]] = {
        "delegated_access_token": goals.DelegatedAccessToken,
        "downscoped_access_token": goals.DownscopedAccessToken,
        "id_token": goals.IdToken,
        "sign_jwt": goals.SignJwt,
        "sign_url": goals.SignUrl,
    }
    if kind in classes:
        del fields["goal"]
        return classes[kind](**fields)  # type: ignore[no-any-return]
    match fields:
        case {"goal": "sign_blob", "payload": payload}:
            return goals.SignBlob(b64decode(payload))
        case {"goal": "access_token", "scopes": scopes}:
            return goals.AccessToken(scopes)
        case {"goal": "introspection", "token": token}:
            return goals.Introspection(token)
        case {"goal": "revocation"}:
            return goals.Revocation()
    pytest.fail(f"a goal of an unknown kind: {fields}")


def ask_json(ask: Ask) -> dict[str, Any]:
    which_try = {} if ask.id == ask.step else {"step": ask.step, "attempt": ask.attempt}
    return {"id": ask.id, **which_try, **action_json(ask.action)}


def action_json(action: HttpRequest | ReadEnv | ReadFile | RunCommand | Wait) -> dict[str, Any]:
    match action:
        case HttpRequest(method, url, headers, body, timeout, certificate, bypass_proxy, unix_socket):
            return {
                "action": "http_request",
                "method": method,
                "url": url,
                "headers": [list(pair) for pair in headers],
                "body": body,
                "timeout_ms": timeout * 1000,
                "client_certificate": certificate
                and {"cert_path": certificate.cert_path, "key_path": certificate.key_path},
                "bypass_proxy": bypass_proxy,
                **({} if unix_socket is None else {"unix_socket": unix_socket}),
            }
        case ReadEnv(names):
            return {"action": "read_env", "names": names}
        case ReadFile(path):
            return {"action": "read_file", "path": path}
        case RunCommand(argv, env, timeout):
            return {"action": "run_command", "argv": argv, "env": env, "timeout_ms": timeout * 1000}
        case Wait(duration):
            return {"action": "wait", "duration_ms": duration * 1000}


def reply_of(fields: dict[str, Any]) -> Any:
    match fields["reply"]:
        case "http_response":
            text, times = fields.get("body_repeat", ["", 0])
            headers = [(name, value) for name, value in fields["headers"]]
            return HttpResponse(fields["status"], headers, fields.get("body", text * times))
        case "env":
            return fields["values"]
        case "file":
            return fields["content"]
        case "command_output":
            return CommandOutput(fields["exit_code"], fields["stdout"], fields["stderr"])
        case "waited":
            return None
        case "failed":
            return HostFailure(fields["kind"], fields["message"])
    pytest.fail(f"a reply of an unknown kind: {fields}")


def token_json(token: Token) -> dict[str, Any]:
    fields = {"value": token.value, "expires_at": token.expires_at.timestamp(), "kind": token.kind}
    return fields if token.refresh_token is None else {**fields, "refresh_token": token.refresh_token}


def outcome_json(outcome: Outcome, goal: str = "access_token") -> dict[str, Any]:
    match outcome:
        case Token():
            return {"goal": goal, "token": token_json(outcome)}
        case SignedBlob(key_id, signature):
            return {"goal": "sign_blob", "key_id": key_id, "signature": b64encode(signature).decode()}
        case SignedJwt(key_id, jwt):
            return {"goal": "sign_jwt", "key_id": key_id, "jwt": jwt}
        case SignedUrl(url, expires_at):
            return {"goal": "sign_url", "url": url, "expires_at": expires_at.timestamp()}
        case TokenInfo():
            members = {name: getattr(outcome, name) for name in TokenInfo.__match_args__}
            moments = {name: members[name] and members[name].timestamp() for name in ("expires_at", "issued_at")}
            return {"goal": "introspection", "token_info": {**members, **moments}}
        case Revoked():
            return {"goal": "revocation"}


def error_result(error: SanskeyError, expected: dict[str, Any]) -> dict[str, Any]:
    """What a vector says of an error. Words are not part of it, but there must be some."""
    assert error.message
    assert error.hint
    assert expected.get("error", {}).pop("hint_contains", "") in error.hint
    return {"error": {member: getattr(error, member) for member in MEMBERS}}


def shown(*values: object) -> str:
    """Everything that printing these can show, but for what a caller's own dict shows of itself."""
    return "\n".join(f"{value!r} {value}" for value in values if not isinstance(value, list)) + "".join(
        f"{reply!r} {reply}" for value in values if isinstance(value, list) for _, reply in value if not is_plain(reply)
    )


def is_plain(reply: object) -> bool:
    """A dict, a text or None, which the host made and the library never prints."""
    return isinstance(reply, (dict, str)) or reply is None

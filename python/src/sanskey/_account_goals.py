"""The goals that need a service account, as the core's JSON has them. Apart, because most programs have none."""

from __future__ import annotations

from base64 import b64encode

from ._arguments import check_optional_texts, check_texts, refused
from .goals import DelegatedAccessToken, DownscopedAccessToken, IdToken, SignBlob, SignJwt, SignUrl, scope_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PAIRS = "a mapping of str, or pairs of name and value that are both a str"
_LONGEST_SECONDS = 2**32 - 1


def fields_of(goal: object) -> dict[str, object] | None:
    """What the core is to be told; None if it is none of these goals. Raises `MisuseError`."""
    match goal:
        case IdToken(audience, include_email):
            check_texts(audience=audience)
            return {"goal": "id_token", "audience": audience, "include_email": _flag("include_email", include_email)}
        case SignBlob(payload):
            if not isinstance(payload, (bytes, bytearray, memoryview)):
                raise refused("payload", payload, "bytes")
            return {"goal": "sign_blob", "payload": b64encode(payload).decode()}
        case SignJwt(claims):
            return {"goal": "sign_jwt", "claims": _json("claims", claims)}
        case SignUrl():
            return _url_fields(goal)
        case DelegatedAccessToken(subject, scopes, token_url):
            check_texts(subject=subject)
            check_optional_texts(token_url=token_url)
            fields = {"subject": subject, "scopes": scope_list(scopes), "token_url": token_url}
            return {"goal": "delegated_access_token", **fields}
        case DownscopedAccessToken(access_boundary, scopes):
            boundary = _json("access_boundary", access_boundary)
            return {"goal": "downscoped_access_token", "access_boundary": boundary, "scopes": scope_list(scopes)}
    return None


def _url_fields(goal: SignUrl) -> dict[str, object]:
    check_texts(bucket=goal.bucket, object=goal.object, method=goal.method)
    check_optional_texts(bucket_bound_host=goal.bucket_bound_host)
    return {
        "goal": "sign_url",
        "bucket": goal.bucket,
        "object": goal.object,
        "expires_in": _seconds(goal.expires_in),
        "method": goal.method,
        "headers": _pairs("headers", goal.headers),
        "query": _pairs("query", goal.query),
        "virtual_hosted": _flag("virtual_hosted", goal.virtual_hosted),
        "bucket_bound_host": goal.bucket_bound_host,
    }


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise refused(name, value, "a bool")
    return value


def _seconds(given: Any) -> int:
    """Whole seconds. Whether they make sense is the core's business."""
    total = getattr(given, "total_seconds", None)
    seconds = total() if callable(total) else given
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    # What is no number compares as neither.
    if not is_number or not 0 <= seconds < float("inf"):
        raise refused("expires_in", given, "seconds as an int or a float, or a timedelta, and not negative")
    return int(min(seconds, _LONGEST_SECONDS))


def _json(name: str, value: Any) -> str:
    """JSON text as it is, or that of a mapping."""
    if isinstance(value, str):
        return value
    from ._wire import dump

    if hasattr(value, "keys"):
        try:
            return dump(dict(value))
        except (TypeError, ValueError):
            pass  # The exception may hold a value.
    raise refused(name, value, "a dict that can be written as JSON, or its JSON text")


def _pairs(name: str, value: Any) -> list[list[str]]:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise refused(name, value, _PAIRS)
    pairs = []
    for pair in value.items() if hasattr(value, "items") else value:
        # A text of two letters would pass for a pair.
        if isinstance(pair, str) or not hasattr(pair, "__iter__"):
            raise refused(name, value, _PAIRS)
        texts = list(pair)
        if len(texts) != 2 or not all(isinstance(text, str) for text in texts):
            raise refused(name, value, _PAIRS)
        pairs.append(texts)
    return pairs

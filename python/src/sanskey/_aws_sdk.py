"""Credentials that the AWS SDKs hand over: sessions and credentials of boto3 and botocore, and functions.

They are known by their methods and attributes; no SDK is imported. What an SDK raises is passed on as it is.
"""

from __future__ import annotations

from ._arguments import refused
from .aws import AwsCredentials
from .errors import ConfigError, invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    Resolved = tuple[AwsCredentials, str | None]

_FROZEN = ("access_key", "secret_key", "token")
_ACCEPTED = (
    "sanskey.AwsCredentials(access_key_id, secret_access_key, session_token), a session or credentials of boto3 or "
    "botocore, or a function without arguments that returns one of these"
)


def resolve(given: object, region: str | None) -> Resolved:
    """The key behind whatever was given, and the region: the given one, or else the session's. It may block."""
    flow, result = resolution(given, region), None
    while True:
        try:
            call = flow.send(result)
        except StopIteration as end:
            resolved: Resolved = end.value
            return resolved
        result = call()
        if hasattr(result, "__await__"):
            if hasattr(result, "close"):
                result.close()  # A coroutine that nobody awaits would complain.
            raise invalid_argument("aws_credentials has to be awaited, which only sanskey.aio.fetch_token does.")


def resolution(given: object, region: str | None) -> Generator[Callable[[], Any], Any, Resolved]:
    """Yields the calls that have to be made, one after the other, and is sent what they returned."""
    if isinstance(given, type) or (callable(given) and not _is_of_an_sdk(given)):
        given = yield given
        _check_there_are("function", given)
    if hasattr(given, "get_credentials"):
        session = given
        given = yield session.get_credentials
        _check_there_are("session", given)
        if region is None or region == "":
            region = yield lambda: _region_of(session)
    if hasattr(given, "get_frozen_credentials"):
        given = yield given.get_frozen_credentials
    if not isinstance(given, AwsCredentials):
        if not all(hasattr(given, name) for name in _FROZEN):
            raise refused("The argument for AWS credentials", given, _ACCEPTED)
        access_key, secret_key, token = (getattr(given, name) for name in _FROZEN)
        given = AwsCredentials(access_key, secret_key, token)
    return given, region


def _is_of_an_sdk(given: object) -> bool:
    return any(hasattr(given, name) for name in ("get_credentials", "get_frozen_credentials", *_FROZEN))


def _check_there_are(giver: str, credentials: object) -> None:
    if credentials is None:
        raise ConfigError(
            f"The {giver} that is aws_credentials has no credentials.",
            code="aws_credentials_unavailable",
            stage="source",
            hint="Configure AWS's SDK as for calls to AWS, or leave aws_credentials out: sanskey looks itself.",
        )


def _region_of(session: Any) -> str | None:
    """A boto3 session says it, and a botocore session looks into its configuration."""
    name = session.region_name if hasattr(session, "region_name") else None
    if name is None and hasattr(session, "get_config_variable"):
        name = session.get_config_variable("region")
    return name if isinstance(name, str) and name else None

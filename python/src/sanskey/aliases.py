"""Names for annotations, of types that have no class of their own. Apart from the rest, because it needs `typing`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from .actions import CommandOutput, HttpRequest, HttpResponse, ReadEnv, ReadFile, RunCommand, Wait
from .config import CredentialConfig
from .errors import HostFailure
from .exchange import Done, Pending
from .goals import AccessToken
from .token import Token

ConfigLike: TypeAlias = CredentialConfig | Mapping[str, object] | str | os.PathLike[str]
"""A configuration, the dict or the JSON text of one, or the path of its file."""
Scopes: TypeAlias = str | Sequence[str] | None
"""A list, or a str separated by spaces or commas; None for `cloud-platform`."""
Endpoints: TypeAlias = Literal["google", "loopback", "any"]
"""Where the configuration's URLs may lead: to Google and the metadata services, also to loopback, anywhere."""
Now: TypeAlias = float | datetime | None
"""Seconds since the epoch, an aware `datetime`, or None for the system's clock."""

Goal: TypeAlias = AccessToken
"""What an exchange may be for."""
Outcome: TypeAlias = Token
"""What an exchange ends in. It mirrors the goal: a `Token` for `AccessToken`."""
Step: TypeAlias = Pending | Done
"""What `Exchange.poll` gives."""
Action: TypeAlias = HttpRequest | ReadEnv | ReadFile | RunCommand | Wait
"""What an exchange may ask of its host."""
Reply: TypeAlias = HttpResponse | Mapping[str, str] | str | CommandOutput | HostFailure | None
"""What the host method for an action returned, or the `HostFailure` that it raised."""
Headers: TypeAlias = Iterable[tuple[str, str]] | Mapping[str, str]
"""Pairs of name and value, or a mapping."""

TokenKind: TypeAlias = Literal["federated", "service_account"]
"""Whose access a token carries."""
Freshness: TypeAlias = Literal["fresh", "stale", "expired"]
"""Whether to use a token, to get the next one, or to have got one before."""

Fault: TypeAlias = Literal["config", "host", "remote", "misuse"]
"""Whose an error is to mend."""
Stage: TypeAlias = Literal["config", "source", "aws_sts", "sts", "impersonation", "id_token", "sign"]
"""How far an exchange had come."""
FailureKind: TypeAlias = Literal["timeout", "unreachable", "denied", "unsupported", "other"]
"""Why a host could not do what was asked."""

"""Everything that is wrong with a configuration, at once."""

from __future__ import annotations

from . import _native, _wire
from ._arguments import check_texts, texts_of
from ._record import Record
from .config import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from .aliases import ConfigLike, Endpoints


class Finding(Record):
    """One thing that is wrong with a configuration, or that is hardly meant so. Nothing in it is secret."""

    severity: Literal["error", "warning"]
    """`error`: the configuration is refused for it. `warning`: it is accepted."""
    code: str
    """Stable. Of an error it is an `ErrorCode`."""
    field: str | None
    """Such as `credential_source.url`; None if the text is no JSON object."""
    message: str
    hint: str
    """What to do about it."""


def check_config(
    config: ConfigLike, *, endpoints: Endpoints = "google", token_servers: str | Sequence[str] = ()
) -> list[Finding]:
    """Everything that is wrong with a configuration, and then what is hardly meant so. A field is spoken of once.

        for finding in sanskey.check_config("credentials.json"):
            print(finding.severity, finding.field, finding.message, finding.hint)

    Takes what `fetch_token` takes, sound or not. There is an error among the findings if, and only if, `fetch_token`
    would refuse the configuration before it asked for anything. Raises `ConfigError` or `HostError` if there is no
    text to check, such as for a file that is not there.
    """
    check_texts(endpoints=endpoints)
    options = _wire.dump({"endpoints": endpoints, "token_servers": texts_of("token_servers", token_servers)})
    try:
        findings = _native.check_config(_wire.clean(text_of(config)), options)
    except _wire.Failure as failure:
        raise _wire.error_from(failure) from None
    return _wire.parse(findings, _findings_from)


def _findings_from(findings: list[dict[str, Any]]) -> list[Finding]:
    return [Finding(**fields) for fields in findings]

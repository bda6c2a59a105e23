"""Whether a text that should be a path may appear in an error message.

A variable that should name a file may hold anything: a key in PEM, a configuration in base64, a token. A path is shown
when it looks like one and like nothing else. A real path that is not shown costs its owner a look at the variable; a
key that is shown is lost.
"""

from __future__ import annotations

_LONGEST = 255
_LONGEST_NAME = 64
"""Names of files are shorter, as a rule; the parts of tokens are longer."""
_LONGEST_SUFFIX = 8
_NEVER = ("'", '"', "`", "{", "}", "[", "]", "<", ">", "=", ";", ",", "-----", "://", "eyJ")
"""Quotes and brackets, padding of base64, the frame of PEM, URLs, and how JSON begins in base64 (as a JWT does)."""


def may_be_shown(path: str) -> bool:
    """Whether it is short and printable, and either begins or ends as a path does."""
    if len(path) > _LONGEST or not path.isprintable() or any(sign in path for sign in _NEVER):
        return False
    names = path.replace("\\", "/").split("/")
    if any(len(part) > _LONGEST_NAME for name in names for part in name.split(".")):
        return False
    _, dot, suffix = names[-1].rpartition(".")
    if dot and len(suffix) <= _LONGEST_SUFFIX:
        return True
    return (len(names) > 1 and (names[0] in ("", ".", "..", "~") or names[0].endswith(":"))) and not _is_mixed(path)


def _is_mixed(path: str) -> bool:
    """Capital and small letters and digits throughout, as in base64."""
    return all(any(map(test, path)) for test in (str.isupper, str.islower, str.isdigit))

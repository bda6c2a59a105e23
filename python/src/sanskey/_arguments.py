"""Arguments of a wrong type: refused by name, and never quoted, because any of them may be a secret."""

from __future__ import annotations

from .errors import invalid_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .errors import MisuseError

TEXT = "a str"
TEXTS = "a list of str, or one str"


def refused(name: str, value: object, accepted: str) -> MisuseError:
    """The error that says what was given and what is accepted."""
    kind = "None" if value is None else f"of the type {type(value).__name__}"
    return invalid_argument(f"{name} is {kind}, but must be {accepted}.")


def check_texts(**values: object) -> None:
    """Each must be a str. Raises `MisuseError`."""
    for name, value in values.items():
        if not isinstance(value, str):
            raise refused(name, value, TEXT)


def check_optional_texts(**values: object) -> None:
    """Each must be a str or None. Raises `MisuseError`."""
    for name, value in values.items():
        if value is not None and not isinstance(value, str):
            raise refused(name, value, f"{TEXT}, or None")


def check_optional_ints(**values: object) -> None:
    """Each must be an int or None. Raises `MisuseError`."""
    for name, value in values.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise refused(name, value, "an int, or None")


def text_list(name: str, value: object, accepted: str = TEXTS) -> list[str]:
    """The texts of any iterable but a mapping, whose keys would be taken, and bytes, which are numbers.

    Raises `MisuseError`.
    """
    if isinstance(value, (bytes, bytearray)) or hasattr(value, "keys") or not hasattr(value, "__iter__"):
        raise refused(name, value, accepted)
    texts: list[str] = list(value)
    for text in texts:
        if not isinstance(text, str):
            raise refused(f"An element of {name}", text, TEXT)
    return texts


def texts_of(name: str, value: object) -> list[str]:
    """The same, and one str alone is the only text. Raises `MisuseError`."""
    return [value] if isinstance(value, str) else text_list(name, value)


def check_credentials(credentials: object) -> None:
    """Must be whole `AwsCredentials`. Raises `MisuseError`."""
    from .aws import AwsCredentials

    if not isinstance(credentials, AwsCredentials):
        accepted = "sanskey.AwsCredentials(access_key_id, secret_access_key, session_token)"
        raise refused("The argument for AWS credentials", credentials, accepted)
    check_texts(access_key_id=credentials.access_key_id, secret_access_key=credentials.secret_access_key)
    check_optional_texts(session_token=credentials.session_token)


def check_answer(status: object, body: object) -> None:
    """A status and a body as an HTTP client gives them. Raises `MisuseError`."""
    if not isinstance(status, int):
        raise refused("status", status, "an int")
    if not 0 <= status <= 999:
        raise invalid_argument("status must be an HTTP status, such as 200.")
    check_texts(body=body)

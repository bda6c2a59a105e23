"""What a subject token says of itself, without what makes it a secret."""

from __future__ import annotations

from . import _native, _wire
from ._arguments import check_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .token import SubjectTokenDescription


JWT = "urn:ietf:params:oauth:token-type:jwt"


def describe_subject_token(token: str, token_type: str = JWT, audience: str = "") -> SubjectTokenDescription:
    """Tells a JWT's claims, or the key, the region and the date of a signed AWS request; of other tokens nothing.

    `audience` is the provider that the token is for, by its full name: without it there are no principals.
    """
    check_texts(token=token, token_type=token_type, audience=audience)
    texts = (_wire.clean(text) for text in (token, token_type, audience))
    return _wire.parse(_native.describe_subject_token(*texts), _wire.description_from)

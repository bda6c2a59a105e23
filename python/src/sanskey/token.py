"""What an exchange ends in."""

from __future__ import annotations

from ._arguments import refused
from ._record import Record
from ._time import epoch_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from .aliases import Freshness, Now, TokenKind


class Token(Record, redacted=("value", "refresh_token")):
    """A bearer token. Its repr and its str never show the value, nor the refresh token."""

    value: str
    expires_at: datetime
    """Aware, UTC."""
    kind: TokenKind
    """Whose it is: the federated identity's, a service account's, or a person's, or one that can do less."""
    refresh_token: str | None = None
    """For an `external_account_authorized_user`, if the service has issued a new refresh token.

    It replaces that of the configuration, which may be of no use from now on: keep
    `config.with_refresh_token(token.refresh_token).to_json()`.
    """

    def freshness(self, now: Now = None) -> Freshness:
        """`fresh`, `stale` (still accepted; time to get the next one) or `expired`."""
        from . import _native

        return _native.token_freshness(self.expires_at.timestamp(), epoch_seconds(now))


class TokenInfo(Record):
    """What Google's Security Token Service says of a token. Of one that is not active it says nothing else."""

    active: bool
    """Whether the token is one of that service, and good."""
    username: str | None
    """Whose it is: `principal://iam.googleapis.com/...`."""
    scopes: list[str]
    """What it may be used for."""
    client_id: str | None
    """The OAuth client that it was issued to."""
    subject: str | None
    """The claim `sub`."""
    issuer: str | None
    """The claim `iss`."""
    expires_at: datetime | None
    """Aware, UTC."""
    issued_at: datetime | None
    """Aware, UTC."""


class Revoked(Record):
    """The login is over."""


class SignedBlob(Record):
    """A signature: RSA with SHA-256, PKCS #1 version 1.5."""

    key_id: str
    """Which of the service account's keys it was made with."""
    signature: bytes


class SignedJwt(Record, redacted=("jwt",)):
    """A JWT of the service account. Its repr does not show the JWT."""

    key_id: str
    """Which of the service account's keys it was signed with."""
    jwt: str


class SignedUrl(Record, redacted=("url",)):
    """A URL that anybody who has it can use until its end. Its repr does not show the URL."""

    url: str
    expires_at: datetime
    """Aware, UTC."""


class SubjectTokenDescription(Record):
    """What a subject token says of itself. Nothing of it is secret, and whether it is true, only Google finds out."""

    issuer: str | None
    """The claim `iss` of a JWT."""
    subject: str | None
    """The claim `sub` of a JWT."""
    audiences: list[str]
    """The claim `aud` of a JWT; for AWS, the provider that the signed request is for."""
    issued_at: datetime | None
    """Aware, UTC. The claim `iat` of a JWT; for AWS, the date of the signature."""
    expires_at: datetime | None
    """Aware, UTC. The claim `exp` of a JWT; for AWS, when AWS does not take the signature any more."""
    access_key_id: str | None
    """For AWS: the name of the key that signed."""
    region: str | None
    """For AWS: the region whose Security Token Service is to say who that is."""
    principals: list[str]
    """Whom a role would be granted to, as IAM policies write it."""


def value_of(token: Token | str) -> str:
    """The value of a token that was given as one or as its value. Raises `MisuseError`."""
    value = token.value if isinstance(token, Token) else token
    if not isinstance(value, str):
        raise refused("token", value, "a Token, or its value, a str")
    return value

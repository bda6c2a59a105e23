"""Signatures of a service account whose key Google keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.auth import crypt

from ..errors import SanskeyError
from ..goals import SignBlob
from ._errors import as_google_raises_it

if TYPE_CHECKING:
    from ..token import SignedBlob
    from ..token_source import TokenSource


class Signer(crypt.Signer):  # type: ignore[misc, unused-ignore]
    """Asks the IAM Credentials API, with the federated token of a token source."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    @property
    def key_id(self) -> None:
        """Not known before something is signed: Google changes the key from time to time."""

    def sign(self, message: bytes | str) -> bytes:
        """RSA with SHA-256 (PKCS #1 version 1.5)."""
        try:
            signed: SignedBlob = self._source.fetch(SignBlob(message.encode() if isinstance(message, str) else message))
        except SanskeyError as error:
            raise as_google_raises_it(error) from error
        return signed.signature

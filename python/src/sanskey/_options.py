"""The options of an exchange as the core's JSON has them: what has to be found out first is found out here."""

from __future__ import annotations

from . import _wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .aliases import AwsCredentialsLike, Endpoints, SubjectTokenLike
    from .aws import AssumeRole, AwsCredentials, GetSessionToken, GetWebIdentityToken
    from .config import CredentialConfig


def options_text(
    config: CredentialConfig,
    *,
    aws_credentials: AwsCredentialsLike | None = None,
    aws_region: str | None = None,
    aws_profile: str | None = None,
    aws_assume_role: AssumeRole | Sequence[AssumeRole] | None = None,
    aws_get_session_token: GetSessionToken | None = None,
    aws_web_identity_token: GetWebIdentityToken | None = None,
    subject_token: SubjectTokenLike | None = None,
    actor_token: str | None = None,
    actor_token_type: str | None = None,
    bind_to_certificate: bool = False,
    token_servers: str | Sequence[str] = (),
    api_client: str | None = None,
    endpoints: Endpoints = "google",
    entropy: bytes | None = None,
) -> str:
    """OPTIONS. Sessions and functions are asked; what they raise is passed on. Raises `MisuseError`."""
    key, region = _key_and_region(aws_credentials, aws_region)
    if subject_token is not None and not isinstance(subject_token, str):
        from .supplied import subject_token_from

        subject_token = subject_token_from(subject_token, config)
    return _wire.options_json(
        aws_credentials=key,
        aws_region=region,
        aws_profile=aws_profile,
        aws_assume_role=aws_assume_role,
        aws_get_session_token=aws_get_session_token,
        aws_web_identity_token=aws_web_identity_token,
        subject_token=subject_token,
        actor_token=actor_token,
        actor_token_type=actor_token_type,
        bind_to_certificate=bind_to_certificate,
        token_servers=token_servers,
        api_client=api_client,
        endpoints=endpoints,
        entropy=entropy,
    )


def _key_and_region(given: AwsCredentialsLike | None, region: str | None) -> tuple[AwsCredentials | None, str | None]:
    if given is None:
        return None, region
    from .aws import AwsCredentials

    if isinstance(given, AwsCredentials):
        return given, region
    from ._aws_sdk import resolve

    return resolve(given, region)

"""The calls to AWS that are wanted on the way to the proof of identity: what is given, checked, as plain data.

Apart from `_wire`, because most exchanges want none.
"""

from __future__ import annotations

from ._arguments import check_optional_ints, check_optional_texts, check_texts, refused, texts_of
from .aws import AssumeRole, GetSessionToken, GetWebIdentityToken

_ROLES = "a sanskey.AssumeRole(role_arn), a list of them, or None"


def call_fields(assume_role: object, get_session_token: object, web_identity_token: object) -> dict[str, object]:
    """The members of OPTIONS for these calls. Whether the values make sense is the core's business.

    Raises `MisuseError`.
    """
    fields: dict[str, object] = {}
    if assume_role is not None:
        fields["aws_assume_role"] = [_role_fields(role) for role in _roles(assume_role)]
    if get_session_token is not None:
        if not isinstance(get_session_token, GetSessionToken):
            raise refused("aws_get_session_token", get_session_token, "a sanskey.GetSessionToken(), or None")
        check_optional_ints(duration_seconds=get_session_token.duration_seconds)
        fields["aws_get_session_token"] = get_session_token._fields()
    if web_identity_token is not None:
        if not isinstance(web_identity_token, GetWebIdentityToken):
            raise refused("aws_web_identity_token", web_identity_token, "a sanskey.GetWebIdentityToken(), or None")
        check_optional_texts(
            audience=web_identity_token.audience, signing_algorithm=web_identity_token.signing_algorithm
        )
        check_optional_ints(duration_seconds=web_identity_token.duration_seconds)
        fields["aws_web_identity_token"] = web_identity_token._fields()
    return fields


def _roles(given: object) -> list[AssumeRole]:
    roles = [given] if isinstance(given, AssumeRole) else given
    if not isinstance(roles, (list, tuple)):
        raise refused("aws_assume_role", given, _ROLES)
    for role in roles:
        if not isinstance(role, AssumeRole):
            raise refused("An element of aws_assume_role", role, "a sanskey.AssumeRole(role_arn)")
    return list(roles)


def _role_fields(role: AssumeRole) -> dict[str, object]:
    """A str as `policy_arns` is one of them."""
    check_texts(role_arn=role.role_arn)
    check_optional_texts(
        role_session_name=role.role_session_name,
        external_id=role.external_id,
        policy=role.policy,
        source_identity=role.source_identity,
    )
    check_optional_ints(duration_seconds=role.duration_seconds)
    return {**role._fields(), "policy_arns": texts_of("policy_arns", role.policy_arns)}

"""Exchanges whose proof is a JWT that AWS signs: ``sts:GetWebIdentityToken``, outbound identity federation."""

from . import protocol, world
from .aws_transcript import AwsExchange
from .exchange_failures import HTML
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import ID_TOKEN, JWT, http
from .world import AWS_JWT, NOW, TEMPORARY, config, environment

ASK = "get-web-identity-token"
KEYS = environment(TEMPORARY, AWS_REGION="us-east-1")
EVERYTHING = {"audience": "https://example.com/ä b", "duration_seconds": 60, "signing_algorithm": "ES384"}


def exchanges():
    yield (
        AwsExchange(
            "aws-jwt",
            "The option alone: the usual audience, RS256, and the JWT as the proof, sent once as it is.",
            aws_web_identity_token={},
            config=config(impersonate=True),
        )
        .env(KEYS)
        .get_web_identity_token({})
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    for name, about, call in [
        ("es384", "Signed with ES384.", {"signing_algorithm": "ES384"}),
        ("rs256", "Signed with RS256.", {"signing_algorithm": "RS256"}),
        ("audience", "Another audience.", {"audience": "my-audience"}),
        ("duration", "A duration.", {"duration_seconds": 3600}),
        ("every-parameter", "All parameters, with characters that must be encoded.", EVERYTHING),
    ]:
        yield (
            AwsExchange(f"aws-jwt-{name}", about, aws_web_identity_token=call)
            .env(KEYS)
            .get_web_identity_token(call)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    role = {"role_arn": world.ROLES[0]}
    yield (
        AwsExchange(
            "aws-jwt-of-a-role",
            "The JWT comes last, with the keys of the last role.",
            aws_assume_role=[role],
            aws_web_identity_token={},
        )
        .env(KEYS)
        .assume_role(role)
        .get_web_identity_token({})
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for name, token_type in [("jwt", JWT), ("id-token", ID_TOKEN)]:
        case = AwsExchange(
            f"aws-jwt-configured-as-{name}",
            "The configuration chooses the JWT and says of which type it is; the verification URL may be missing.",
            config=_configured(token_type, {}),
        )
        case.jwt_type = token_type
        yield case.env(KEYS).get_web_identity_token({}).sts().token(FEDERATED_EXPIRY)
    yield (
        AwsExchange(
            "aws-jwt-option-replaces",
            "An option replaces what the configuration says of the JWT.",
            config=_configured(JWT, EVERYTHING),
            aws_web_identity_token={"signing_algorithm": "RS256"},
        )
        .env(KEYS)
        .get_web_identity_token({"signing_algorithm": "RS256"})
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange(
            "aws-jwt-supplied-credentials",
            "With supplied credentials and region.",
            credentials=TEMPORARY,
            region="us-east-1",
            aws_web_identity_token={},
        )
        .env({})
        .get_web_identity_token({})
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("retry-aws-jwt", "A request that fails in passing is tried again.", aws_web_identity_token={})
        .env(KEYS)
        .get_web_identity_token({}, http(503, ""))
        .wait(f"{ASK}-2", 1000)
        .get_web_identity_token({}, attempt=2)
        .sts()
        .token(NOW + 1 + 3599)
    )


def failures():
    def asked(name, about, reply):
        return (
            AwsExchange(f"aws-jwt-{name}", about, aws_web_identity_token={})
            .env(KEYS)
            .get_web_identity_token({}, reply)
            .secret(AWS_JWT)
        )

    for code, message, hint in [
        ("AccessDenied", "User: arn:aws:iam::123456789012:user/demo is not authorized", "sts:GetWebIdentityToken"),
        (
            "OutboundWebIdentityFederationDisabledException",
            "The outbound web identity federation feature is not enabled for this account.",
            "enable-outbound-web-identity-federation",
        ),
        (
            "OutboundWebIdentityFederationDisabled",
            "The outbound web identity federation feature is not enabled for this account.",
            "enable-outbound-web-identity-federation",
        ),
        ("JWTPayloadSizeExceededException", "The requested token payload size exceeds the maximum allowed size.", ""),
    ]:
        yield asked(
            f"refused-{code.lower()}", f"AWS answers with {code}.", http(403, world.sts_refusal(code, message))
        ).fails(
            "aws_sts_rejected",
            "remote",
            stage="aws_sts",
            ask_id=ASK,
            status=403,
            error=code,
            error_description=message,
            hint_contains=hint,
        )
    action = "GetWebIdentityToken"
    for name, about, body in [
        ("html", "A page holds no JWT.", HTML),
        (
            "without-token",
            "An answer without a JWT.",
            world.sts_answer(action, "<Expiration>2024-01-02T03:09:05Z</Expiration>"),
        ),
        ("empty-token", "An empty JWT.", world.sts_answer(action, "<WebIdentityToken></WebIdentityToken>")),
        (
            "with-space",
            "A JWT has no space.",
            world.sts_answer(action, f"<WebIdentityToken>a {AWS_JWT}</WebIdentityToken>"),
        ),
    ]:
        yield asked(f"answer-{name}", about, http(200, body)).fails(
            "aws_sts_malformed", "remote", stage="aws_sts", ask_id=ASK, status=200
        )
    rejected = {"error": "invalid_grant", "error_description": f"The JWT {AWS_JWT} has no audience."}
    case = AwsExchange(
        "aws-jwt-quoted-by-google", "A refusal that quotes the JWT is passed on without it.", aws_web_identity_token={}
    )
    case.env(KEYS).get_web_identity_token({})
    yield case.sts(http(400, rejected)).fails(
        "sts_rejected",
        "remote",
        stage="sts",
        ask_id="sts",
        status=400,
        error="invalid_grant",
        error_description="The JWT [redacted] has no audience.",
    )


def refusals():
    """Configurations that cannot work."""
    for name, about, call, field in [
        ("algorithm", "AWS signs with RS256 or ES384.", {"signing_algorithm": "HS256"}, "signing_algorithm"),
        ("duration", "A JWT lasts for a minute at least.", {"duration_seconds": 59}, "duration_seconds"),
        ("audience-number", "The audience is a text.", {"audience": 7}, "audience"),
    ]:
        yield AwsExchange(f"sanskey-jwt-{name}", about, config=_configured(JWT, call)).fails(
            "config_field_invalid", "config", stage="config", field=f"sanskey.aws_web_identity_token.{field}"
        )
    yield AwsExchange(
        "sanskey-jwt-as-signed-request",
        "With a JWT as the proof the configuration cannot say that it is a signed request.",
        config=_configured(protocol.AWS4_REQUEST, {}),
    ).fails("config_field_invalid", "config", stage="config", field="subject_token_type", hint_contains="jwt")
    yield AwsExchange(
        "sanskey-jwt-type-without-jwt",
        "A signed request is not of the type of a JWT.",
        config=config(subject_token_type=JWT),
    ).fails("config_field_invalid", "config", stage="config", field="subject_token_type")


def _configured(token_type, call):
    return config(
        subject_token_type=token_type,
        sanskey={"aws_web_identity_token": call},
        without=["regional_cred_verification_url"],
    )

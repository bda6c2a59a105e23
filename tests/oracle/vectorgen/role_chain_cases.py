"""Exchanges that take on roles, one after the other, or ask for a session first."""

from . import world
from .aws_transcript import AwsExchange
from .exchange_failures import HTML
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import AWS_FORM, failed, http
from .signing import signature_of
from .world import ASSUMED, LONG_TERM, NOW, ROLES, TEMPORARY, config, environment

FIRST, SECOND = ({"role_arn": arn} for arn in ROLES)
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}'
EVERYTHING = {
    "role_arn": ROLES[0],
    "role_session_name": "job=7,team@demo.example",
    "external_id": "acme:prod/7",
    "duration_seconds": 900,
    "policy": POLICY,
    "policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/Billing"],
    "source_identity": "Demo.User",
}
KEYS = environment(TEMPORARY, AWS_REGION="us-east-1")
USER_KEYS = environment(LONG_TERM, AWS_REGION="us-east-1")


def exchanges():
    yield from chains()
    yield from sessions()
    yield from chosen_in_the_configuration()
    yield from retries()


def failures():
    yield from of_assume_role()
    yield from of_get_session_token()


def refusals():
    """Calls that cannot work, in the configuration's own object."""
    for name, about, calls, field in [
        ("assume-role-without-arn", "A role has an ARN.", {"aws_assume_role": [{}]}, "aws_assume_role[0].role_arn"),
        (
            "assume-role-name",
            "The ARN is that of a role.",
            {"aws_assume_role": [FIRST, {"role_arn": "first"}]},
            "aws_assume_role[1].role_arn",
        ),
        ("assume-role-object", "The roles are a list.", {"aws_assume_role": FIRST}, "aws_assume_role"),
        (
            "assume-role-duration",
            "A role has credentials for 900 seconds at least.",
            {"aws_assume_role": [{**FIRST, "duration_seconds": 899}]},
            "aws_assume_role[0].duration_seconds",
        ),
        (
            "assume-role-duration-text",
            "A duration is a number.",
            {"aws_assume_role": [{**FIRST, "duration_seconds": "900"}]},
            "aws_assume_role[0].duration_seconds",
        ),
        (
            "assume-role-external-id",
            "An external id has no space.",
            {"aws_assume_role": [{**FIRST, "external_id": "a b"}]},
            "aws_assume_role[0].external_id",
        ),
        (
            "assume-role-policy",
            "A policy is JSON text.",
            {"aws_assume_role": [{**FIRST, "policy": "ReadOnly"}]},
            "aws_assume_role[0].policy",
        ),
        (
            "assume-role-policy-arns",
            "At most ten managed policies.",
            {"aws_assume_role": [{**FIRST, "policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"] * 11}]},
            "aws_assume_role[0].policy_arns",
        ),
        (
            "session-duration",
            "A session lasts for 900 seconds at least.",
            {"aws_get_session_token": {"duration_seconds": 60}},
            "aws_get_session_token.duration_seconds",
        ),
        ("calls-not-an-object", "The calls stand in an object.", [], ""),
        (
            "unknown-call",
            "A misspelt name would leave the workload with another role.",
            {"aws_asume_role": [FIRST]},
            "aws_asume_role",
        ),
        (
            "unknown-member",
            "A misspelt policy would narrow nothing.",
            {"aws_assume_role": [{**FIRST, "polcy": "{}"}]},
            "aws_assume_role[0].polcy",
        ),
    ]:
        yield AwsExchange(f"sanskey-{name}", about, config=config(sanskey=calls)).fails(
            "config_field_missing" if "without" in name else "config_field_invalid",
            "config",
            stage="config",
            field=f"sanskey.{field}".rstrip("."),
        )


def misuse():
    """The same, given by the calling program."""
    for name, about, options in [
        ("role-not-an-arn", "The ARN is that of a role.", {"aws_assume_role": [{"role_arn": "first"}]}),
        (
            "role-duration",
            "A role has credentials for 12 hours at most.",
            {"aws_assume_role": [{**FIRST, "duration_seconds": 43201}]},
        ),
        (
            "role-session-name",
            "A session's name has no slash.",
            {"aws_assume_role": [{**FIRST, "role_session_name": "a/b"}]},
        ),
        (
            "role-source-identity",
            "Nor has a source identity.",
            {"aws_assume_role": [{**FIRST, "source_identity": "a/b"}]},
        ),
        (
            "session-duration",
            "A session lasts for 36 hours at most.",
            {"aws_get_session_token": {"duration_seconds": 129601}},
        ),
        ("jwt-algorithm", "AWS signs with RS256 or ES384.", {"aws_web_identity_token": {"signing_algorithm": "none"}}),
        (
            "role-without-name",
            "An ARN without a name is no role's.",
            {"aws_assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/"}]},
        ),
        (
            "role-policy-broken",
            "A policy is JSON from its beginning to its end.",
            {"aws_assume_role": [{**FIRST, "policy": "{broken"}]},
        ),
        ("jwt-duration", "A JWT lasts for an hour at most.", {"aws_web_identity_token": {"duration_seconds": 3601}}),
    ]:
        yield AwsExchange(f"aws-call-{name}", about, credentials=TEMPORARY, region="us-east-1", **options).fails(
            "invalid_argument", "misuse"
        )


def chains():
    yield (
        AwsExchange(
            "role-chain-two-hops",
            "Two roles: the second request is signed with the keys of the first role, the proof with those of the second.",
            aws_assume_role=[FIRST, SECOND],
            config=config(impersonate=True),
        )
        .env(KEYS)
        .assume_role(FIRST)
        .assume_role(SECOND)
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        AwsExchange(
            "assume-role-every-parameter", "All that a role may be asked for with.", aws_assume_role=[EVERYTHING]
        )
        .env(KEYS)
        .assume_role(EVERYTHING)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for name, about, changes in [
        ("external-id", "An external id.", {"external_id": "12"}),
        ("policy", "A session policy, with characters that must be encoded.", {"policy": '{"Sid": "ä + 100% & more"}'}),
        ("policy-arns", "Managed policies.", {"policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}),
        ("source-identity", "A source identity.", {"source_identity": "a+b=c,d.e@f-g_h"}),
        ("duration", "A duration.", {"duration_seconds": 43200}),
        ("session-name", "A name of the session.", {"role_session_name": "x" * 64}),
    ]:
        role = {**FIRST, **changes}
        yield (
            AwsExchange(f"assume-role-{name}", about, aws_assume_role=[role])
            .env(KEYS)
            .assume_role(role)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        AwsExchange(
            "role-chain-supplied-credentials",
            "With supplied credentials and region, the environment is asked for endpoints only.",
            credentials=TEMPORARY,
            region="eu-central-1",
            aws_assume_role=[FIRST],
        )
        .env({"AWS_USE_DUALSTACK_ENDPOINT": "true"})
        .aws_sts_at("https://sts.eu-central-1.api.aws/")
        .assume_role(FIRST)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange(
            "role-chain-supplied-region-from-env",
            "A supplied key, and the region of the environment.",
            credentials=LONG_TERM,
            aws_assume_role=[FIRST],
        )
        .env({"AWS_REGION": "cn-north-1"})
        .aws_sts_at("https://sts.cn-north-1.amazonaws.com.cn/")
        .assume_role(FIRST)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("role-chain-instance", "A role, with the keys of the instance.", aws_assume_role=[FIRST])
        .env()
        .session()
        .region_and_role()
        .role_credentials()
        .assume_role(FIRST)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("role-chain-web-identity", "A role, with the keys of a pod's role.", aws_assume_role=[FIRST])
        .env(
            {
                "AWS_REGION": "us-east-1",
                "AWS_WEB_IDENTITY_TOKEN_FILE": world.TOKEN_FILE,
                "AWS_ROLE_ARN": world.WEB_IDENTITY_ROLE,
            }
        )
        .token_file()
        .with_web_identity()
        .assume_role(FIRST)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("role-chain-empty", "An empty list of roles is no call to AWS.", aws_assume_role=[])
        .env(KEYS)
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def sessions():
    for name, about, call in [
        ("", "A session of an IAM user, without a duration.", {}),
        ("-duration", "A session with a duration.", {"duration_seconds": 129600}),
    ]:
        yield (
            AwsExchange(f"session-token{name}", about, aws_get_session_token=call)
            .env(USER_KEYS)
            .get_session_token(call)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        AwsExchange(
            "session-token-then-role",
            "The session comes before the roles, and signs the request for the first one.",
            aws_get_session_token={"duration_seconds": 900},
            aws_assume_role=[FIRST],
        )
        .env(USER_KEYS)
        .get_session_token({"duration_seconds": 900})
        .assume_role(FIRST)
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def chosen_in_the_configuration():
    calls = {"aws_get_session_token": {}, "aws_assume_role": [EVERYTHING, SECOND]}
    yield (
        AwsExchange(
            "configured-calls", "The configuration's object sanskey says which calls.", config=config(sanskey=calls)
        )
        .env(USER_KEYS)
        .get_session_token({})
        .assume_role(EVERYTHING)
        .assume_role(SECOND)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange(
            "configured-calls-replaced",
            "An option replaces the field of the same name, and leaves the others.",
            config=config(sanskey=calls),
            aws_assume_role=[FIRST],
        )
        .env(USER_KEYS)
        .get_session_token({})
        .assume_role(FIRST)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange(
            "configured-roles-declined",
            "An empty list, as an option, takes on none of the configuration's roles.",
            config=config(sanskey={"aws_assume_role": [FIRST]}),
            aws_assume_role=[],
        )
        .env(KEYS)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("configured-nothing", "An empty object asks for nothing.", config=config(sanskey={}))
        .env(KEYS)
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def retries():
    yield (
        AwsExchange(
            "retry-assume-role",
            "A hop that fails in passing is signed again with the time of the further try; ids go on from the hop's.",
            aws_assume_role=[FIRST, SECOND],
        )
        .env(KEYS)
        .assume_role(FIRST)
        .assume_role(SECOND, http(400, world.sts_refusal("Throttling", "Rate exceeded")))
        .wait("assume-role-2-2", 1000)
        .assume_role(SECOND, failed("unreachable", "connection reset"), attempt=2)
        .wait("assume-role-2-3", 2000)
        .assume_role(SECOND, attempt=3)
        .sts()
        .token(NOW + 3 + 3599)
    )


def of_assume_role():
    def chain(name, about, reply):
        return (
            AwsExchange(f"assume-role-{name}", about, aws_assume_role=[FIRST, SECOND])
            .env(KEYS)
            .assume_role(FIRST)
            .assume_role(SECOND, reply)
        )

    for status, code, message, hint in [
        (
            403,
            "AccessDenied",
            f"User: arn:aws:sts::123456789012:assumed-role/first/sanskey is not authorized to perform: sts:AssumeRole on resource: {ROLES[1]}",
            "trust policy",
        ),
        (403, "ExpiredToken", "The security token included in the request is expired", "out of date"),
        (403, "InvalidClientTokenId", "The security token included in the request is invalid.", "access key"),
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            "3600",
        ),
        (400, "MalformedPolicyDocument", "The policy is not in the valid JSON format.", "policy"),
        (400, "PackedPolicyTooLarge", "Serialized token too large for session", "policy"),
        (
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
            "secret",
        ),
    ]:
        yield chain(
            f"refused-{code.lower()}",
            f"AWS answers {status} with {code} to the second hop: its own words are kept.",
            http(status, world.sts_refusal(code, message)),
        ).fails(
            "aws_sts_rejected",
            "remote",
            stage="aws_sts",
            ask_id="assume-role-2",
            status=status,
            error=code,
            error_description=message,
            hint_contains=hint,
        )
    case = (
        AwsExchange(
            "assume-role-refusal-quotes-secrets",
            "A refusal is passed on without secrets.",
            aws_assume_role=[FIRST, SECOND],
        )
        .env(KEYS)
        .assume_role(FIRST)
    )
    message = f"Bad token {ASSUMED[0].session_token} of {TEMPORARY.secret_access_key}"
    yield case.assume_role(SECOND, http(403, world.sts_refusal("AccessDenied", message))).fails(
        "aws_sts_rejected",
        "remote",
        stage="aws_sts",
        ask_id="assume-role-2",
        status=403,
        error="AccessDenied",
        error_description="Bad token [redacted] of [redacted]",
    )
    for name, about, quote, description in [
        (
            "the-signature",
            "A refusal that quotes the signature is passed on without it.",
            lambda request: f"Got {signature_of(dict(request['headers'])['authorization'])} as the signature",
            "Got [redacted] as the signature",
        ),
        (
            "the-headers",
            "So is one that quotes headers.",
            lambda request: "; ".join(f"{name}: {value}" for name, value in request["headers"] if "date" not in name),
            f"authorization: AWS4-HMAC-SHA256 [redacted]; content-type: {AWS_FORM}; x-amz-security-token: [redacted]",
        ),
    ]:
        yield chain(
            f"refusal-quotes-{name}",
            about,
            lambda request, quote=quote: http(403, world.sts_refusal("AccessDenied", quote(request))),
        ).fails(
            "aws_sts_rejected",
            "remote",
            stage="aws_sts",
            ask_id="assume-role-2",
            status=403,
            error="AccessDenied",
            error_description=description,
        )
    for name, about, body in [
        ("html", "A page holds no credentials.", HTML),
        (
            "of-another-call",
            "The answer to another call.",
            world.sts_answer("GetSessionToken", world.sts_credentials(ASSUMED[1])),
        ),
        (
            "without-token",
            "Credentials of a role have a session token.",
            world.sts_answer("AssumeRole", world.sts_credentials(ASSUMED[1], SessionToken=None)),
        ),
    ]:
        yield (
            chain(f"answer-{name}", about, http(200, body))
            .secret(*ASSUMED[1][1:])
            .fails("aws_sts_malformed", "remote", stage="aws_sts", ask_id="assume-role-2", status=200)
        )
    yield chain("redirect", "A redirect is not followed.", http(302, "", [("location", "/")])).fails(
        "redirect_refused", "remote", stage="aws_sts", ask_id="assume-role-2", status=302
    )


def of_get_session_token():
    def session(name, about, reply):
        return (
            AwsExchange(f"session-token-{name}", about, aws_get_session_token={}, aws_assume_role=[FIRST])
            .env(KEYS)
            .get_session_token({}, reply)
        )

    message = "Cannot call GetSessionToken with session credentials"
    yield session(
        "refused", "A role cannot ask for a session.", http(403, world.sts_refusal("AccessDenied", message))
    ).fails(
        "aws_sts_rejected",
        "remote",
        stage="aws_sts",
        ask_id="get-session-token",
        status=403,
        error="AccessDenied",
        error_description=message,
        hint_contains="IAM user",
    )
    yield session(
        "malformed", "XML without credentials.", http(200, world.sts_answer("GetSessionToken", "<X/>"))
    ).fails("aws_sts_malformed", "remote", stage="aws_sts", ask_id="get-session-token", status=200)

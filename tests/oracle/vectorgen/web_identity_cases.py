"""Exchanges of pods with a web identity (EKS: IAM roles for service accounts): a token that AWS STS gives keys for."""

from . import world
from .aws_transcript import AwsExchange
from .exchange_failures import HTML, TOO_LARGE
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import failed, http, wait
from .world import NOW, TOKEN_FILE, WEB_IDENTITY, WEB_IDENTITY_ROLE, WEB_IDENTITY_TOKEN, config, environment

ASK = "assume-role-with-web-identity"
POD = {"AWS_WEB_IDENTITY_TOKEN_FILE": TOKEN_FILE, "AWS_ROLE_ARN": WEB_IDENTITY_ROLE}
REGION = {"AWS_REGION": "eu-west-1"}


def exchanges():
    yield from places()
    yield from endpoints()
    yield from retries()


def failures():
    yield from of_the_variables()
    yield from of_the_token()
    yield from of_the_request()
    yield from of_the_answer()


def pod(name, about, env=None, **options):
    return AwsExchange(f"web-identity-{name}", about, **options).env({**REGION, **POD, **(env or {})})


def places():
    yield (
        pod(
            "eks-impersonation",
            "A pod with a role, and an unmodified configuration: the token is read, and AWS STS is asked without a signature.",
            config=config(impersonate=True),
        )
        .token_file()
        .with_web_identity()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        pod("session-name", "AWS_ROLE_SESSION_NAME names the session.", {"AWS_ROLE_SESSION_NAME": "pod-7@demo"})
        .token_file()
        .with_web_identity(session="pod-7@demo")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        pod("empty-session-name", "An empty AWS_ROLE_SESSION_NAME counts as not set.", {"AWS_ROLE_SESSION_NAME": ""})
        .token_file()
        .with_web_identity()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        pod("token-with-line-break", "White space around the token is no part of it.")
        .token_file(text=f" {WEB_IDENTITY_TOKEN}\r\n")
        .with_web_identity()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    case = AwsExchange(
        "web-identity-region-from-metadata",
        "Without a region in the environment, the instance is asked for its zone while the token is read.",
    ).env(POD)
    case.session()
    case.round(case.region_pair("eu-west-1b", "eu-west-1"), case.token_file_pair())
    yield case.with_web_identity().sts().token(FEDERATED_EXPIRY)
    keys = environment(world.TEMPORARY)
    yield (pod("after-keys", "Keys in the environment go before a web identity.", keys).sts().token(FEDERATED_EXPIRY))
    yield (
        pod(
            "before-profile-and-container",
            "A web identity goes before a profile and before a container's endpoint.",
            {"AWS_PROFILE": "other", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": world.ECS_PATH},
        )
        .token_file()
        .with_web_identity()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        AwsExchange("web-identity-role-alone-is-none", "AWS_ROLE_ARN alone, which CI systems set, names no source.")
        .env({**REGION, "AWS_ROLE_ARN": WEB_IDENTITY_ROLE})
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        pod("of-supplied-region", "A supplied region is that of the endpoint.", region="sa-east-1")
        .token_file()
        .with_web_identity()
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def endpoints():
    fips, dual_stack = {"AWS_USE_FIPS_ENDPOINT": "true"}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}
    # Hosts as botocore's endpoint rules give them; test_aws_sts_requests.py asks those.
    for name, about, region, env, host in [
        ("china", "China has hosts of its own.", "cn-north-1", {}, "sts.cn-north-1.amazonaws.com.cn"),
        ("gov", "GovCloud has the usual suffix.", "us-gov-west-1", {}, "sts.us-gov-west-1.amazonaws.com"),
        ("iso", "An isolated region has a suffix of its own.", "us-iso-east-1", {}, "sts.us-iso-east-1.c2s.ic.gov"),
        ("iso-b", "So has another one.", "us-isob-east-1", {}, "sts.us-isob-east-1.sc2s.sgov.gov"),
        ("iso-e", "And a third one.", "eu-isoe-west-1", {}, "sts.eu-isoe-west-1.cloud.adc-e.uk"),
        ("iso-f", "And a fourth one.", "us-isof-south-1", {}, "sts.us-isof-south-1.csp.hci.ic.gov"),
        ("sovereign", "The European sovereign cloud too.", "eusc-de-east-1", {}, "sts.eusc-de-east-1.amazonaws.eu"),
        ("fips", "A FIPS endpoint.", "us-east-2", fips, "sts-fips.us-east-2.amazonaws.com"),
        (
            "fips-gov",
            "GovCloud's usual endpoint is a FIPS one.",
            "us-gov-east-1",
            fips,
            "sts.us-gov-east-1.amazonaws.com",
        ),
        ("dual-stack", "An endpoint with IPv6.", "eu-central-1", dual_stack, "sts.eu-central-1.api.aws"),
        (
            "dual-stack-china",
            "An endpoint with IPv6 in China.",
            "cn-northwest-1",
            dual_stack,
            "sts.cn-northwest-1.api.amazonwebservices.com.cn",
        ),
        (
            "fips-dual-stack",
            "A FIPS endpoint with IPv6; the words may be in upper case.",
            "us-west-2",
            {"AWS_USE_FIPS_ENDPOINT": "TRUE", "AWS_USE_DUALSTACK_ENDPOINT": "True"},
            "sts-fips.us-west-2.api.aws",
        ),
        (
            "fips-false",
            "Anything but true leaves the usual endpoint.",
            "us-east-1",
            {"AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": "1"},
            "sts.us-east-1.amazonaws.com",
        ),
    ]:
        yield (
            pod(f"endpoint-{name}", about, {"AWS_REGION": region, **env})
            .aws_sts_at(f"https://{host}/")
            .token_file()
            .with_web_identity()
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    vpc = "https://vpce-0123-abcd.sts.eu-west-1.vpce.amazonaws.com"
    for name, about, env, url in [
        ("variable", "AWS_ENDPOINT_URL_STS names the endpoint.", {"AWS_ENDPOINT_URL_STS": vpc}, f"{vpc}/"),
        (
            "of-all-services",
            "AWS_ENDPOINT_URL names that of every service.",
            {"AWS_ENDPOINT_URL": f"{vpc}/"},
            f"{vpc}/",
        ),
        (
            "of-the-service-first",
            "The variable of the service goes before that of all services.",
            {"AWS_ENDPOINT_URL_STS": vpc, "AWS_ENDPOINT_URL": "https://all.example.com"},
            f"{vpc}/",
        ),
        (
            "variable-before-fips",
            "A named endpoint is used as it is named.",
            {"AWS_ENDPOINT_URL_STS": f"{vpc}:8443/sts", **fips, **dual_stack},
            f"{vpc}:8443/sts",
        ),
        (
            "on-this-machine",
            "Over http the endpoint may be on this machine.",
            {"AWS_ENDPOINT_URL": "http://localhost:4566"},
            "http://localhost:4566/",
        ),
    ]:
        yield (
            pod(f"endpoint-{name}", about, env)
            .aws_sts_at(url)
            .token_file()
            .with_web_identity()
            .sts()
            .token(FEDERATED_EXPIRY)
        )


def retries():
    for code, message in [
        ("IDPCommunicationError", "Error communicating with the identity provider."),
        ("Throttling", "Rate exceeded"),
    ]:
        yield (
            pod(f"retry-{code.lower()}", f"{code} passes: AWS answers it with status 400, and it is tried again.")
            .token_file()
            .with_web_identity(reply=http(400, world.sts_refusal(code, message)))
            .wait(f"{ASK}-2", 1000)
            .with_web_identity(attempt=2)
            .sts()
            .token(NOW + 1 + 3599)
        )
    yield (
        pod("retry-unavailable", "A server error and a timeout are tried again, with the same token.")
        .token_file()
        .with_web_identity(reply=http(503, HTML))
        .wait(f"{ASK}-2", 1000)
        .with_web_identity(reply=failed("timeout", "no answer within 10 s"), attempt=2)
        .wait(f"{ASK}-3", 2000)
        .with_web_identity(attempt=3)
        .sts()
        .token(NOW + 3 + 3599)
    )


def of_the_variables():
    yield (
        AwsExchange(
            "web-identity-without-role",
            "A token file without a role is a mistake, and does not fall through to another identity.",
        )
        .env({**REGION, "AWS_WEB_IDENTITY_TOKEN_FILE": TOKEN_FILE, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"})
        .fails("aws_credentials_incomplete", "config", stage="source", hint_contains="EKS")
    )
    for name, about, env in [
        ("role-not-an-arn", "The role is given by its ARN.", {"AWS_ROLE_ARN": "sanskey-pod-role"}),
        ("role-of-a-user", "The ARN is that of a role.", {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:user/demo"}),
        ("session-name-with-space", "A session's name has no space.", {"AWS_ROLE_SESSION_NAME": "pod seven"}),
        ("session-name-too-short", "A session's name has two characters or more.", {"AWS_ROLE_SESSION_NAME": "x"}),
        ("session-name-too-long", "A session's name has at most 64 characters.", {"AWS_ROLE_SESSION_NAME": "x" * 65}),
    ]:
        yield pod(name, about, env).fails("aws_credentials_invalid", "config", stage="source")
    for name, about, env in [
        ("http", "Over http the endpoint is on this machine.", {"AWS_ENDPOINT_URL_STS": "http://sts.example.com"}),
        ("all-http", "So it is for AWS_ENDPOINT_URL.", {"AWS_ENDPOINT_URL": "http://169.254.169.254"}),
        ("user", "No user is named in the URL.", {"AWS_ENDPOINT_URL_STS": "https://user:pass@sts.example.com"}),
        ("query", "The URL has no query.", {"AWS_ENDPOINT_URL_STS": "https://sts.example.com/?x=1"}),
        ("scheme", "The URL is one of https or http.", {"AWS_ENDPOINT_URL_STS": "sts.example.com"}),
        ("space", "The URL has no space.", {"AWS_ENDPOINT_URL_STS": "https://sts.example.com/a b"}),
        (
            "first-refused",
            "A refused endpoint of the service does not fall through to that of all services.",
            {"AWS_ENDPOINT_URL_STS": "http://sts.example.com", "AWS_ENDPOINT_URL": "https://sts.example.com"},
        ),
    ]:
        yield (
            pod(f"endpoint-refused-{name}", about, env)
            .token_file()
            .fails("aws_endpoint_refused", "config", stage="source", hint_contains="https")
        )


def of_the_token():
    for name, about, text in [
        ("missing", "There is no file at the path.", None),
        ("empty", "An empty file holds no token.", ""),
        ("blank", "A file with white space holds no token.", " \n"),
        ("two-lines", "A token with a line break inside is none.", "eyJhbGciOi\nJub25lIn0.e30.x-two-lines"),
        ("with-space", "A token with a space inside is none.", "Bearer eyJhbGciOiJub25lIn0.e30.x-space"),
        ("non-ascii", "A token is ASCII.", "eyJhbGciOiJub25lIn0.e30.tökén"),
    ]:
        yield (
            pod(f"token-{name}", about)
            .token_file(text=text)
            .fails("aws_web_identity_token_invalid", "config", stage="source", ask_id="web-identity-token")
        )
    for kind, code in [("denied", "host_denied"), ("unsupported", "host_unsupported"), ("other", "host_failed")]:
        yield (
            pod(f"token-{kind}", f"A failure of the kind {kind}: the hint names the variable.")
            .token_file(reply=failed(kind, "the file cannot be read"))
            .fails(
                code, "host", stage="source", ask_id="web-identity-token", hint_contains="AWS_WEB_IDENTITY_TOKEN_FILE"
            )
        )


def asked(name, about, reply):
    return pod(name, about).token_file().with_web_identity(reply=reply)


def of_the_request():
    for status, code, message, hint in [
        (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "trust policy"),
        (400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://x", "issuer"),
        (
            400,
            "ExpiredTokenException",
            "Token expired: current date/time 1704164645 must be before 1704160000",
            "out of date",
        ),
        (403, "IDPRejectedClaim", "The identity provider rejected the claim", ""),
        (400, "ValidationError", "1 validation error detected: Value 'x' at 'roleArn' failed", "parameter"),
        (403, "RegionDisabledException", "STS is not activated in this region for account:123456789012.", "region"),
    ]:
        yield asked(
            f"refused-{code.lower()}",
            f"AWS answers {status} with {code}: its own words are kept.",
            http(status, world.sts_refusal(code, message)),
        ).fails(
            "aws_sts_rejected",
            "remote",
            stage="aws_sts",
            ask_id=ASK,
            status=status,
            error=code,
            error_description=message,
            hint_contains=hint,
        )
    yield asked(
        "refused-quotes-the-token",
        "A refusal that quotes the token is passed on without it.",
        http(400, world.sts_refusal("InvalidIdentityToken", f"Bad token <{WEB_IDENTITY_TOKEN}> & more")),
    ).fails(
        "aws_sts_rejected",
        "remote",
        stage="aws_sts",
        ask_id=ASK,
        status=400,
        error="InvalidIdentityToken",
        error_description="Bad token <[redacted]> & more",
    )
    yield asked(
        "refused-html", "A page in place of XML: the status counts, and the page is not repeated.", http(403, HTML)
    ).fails("aws_sts_rejected", "remote", stage="aws_sts", ask_id=ASK, status=403)
    yield asked("refused-empty", "A refusal without words.", http(401, "")).fails(
        "aws_sts_rejected", "remote", stage="aws_sts", ask_id=ASK, status=401
    )
    yield asked(
        "redirect",
        "A redirect is not followed: the token stays with the host that it was meant for.",
        http(307, "", [("location", "https://example.com/")]),
    ).fails("redirect_refused", "remote", stage="aws_sts", ask_id=ASK, status=307)
    yield asked("too-large", "More than 1 MiB is not read.", TOO_LARGE).fails(
        "response_too_large", "remote", stage="aws_sts", ask_id=ASK, status=200
    )
    case = asked("server-errors", "Three server errors are the end.", http(500, ""))
    case.wait(f"{ASK}-2", 1000).with_web_identity(reply=http(502, HTML), attempt=2)
    case.wait(f"{ASK}-3", 2000)
    case.with_web_identity(reply=http(503, world.sts_refusal("ServiceUnavailable", "Try again.")), attempt=3)
    yield case.fails(
        "aws_sts_unavailable",
        "remote",
        stage="aws_sts",
        ask_id=f"{ASK}-3",
        status=503,
        retryable=True,
        error="ServiceUnavailable",
        error_description="Try again.",
    )
    throttled = http(400, world.sts_refusal("Throttling", "Rate exceeded"))
    case = asked("throttled", "Three times too many requests are the end, with status 400 as well.", throttled)
    case.wait(f"{ASK}-2", 1000).with_web_identity(reply=throttled, attempt=2)
    case.wait(f"{ASK}-3", 2000).with_web_identity(reply=throttled, attempt=3)
    yield case.fails(
        "aws_sts_unavailable",
        "remote",
        stage="aws_sts",
        ask_id=f"{ASK}-3",
        status=400,
        retryable=True,
        error="Throttling",
        error_description="Rate exceeded",
    )
    unreachable = failed("unreachable", "name not resolved")
    case = asked("unreachable", "The last of three failures is the error; the hint names the ways out.", unreachable)
    case.wait(f"{ASK}-2", 1000).with_web_identity(reply=unreachable, attempt=2)
    case.wait(f"{ASK}-3", 2000).with_web_identity(reply=unreachable, attempt=3)
    yield case.fails(
        "host_unreachable",
        "host",
        stage="aws_sts",
        ask_id=f"{ASK}-3",
        retryable=True,
        hint_contains="AWS_ENDPOINT_URL_STS",
    )
    yield asked("denied", "The host may not connect.", failed("denied", "not allowed")).fails(
        "host_denied", "host", stage="aws_sts", ask_id=ASK
    )
    case = asked("wait-unsupported", "With a host that cannot wait, the first answer is the last.", http(503, ""))
    case.round((wait(f"{ASK}-2-wait", 1000), failed("unsupported", "no timers here")))
    yield case.fails("aws_sts_unavailable", "remote", stage="aws_sts", ask_id=ASK, status=503, retryable=True)


def of_the_answer():
    action = "AssumeRoleWithWebIdentity"
    good = world.sts_credentials(WEB_IDENTITY)
    answer = world.sts_answer(action, good)

    def malformed(name, about, body):
        return (
            asked(f"answer-{name}", about, http(200, body))
            .secret(*WEB_IDENTITY[1:])
            .fails("aws_sts_malformed", "remote", stage="aws_sts", ask_id=ASK, status=200)
        )

    yield malformed("empty", "An empty answer holds no credentials.", "")
    yield malformed("html", "A proxy's page holds no credentials.", HTML)
    yield malformed("json", "AWS STS answers in XML.", '{"AssumeRoleWithWebIdentityResponse": {}}')
    yield malformed("cut-off", "XML that ends early.", answer[:300])
    yield malformed("two-roots", "XML has one root.", answer + answer)
    yield malformed("doctype", "A document type, which could define entities, is refused.", "<!DOCTYPE x>" + answer)
    yield malformed(
        "entity",
        "An entity of one's own is not expanded.",
        '<!DOCTYPE x [<!ENTITY k SYSTEM "file:///etc/passwd">]>' + answer.replace("ASIAWEBIDENTITYEXMPL", "&k;"),
    )
    yield malformed("other-root", "The answer to another call.", world.sts_answer("AssumeRole", good))
    yield malformed("other-result", "The result has the name of the call.", answer.replace(f"{action}Result", "Result"))
    yield malformed(
        "without-credentials", "A result without credentials.", world.sts_answer(action, "<Audience>x</Audience>")
    )
    for element in ["AccessKeyId", "SecretAccessKey", "SessionToken"]:
        yield malformed(
            f"without-{element.lower()}",
            f"{element} is missing.",
            world.sts_answer(action, world.sts_credentials(WEB_IDENTITY, **{element: None})),
        )
    yield malformed(
        "empty-secret",
        "SecretAccessKey is empty.",
        world.sts_answer(action, world.sts_credentials(WEB_IDENTITY, SecretAccessKey="")),
    )
    yield malformed(
        "token-two-lines",
        "A token that would add a header of its own to the next request is refused.",
        world.sts_answer(action, world.sts_credentials(WEB_IDENTITY, SessionToken="token\nx-injected: yes")),
    )
    yield malformed("deep", "Elements without end are refused.", "<a>" * 5000)

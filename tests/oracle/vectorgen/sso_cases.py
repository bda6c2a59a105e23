"""Exchanges with a profile of IAM Identity Center (SSO): somebody has logged in, and the token lies in a file."""

import json

from . import world
from .aws_transcript import HOME, AwsExchange
from .exchange_failures import HTML, TOO_LARGE
from .exchange_success import FEDERATED_EXPIRY
from .profile_cases import FIRST, OF_A_ROLE, profile
from .protocol import failed, http
from .world import NOW, PORTAL, SSO_TOKEN

START_URL = "https://demo.awsapps.com/start"
ROLE = "sso_account_id = 123456789012\nsso_role_name = Demo\n"
LOGIN = f"sso_start_url = {START_URL}\nsso_region = eu-west-1\n"
OLD = f"[profile demo]\n{LOGIN}{ROLE}"
NEW = f"[profile demo]\nsso_session = my login\n{ROLE}[sso-session 'my login']\n{LOGIN}sso_registration_scopes = sso:account:access\n"
AT = "https://portal.sso.eu-west-1.amazonaws.com"


def cached(expires_at="2024-01-02T11:04:05Z", **members):
    """What ``aws sso login`` leaves behind."""
    whole = {"startUrl": START_URL, "region": "eu-west-1", "accessToken": SSO_TOKEN, "expiresAt": expires_at, **members}
    return json.dumps({name: value for name, value in whole.items() if value is not None})


def exchanges():
    def done(case):
        return case.sts().token(FEDERATED_EXPIRY)

    yield done(
        profile("sso-session", "The token's file is named after the session.", NEW)
        .sso_token("my login", cached(clientId="x", refreshToken="y"))
        .sso_credentials(AT)
    )
    yield done(
        profile("sso-start-url", "Without a session, it is named after the start URL.", OLD)
        .sso_token(START_URL, cached())
        .sso_credentials(AT)
    )
    yield done(
        profile(
            "sso-start-url-twice",
            "Profile and session may both have the start URL, if it is the same.",
            NEW.replace(ROLE, ROLE + LOGIN, 1),
        )
        .sso_token("my login", cached())
        .sso_credentials(AT)
    )
    yield done(
        profile("sso-old-date", "Old versions of the AWS CLI wrote UTC for Z.", OLD)
        .sso_token(START_URL, cached("2024-01-02T03:04:06UTC"))
        .sso_credentials(AT)
    )
    yield done(
        profile("sso-encoded", "Account and role are percent-encoded.", OLD.replace("= Demo", "= Power User&x=1+1"))
        .sso_token(START_URL, cached())
        .sso_credentials(AT, role_name="Power User&x=1+1")
    )
    yield done(
        profile("sso-china", "China has a portal of its own.", OLD.replace("eu-west-1", "cn-north-1"))
        .sso_token(START_URL, cached())
        .sso_credentials("https://portal.sso.cn-north-1.amazonaws.com.cn")
    )
    for name, about, variables, url in [
        (
            "sso-endpoint",
            "AWS_ENDPOINT_URL_SSO names the portal.",
            {"AWS_ENDPOINT_URL_SSO": "https://sso.example.com"},
            "https://sso.example.com",
        ),
        (
            "sso-endpoint-with-path",
            "The path of a named portal goes on with a slash.",
            {"AWS_ENDPOINT_URL_SSO": "https://proxy.example.com/portal"},
            "https://proxy.example.com/portal",
        ),
        (
            "sso-endpoint-of-all",
            "AWS_ENDPOINT_URL names that of every service.",
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/x/"},
            "http://127.0.0.1:4566/x",
        ),
    ]:
        yield done(profile(name, about, OLD, env=variables).sso_token(START_URL, cached()).sso_credentials(url))
    case = profile(
        "role-of-sso",
        "A role that is taken on with the keys of a login.",
        f"{OF_A_ROLE}source_profile = base\n" + OLD.replace("demo]", "base]"),
    )
    yield done(case.sso_token(START_URL, cached()).sso_credentials(AT).assume_role(FIRST))
    case = profile("retry-sso", "The portal is tried again.", OLD).sso_token(START_URL, cached())
    case.sso_credentials(AT, reply=http(429, "")).wait("sso-credentials-2", 1000)
    case.sso_credentials(AT, reply=failed("unreachable", "connection reset"), attempt=2).wait("sso-credentials-3", 2000)
    yield case.sso_credentials(AT, attempt=3).sts().token(NOW + 3 + 3599)
    case = AwsExchange("profile-sso-beside-region", "The token is read while the instance is asked for its zone.")
    case.env({"AWS_PROFILE": "demo", "HOME": HOME}).files(OLD).session().secret(SSO_TOKEN)
    path = f"{HOME}/.aws/sso/cache/{START_URL_SHA1}.json"
    token = {"id": "sso-token", "action": "read_file", "path": path}
    case.round(case.region_pair("us-east-1a", "us-east-1"), (token, {"reply": "file", "content": cached()}))
    yield done(case.sso_credentials(AT))


# printf %s https://demo.awsapps.com/start | sha1sum
START_URL_SHA1 = "e4fbf2ca8766b8176cb643281dfab66ce6a6e66f"


def failures():
    yield from of_the_settings()
    yield from of_the_token()
    yield from of_the_portal()


def of_the_settings():
    for name, about, text in [
        ("session-missing", "There is no section of the session.", f"[profile demo]\nsso_session = x\n{ROLE}{LOGIN}"),
        ("without-region", "Nobody says where the portal is.", OLD.replace("sso_region", "region")),
        ("without-start-url", "Nobody says where somebody logs in.", OLD.replace("sso_start_url", "start_url")),
        ("without-role", "The role is missing.", OLD.replace("sso_role_name", "role_name")),
        ("without-account", "The account is missing.", OLD.replace("sso_account_id", "account_id")),
        ("two-regions", "Profile and session differ.", NEW.replace(ROLE, ROLE + "sso_region = us-east-1\n", 1)),
        (
            "region-malformed",
            "A region that could lead to another host is refused.",
            OLD.replace("eu-west-1", "eu.example.com/"),
        ),
    ]:
        yield profile(f"sso-{name}", about, text).fails("aws_profile_invalid", "config", stage="source")
    yield profile(
        "sso-endpoint-refused",
        "Over http the portal is on this machine.",
        OLD,
        env={"AWS_ENDPOINT_URL_SSO": "http://sso.example.com"},
    ).fails("aws_endpoint_refused", "config", stage="source")


def of_the_token():
    for name, about, text in [
        ("missing", "Nobody has logged in.", None),
        ("expired", "The login has ended.", cached("2024-01-02T03:04:05Z")),
        ("not-json", "The file is not JSON.", "accessToken: x"),
        ("not-an-object", "The file is not a JSON object.", "[]"),
        ("without-token", "The file has no token.", cached(accessToken=None)),
        ("without-expiry", "The file does not say for how long.", cached(None)),
        ("expiry-not-a-time", "What it says is no time.", cached("tomorrow")),
        (
            "two-lines",
            "A token that would add a header of its own is refused.",
            cached(accessToken="x\r\nx-injected: yes"),
        ),
    ]:
        yield (
            profile(f"sso-token-{name}", about, OLD)
            .sso_token(START_URL, text)
            .fails("aws_sso_token_invalid", "config", stage="source", ask_id="sso-token", hint_contains="aws sso login")
        )
    for kind, code in [("denied", "host_denied"), ("unsupported", "host_unsupported")]:
        yield (
            profile(f"sso-token-{kind}", f"A failure of the kind {kind}.", OLD)
            .sso_token(START_URL, None, failed(kind, "the file cannot be read"))
            .fails(code, "host", stage="source", ask_id="sso-token")
        )


def of_the_portal():
    ask = "sso-credentials"

    def asked(name, about, reply):
        case = profile(f"sso-{name}", about, OLD).sso_token(START_URL, cached()).secret(*PORTAL[1:])
        return case.sso_credentials(AT, reply=reply)

    for status, code, message, hint in [
        (401, "UnauthorizedException", "Session token not found or invalid", "aws sso login"),
        (403, "ForbiddenException", "No access", "sso_role_name"),
        (404, "ResourceNotFoundException", "Account not found", "sso_account_id"),
        (400, "InvalidRequestException", "Invalid role", "sso_role_name"),
    ]:
        for form in ["header", "type"]:
            body = (
                {"message": message}
                if form == "header"
                else {"__type": f"com.amazonaws.switchboard.portal#{code}", "message": message}
            )
            headers = [("x-amzn-ErrorType", f"{code}:http://internal.amazon.com/")] if form == "header" else []
            yield asked(
                f"rejected-{status}-{form}",
                f"The portal answers {status}: its own words are kept.",
                http(status, body, headers),
            ).fails(
                "aws_sso_rejected",
                "remote",
                stage="source",
                ask_id=ask,
                status=status,
                error=code,
                error_description=message,
                hint_contains=hint,
            )
    yield asked(
        "rejected-quotes-the-token",
        "A refusal is passed on without the token.",
        http(401, {"message": f"Token {SSO_TOKEN} is not known"}),
    ).fails(
        "aws_sso_rejected",
        "remote",
        stage="source",
        ask_id=ask,
        status=401,
        error_description="Token [redacted] is not known",
    )
    yield asked("redirect", "A redirect is not followed.", http(302, "", [("location", "https://example.com/")])).fails(
        "redirect_refused", "remote", stage="source", ask_id=ask, status=302
    )
    yield asked("too-large", "More than 1 MiB is not read.", TOO_LARGE).fails(
        "response_too_large", "remote", stage="source", ask_id=ask, status=200
    )
    case = asked("unavailable", "Three server errors are the end.", http(503, ""))
    case.wait(f"{ask}-2", 1000).sso_credentials(AT, reply=http(500, HTML), attempt=2)
    case.wait(f"{ask}-3", 2000).sso_credentials(AT, reply=http(503, ""), attempt=3)
    yield case.fails("aws_sso_unavailable", "remote", stage="source", ask_id=f"{ask}-3", status=503, retryable=True)
    for name, about, body in [
        ("html", "A page holds no credentials.", HTML),
        ("empty-object", "An object without credentials.", {}),
        ("null", "Credentials that are null.", {"roleCredentials": None}),
        ("without-id", "accessKeyId is missing.", world.portal_answer(accessKeyId=None)),
        ("without-secret", "secretAccessKey is missing.", world.portal_answer(secretAccessKey=None)),
        (
            "token-two-lines",
            "A token that would add a header of its own is refused.",
            world.portal_answer(sessionToken="a\nb: c"),
        ),
    ]:
        yield asked(f"answer-{name}", about, http(200, body)).fails(
            "aws_sso_malformed", "remote", stage="source", ask_id=ask, status=200
        )

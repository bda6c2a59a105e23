"""Exchanges that end with an error: each step failing in each way that it can."""

import json
from base64 import b64encode

from . import world
from .protocol import WAITED, failed, http, read_env, wait
from .signing import percent_encode
from .transcript import Exchange
from .world import FEDERATED_TOKEN, LONG_TERM, NOW, TEMPORARY, config, environment

IAM_DENIED = {
    "error": {
        "code": 403,
        "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
        "status": "PERMISSION_DENIED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "IAM_PERMISSION_DENIED",
                "domain": "iam.googleapis.com",
                "metadata": {"permission": "iam.serviceAccounts.getAccessToken"},
            }
        ],
    }
}
HTML = "<!DOCTYPE html><html><title>Error 403 (Forbidden)</title><p>Your client does not have permission.</html>"
TOO_LARGE = {"reply": "http_response", "status": 200, "headers": [], "body_repeat": ["x", (1 << 20) + 1]}


def failures():
    yield from of_the_environment()
    yield from of_the_metadata_session()
    yield from of_the_region()
    yield from of_the_role()
    yield from of_the_instance_credentials()
    yield from of_google_sts()
    yield from of_the_impersonation()
    yield from of_servers_that_send_back_what_they_got()


def of_the_environment():
    for kind, code, about in [
        ("other", "host_failed", "The host failed to read the environment."),
        ("denied", "host_denied", "The host may not read the environment."),
        ("unsupported", "host_unsupported", "The host has no environment."),
    ]:
        yield (
            Exchange(f"env-{kind}", about, config=config())
            .env(reply=failed(kind, "the environment cannot be read"))
            .fails(code, "host", stage="source", ask_id="env")
        )
    for name, missing in [("secret", "AWS_SECRET_ACCESS_KEY"), ("id", "AWS_ACCESS_KEY_ID")]:
        values = environment(TEMPORARY, AWS_REGION="us-east-1")
        del values[missing]
        yield (
            Exchange(
                f"env-key-without-{name}",
                f"Half a key pair is a mistake, and does not fall through to another identity: {missing} is not set.",
                config=config(),
            )
            .env(values)
            .fails("aws_credentials_incomplete", "config", stage="source")
            .secret(*(text for text in TEMPORARY[1:] if text in values.values()))
        )
    yield (
        Exchange(
            "env-session-token-two-lines",
            "A session token with a line break, from a file that was read as it is, is never sent.",
            config=config(),
        )
        .env({**environment(TEMPORARY), "AWS_SESSION_TOKEN": f"{TEMPORARY[2]}\n"})
        .fails("aws_credentials_invalid", "config", stage="source", hint_contains="AWS_SESSION_TOKEN")
        .secret(*TEMPORARY[1:])
    )
    yield (
        Exchange(
            "env-secret-two-lines",
            "A secret key with a line break would make signatures that nobody accepts.",
            config=config(),
        )
        .env({**environment(LONG_TERM), "AWS_SECRET_ACCESS_KEY": f"{LONG_TERM[1]}\n"})
        .fails("aws_credentials_invalid", "config", stage="source", hint_contains="AWS_SECRET_ACCESS_KEY")
        .secret(LONG_TERM[1])
    )
    yield (
        Exchange(
            "env-region-malformed-without-keys",
            "A region that cannot be right is refused before anything is asked of the instance.",
            config=config(),
        )
        .env({"AWS_REGION": "US EAST"})
        .fails("aws_region_unknown", "config", stage="source", hint_contains="AWS_REGION")
    )
    yield (
        Exchange(
            "env-region-malformed",
            "A region that could lead the signed URL to another host is refused.",
            config=config(),
        )
        .env(environment(LONG_TERM, AWS_REGION="us-east-1.example.com/"))
        .fails("aws_region_unknown", "config", stage="source")
    )
    yield (
        Exchange(
            "credentials-nowhere",
            "Without keys in the environment and without credential_source.url there is no place to ask.",
            config=config(without=["url"]),
        )
        .env({"AWS_REGION": "us-east-1"})
        .fails("aws_credentials_unavailable", "config", stage="source", hint_contains="credential_source.url")
    )
    yield (
        Exchange(
            "region-nowhere",
            "Without a region in the environment and without region_url there is no place to ask.",
            config=config(without=["region_url"]),
        )
        .env(environment(LONG_TERM))
        .fails("aws_region_unavailable", "config", stage="source", hint_contains="credential_source.region_url")
    )


def of_the_metadata_session():
    def session(name, about, reply):
        return Exchange(name, about, config=config(impersonate=True)).env().session(reply)

    yield session(
        "metadata-session-forbidden",
        "A 403 to the session request: the metadata service is switched off for this instance.",
        http(403, ""),
    ).fails("imds_rejected", "remote", stage="source", ask_id="imds-session", status=403)
    yield session("metadata-session-empty", "An empty session token cannot be used.", http(200, "")).fails(
        "imds_malformed", "remote", stage="source", ask_id="imds-session", status=200
    )
    yield session(
        "metadata-session-two-lines",
        "A session token that would add a header of its own to the next request is refused.",
        http(200, "token\r\nx-injected: yes"),
    ).fails("imds_malformed", "remote", stage="source", ask_id="imds-session", status=200)
    yield session(
        "metadata-unreachable",
        "Away from AWS nothing listens at the metadata address; it is not tried again.",
        failed("unreachable", "no route to host"),
    ).fails("host_unreachable", "host", stage="source", ask_id="imds-session", retryable=True)
    yield session(
        "metadata-session-denied", "The host may not connect to the metadata service.", failed("denied", "not allowed")
    ).fails("host_denied", "host", stage="source", ask_id="imds-session")
    case = Exchange(
        "metadata-session-timeouts",
        "Three timeouts are the end, as with a hop limit of one inside a container.",
        config=config(),
    ).env()
    slow = failed("timeout", "no answer within 1 s")
    case.session(slow).at(NOW + 1).round(_waited("imds-session-2", 100))
    case.session(slow, attempt=2).at(NOW + 2).round(_waited("imds-session-3", 200))
    yield case.session(slow, attempt=3).fails(
        "host_timeout", "host", stage="source", ask_id="imds-session-3", retryable=True, hint_contains="hop limit"
    )


def of_servers_that_send_back_what_they_got():
    """A server, or a proxy in its place, may quote what it was sent. The error must not."""
    for name, decodings in [("in-the-form", 0), ("as-read", 1), ("unpacked", 2)]:
        case = Exchange(
            f"sts-quotes-the-proof-{name}",
            "A refusal that quotes the proof of identity is passed on without it.",
            config=config(),
        ).env(environment(TEMPORARY, AWS_REGION="us-east-1"))
        quoted = case.subject_token(decodings)
        body = json.dumps({"error": "invalid_grant", "error_description": f"Cannot read {quoted}, sorry."})
        yield (
            case.sts(http(400, body))
            .fails(
                "sts_rejected",
                "remote",
                stage="sts",
                ask_id="sts",
                status=400,
                error="invalid_grant",
                error_description="Cannot read [redacted], sorry.",
            )
            .secret(quoted)
        )
    case = Exchange(
        "sts-quotes-a-part-of-the-proof",
        "A quotation that was cut short holds neither the signature nor the session token.",
        config=config(),
    ).env(environment(TEMPORARY, AWS_REGION="us-east-1"))
    part = case.subject_token(2)[150:-100]
    body = json.dumps({"error": "invalid_grant", "error_description": f"Cannot read {part}"})
    redacted = part.replace(case.signature(), "[redacted]").replace(TEMPORARY.session_token, "[redacted]")
    yield case.sts(http(400, body)).fails(
        "sts_rejected",
        "remote",
        stage="sts",
        ask_id="sts",
        status=400,
        error="invalid_grant",
        error_description=f"Cannot read {redacted}",
    )
    secret = "client-secret-of-the-pool"
    basic = b64encode(f"client.apps.example:{secret}".encode()).decode()
    quoted = f"{secret}, {basic}, {percent_encode(percent_encode(TEMPORARY.session_token * 3))}"
    body = json.dumps({"error": "invalid_client", "error_description": f"Got {quoted}, cut {basic[:20]}"})
    yield (
        Exchange(
            "sts-quotes-the-client",
            "The client's secret and the header made of it are not passed on, nor the start of them.",
            config=config(client_id="client.apps.example", client_secret=secret),
        )
        .env({**environment(TEMPORARY, AWS_REGION="us-east-1"), "AWS_SESSION_TOKEN": TEMPORARY.session_token * 3})
        .sts(http(401, body))
        .fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=401,
            error="invalid_client",
            error_description="Got [redacted], [redacted], [redacted], cut [redacted]",
        )
    )
    long_message = f"Token {FEDERATED_TOKEN} is bad. " + "Really. " * 200
    body = json.dumps({"error": {"code": 401, "message": long_message, "status": "UNAUTHENTICATED"}})
    yield (
        Exchange(
            "impersonation-quotes-the-token",
            "A refusal that quotes the federated token, and goes on for long, is passed on without it, and cut.",
            config=config(impersonate=True),
        )
        .env(environment(TEMPORARY, AWS_REGION="us-east-1"))
        .sts()
        .impersonate(http(401, body))
        .fails(
            "impersonation_rejected",
            "remote",
            stage="impersonation",
            ask_id="impersonate",
            status=401,
            error="UNAUTHENTICATED",
            error_description=long_message.replace(FEDERATED_TOKEN, "[redacted]")[:1000] + "…",
        )
    )


def of_the_region():
    def region(name, about, reply):
        return (
            Exchange(name, about, config=config())
            .env(environment(LONG_TERM))
            .session()
            .region_and_role(zone_reply=reply)
        )

    for name, about, text in [
        ("region-empty", "An empty zone is no region.", ""),
        ("region-unknown-text", "Text that is no zone is not cut into a region.", "localhost"),
        ("region-html", "A proxy's page is no zone.", "<html><body>us-east-1a</body></html>"),
        (
            "region-with-host",
            "A zone that would change the host of the signed URL is refused.",
            "us-east-1.example.com/a",
        ),
    ]:
        yield region(name, about, http(200, text)).fails(
            "aws_region_unknown", "config", stage="source", ask_id="aws-region", status=200
        )
    yield region("region-not-found", "The metadata service does not know the path of region_url.", http(404, "")).fails(
        "imds_rejected", "remote", stage="source", ask_id="aws-region", status=404
    )
    yield region("region-too-large", "More than 1 MiB is not read as a zone.", TOO_LARGE).fails(
        "response_too_large", "remote", stage="source", ask_id="aws-region", status=200
    )
    case = region("region-server-errors", "Three server errors are the end.", http(500, ""))
    case.round(_waited("aws-region-2", 100)).region_again(2, http(502, ""))
    case.round(_waited("aws-region-3", 200)).region_again(3, http(503, ""))
    yield case.fails("imds_unavailable", "remote", stage="source", ask_id="aws-region-3", status=503, retryable=True)
    yield (
        Exchange(
            "metadata-v2-required",
            "A 401 without a session means that the instance demands IMDSv2: the hint names the missing field.",
            config=config(imds_v2=False),
        )
        .env(environment(LONG_TERM))
        .region_and_role(zone_reply=http(401, ""))
        .fails(
            "imds_rejected",
            "remote",
            stage="source",
            ask_id="aws-region",
            status=401,
            hint_contains="imdsv2_session_token_url",
        )
    )


def of_the_role():
    def role(name, about, reply):
        return (
            Exchange(name, about, config=config())
            .env({"AWS_REGION": "us-east-1"})
            .session()
            .region_and_role(role_reply=reply)
        )

    yield role("role-not-found", "An instance without a role answers 404.", http(404, "")).fails(
        "aws_role_missing", "remote", stage="source", ask_id="aws-role", status=404
    )
    yield role("role-empty", "An empty list of roles is no role.", http(200, "\n")).fails(
        "aws_role_missing", "remote", stage="source", ask_id="aws-role", status=200
    )
    yield role(
        "role-session-expired", "A 401 with a session: the metadata service does not know it.", http(401, "")
    ).fails("imds_rejected", "remote", stage="source", ask_id="aws-role", status=401)
    yield role("role-html", "A proxy's page is no name of a role.", http(200, HTML)).fails(
        "imds_malformed", "remote", stage="source", ask_id="aws-role", status=200
    )
    yield role(
        "role-redirect",
        "A redirect of the metadata service is not followed.",
        http(302, "", [("location", "http://example.com/")]),
    ).fails("redirect_refused", "remote", stage="source", ask_id="aws-role", status=302)


def of_the_instance_credentials():
    def credentials(name, about, reply):
        return (
            Exchange(name, about, config=config())
            .env({"AWS_REGION": "us-east-1"})
            .session()
            .region_and_role()
            .role_credentials(reply)
            .secret(*world.INSTANCE[1:])
        )

    def malformed(name, about, body):
        return credentials(name, about, http(200, body)).fails(
            "imds_malformed", "remote", stage="source", ask_id="aws-credentials", status=200
        )

    def without(member):
        return {name: value for name, value in world.role_credentials().items() if name != member}

    yield malformed("credentials-not-json", "The credentials must be JSON.", '{"AccessKeyId": "ASIA')
    yield malformed("credentials-not-an-object", "The credentials must be a JSON object.", "[]")
    yield malformed("credentials-without-id", "AccessKeyId is missing.", without("AccessKeyId"))
    yield malformed("credentials-without-secret", "SecretAccessKey is missing.", without("SecretAccessKey"))
    yield malformed(
        "credentials-with-null-secret",
        "SecretAccessKey is not text.",
        {**world.role_credentials(), "SecretAccessKey": None},
    )
    yield malformed(
        "credentials-token-two-lines",
        "A Token that would add a header of its own to the signed request is refused.",
        {**world.role_credentials(), "Token": "token\r\nx-injected: yes"},
    )
    yield credentials(
        "credentials-code-not-success",
        "A Code other than Success means that AWS could not take on the role.",
        http(200, {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role sanskey-demo-role."}),
    ).fails(
        "imds_rejected",
        "remote",
        stage="source",
        ask_id="aws-credentials",
        status=200,
        error="AssumeRoleUnauthorizedAccess",
        error_description="EC2 cannot assume the role sanskey-demo-role.",
        hint_contains="trust policy",
    )
    yield credentials("credentials-not-found", "The role went away between the two requests.", http(404, "")).fails(
        "imds_rejected", "remote", stage="source", ask_id="aws-credentials", status=404
    )


def of_google_sts():
    def sts(name, about, reply):
        return Exchange(name, about, config=config()).env(environment(TEMPORARY, AWS_REGION="us-east-1")).sts(reply)

    for name, status, error, description in [
        (
            "attribute-condition",
            400,
            "unauthorized_client",
            "The given credential is rejected by the attribute condition.",
        ),
        (
            "invalid-target",
            400,
            "invalid_target",
            'The target service indicated by the "audience" parameters is invalid. This might either be because the '
            "pool or provider is disabled or deleted or because it doesn't exist.",
        ),
        ("invalid-grant", 400, "invalid_grant", "AWS request has invalid format."),
        ("client-unknown", 401, "invalid_client", None),
    ]:
        body = {"error": error, "error_description": description}
        yield sts(
            f"sts-{name}",
            f"STS answers {status} with {error}: its own words are kept.",
            http(status, {key: value for key, value in body.items() if value is not None}),
        ).fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=status,
            error=error,
            error_description=description,
        )
    yield sts(
        "sts-html", "A page in place of JSON: the status counts, and the page is not repeated.", http(403, HTML)
    ).fails("sts_rejected", "remote", stage="sts", ask_id="sts", status=403)
    yield sts(
        "sts-redirect",
        "A redirect of STS is not followed: the subject token stays with the host that it was meant for.",
        http(307, "", [("location", "https://example.com/v1/token")]),
    ).fails("redirect_refused", "remote", stage="sts", ask_id="sts", status=307)

    def malformed(name, about, body):
        return sts(name, about, http(200, body)).fails("sts_malformed", "remote", stage="sts", ask_id="sts", status=200)

    yield malformed("sts-not-json", "A success that is not JSON.", "access_token=abc")
    yield malformed("sts-not-an-object", "A success that is not a JSON object.", '"abc"')
    yield malformed("sts-without-token", "A success without access_token.", world.federated_answer(access_token=None))
    yield malformed("sts-empty-token", "A success with an empty access_token.", world.federated_answer(access_token=""))
    yield malformed(
        "sts-token-not-text", "A success with an access_token that is not text.", world.federated_answer(access_token=7)
    )
    yield malformed(
        "sts-token-two-lines",
        "An access_token that would add a header of its own is refused.",
        world.federated_answer(access_token="abc\r\nx-injected: yes"),
    )
    yield sts("sts-too-large", "More than 1 MiB is not read.", TOO_LARGE).fails(
        "response_too_large", "remote", stage="sts", ask_id="sts", status=200
    )
    yield sts(
        "sts-retry-after-too-long",
        "A Retry-After of more than 30 seconds is the caller's to wait for.",
        http(429, {"error": "quota_exceeded", "error_description": "Please retry later."}, [("retry-after", "120")]),
    ).fails(
        "sts_unavailable",
        "remote",
        stage="sts",
        ask_id="sts",
        status=429,
        retryable=True,
        error="quota_exceeded",
        error_description="Please retry later.",
    )
    yield sts(
        "sts-retry-after-without-end",
        "A Retry-After with more digits than fit is a long time.",
        http(503, "", [("retry-after", "9" * 30)]),
    ).fails("sts_unavailable", "remote", stage="sts", ask_id="sts", status=503, retryable=True)
    yield sts(
        "sts-not-implemented", "A server that cannot do it will not be able to do it later.", http(501, "")
    ).fails("sts_rejected", "remote", stage="sts", ask_id="sts", status=501)
    case = sts("sts-server-errors", "Three server errors are the end.", http(500, {"error": "internal"}))
    case.wait("sts-2", 1000).sts(http(503, ""), attempt=2).wait("sts-3", 2000).sts(http(502, HTML), attempt=3)
    yield case.fails("sts_unavailable", "remote", stage="sts", ask_id="sts-3", status=502, retryable=True)
    for kind, code, message in [
        ("timeout", "host_timeout", "no answer within 10 s"),
        ("unreachable", "host_unreachable", "name not resolved"),
    ]:
        case = sts(f"sts-{kind}", f"The last of three failures of the kind {kind} is the error.", failed(kind, message))
        case.wait("sts-2", 1000).sts(failed(kind, message), attempt=2)
        case.wait("sts-3", 2000).sts(failed(kind, message), attempt=3)
        yield case.fails(code, "host", stage="sts", ask_id="sts-3", retryable=True)
    yield sts(
        "sts-certificate",
        "A failure that is none of the known kinds is not tried again.",
        failed("other", "certificate verify failed"),
    ).fails("host_failed", "host", stage="sts", ask_id="sts")
    case = sts("sts-wait-unsupported", "With a host that cannot wait, the first answer is the last.", http(503, ""))
    case.round((wait("sts-2-wait", 1000), failed("unsupported", "no timers here")))
    yield case.fails("sts_unavailable", "remote", stage="sts", ask_id="sts", status=503, retryable=True)


def of_the_impersonation():
    def impersonation(name, about, reply):
        return (
            Exchange(name, about, config=config(impersonate=True))
            .env(environment(TEMPORARY, AWS_REGION="us-east-1"))
            .sts()
            .impersonate(reply)
        )

    yield impersonation(
        "impersonation-denied",
        "The principal may not impersonate the service account: Google's words are kept.",
        http(403, IAM_DENIED),
    ).fails(
        "impersonation_rejected",
        "remote",
        stage="impersonation",
        ask_id="impersonate",
        status=403,
        error="PERMISSION_DENIED",
        error_description=IAM_DENIED["error"]["message"],
    )
    yield impersonation(
        "impersonation-not-found", "A service account that does not exist: 404 without a body.", http(404, "")
    ).fails("impersonation_rejected", "remote", stage="impersonation", ask_id="impersonate", status=404)
    lifetime = {
        "error": {
            "code": 400,
            "message": "The access token lifetime cannot exceed 3600 seconds.",
            "status": "INVALID_ARGUMENT",
        }
    }
    yield impersonation(
        "impersonation-lifetime", "The lifetime is more than the organisation allows.", http(400, lifetime)
    ).fails(
        "impersonation_rejected",
        "remote",
        stage="impersonation",
        ask_id="impersonate",
        status=400,
        error="INVALID_ARGUMENT",
        error_description="The access token lifetime cannot exceed 3600 seconds.",
    )
    yield impersonation(
        "impersonation-redirect", "A redirect is not followed.", http(301, "", [("location", "/elsewhere")])
    ).fails("redirect_refused", "remote", stage="impersonation", ask_id="impersonate", status=301)

    def malformed(name, about, body):
        return impersonation(name, about, http(200, body)).fails(
            "impersonation_malformed", "remote", stage="impersonation", ask_id="impersonate", status=200
        )

    answer = world.service_account_answer
    yield malformed("impersonation-not-json", "A success that is not JSON.", "{")
    yield malformed("impersonation-without-token", "A success without accessToken.", answer(accessToken=None))
    yield malformed(
        "impersonation-expiry-not-a-time", "An expireTime that is no RFC 3339 time.", answer(expireTime="in an hour")
    )
    case = impersonation("impersonation-server-errors", "Three server errors are the end.", http(500, ""))
    case.wait("impersonate-2", 1000).impersonate(http(500, ""), attempt=2)
    case.wait("impersonate-3", 2000).impersonate(http(503, ""), attempt=3)
    yield case.fails(
        "impersonation_unavailable",
        "remote",
        stage="impersonation",
        ask_id="impersonate-3",
        status=503,
        retryable=True,
    )


def _waited(ask_id, duration_ms):
    return wait(f"{ask_id}-wait", duration_ms), WAITED


def misuse():
    """Replies that the calling program got wrong."""
    yield Exchange("scope-with-space", "A scope is one word.", config=config(), scopes=["openid email"]).fails(
        "invalid_argument", "misuse"
    )
    yield Exchange(
        "supplied-token-two-lines",
        "A supplied session token that would add a header of its own is refused.",
        config=config(),
        credentials=TEMPORARY._replace(session_token="token\r\nx-injected: yes"),
        region="us-east-1",
    ).fails("invalid_argument", "misuse", stage="source")
    environment_is_empty = {"id": "env", "reply": "env", "values": {}}
    for name, about, code, ask_id, replies in [
        (
            "unknown-ask",
            "A reply to a question that was not asked.",
            "unknown_ask",
            "sts",
            [{"id": "sts", **http(200, world.federated_answer())}],
        ),
        (
            "already-answered",
            "A second, different reply to one question.",
            "already_answered",
            "env",
            [environment_is_empty, {"id": "env", "reply": "env", "values": {"AWS_REGION": "us-east-1"}}],
        ),
        (
            "wrong-reply",
            "A reply of another kind than the question.",
            "wrong_reply",
            "env",
            [{"id": "env", **http(200, "")}],
        ),
    ]:
        case = Exchange(name, about, config=config())
        case.rounds.append({"asks": [read_env()], "replies": replies})
        yield case.fails(code, "misuse", ask_id=ask_id)

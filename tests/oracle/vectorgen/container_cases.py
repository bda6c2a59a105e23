"""Exchanges of AWS containers: the endpoint with the credentials of the task's or the pod's role."""

from . import world
from .exchange_failures import HTML, TOO_LARGE
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import WAITED, failed, file, http, wait
from .transcript import Exchange
from .world import (
    CONTAINER,
    ECS_AGENT,
    ECS_PATH,
    LONG_TERM,
    NOW,
    POD_IDENTITY_AGENT,
    POD_TOKEN,
    POD_TOKEN_FILE,
    TEMPORARY,
    config,
    environment,
)

ECS = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ECS_PATH}
ECS_URL = ECS_AGENT + ECS_PATH
POD_IDENTITY = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": POD_IDENTITY_AGENT,
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": POD_TOKEN_FILE,
}
REGION = {"AWS_REGION": "us-east-1"}
TOKEN = "container-authorization-token-example"


def exchanges():
    yield from places()
    yield from urls()
    yield from authorizations()
    yield from precedence()
    yield from regions()
    yield from answers()
    yield from retries()


def failures():
    yield from of_the_url()
    yield from of_the_token()
    yield from of_the_request()
    yield from of_the_credentials()


def places():
    yield (
        Exchange(
            "container-ecs-impersonation",
            "An ECS task with the configuration of gcloud, metadata URLs included: four requests, and none goes to the instance's metadata.",
            config=config(impersonate=True),
        )
        .env({**REGION, **ECS})
        .container(ECS_URL)
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        Exchange(
            "container-without-metadata-urls",
            "Metadata URLs may be missing from the configuration where the container has everything.",
            config=config(imds_v2=False, without=["region_url", "url"]),
        )
        .env({**REGION, **ECS})
        .container(ECS_URL)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "container-eks-pod-identity",
            "EKS Pod Identity: the agent's address, and a token in a file.",
            config=config(impersonate=True),
        )
        .env({**REGION, **POD_IDENTITY})
        .container_token(POD_TOKEN_FILE, POD_TOKEN)
        .container(POD_IDENTITY_AGENT, POD_TOKEN)
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )


def urls():
    for name, about, url in [
        (
            "eks-ipv6",
            "The EKS Pod Identity agent also has an IPv6 address.",
            "http://[fd00:ec2::23]/v1/credentials",
        ),
        (
            "eks-ipv6-upper-case",
            "The digits of an IPv6 address may be upper case.",
            "http://[FD00:EC2::23]/v1/credentials",
        ),
        (
            "ecs-by-full-url",
            "The ECS agent's address may be given in full.",
            f"{ECS_AGENT}{ECS_PATH}",
        ),
        (
            "https",
            "Over https the endpoint may be on any host, and a proxy may stand before it.",
            "https://credentials.example.com:8443/role?id=7",
        ),
        ("loopback", "Over http it may be on this machine.", "http://127.0.0.1:41337/credentials"),
        ("loopback-other-address", "All of 127.0.0.0/8 is this machine.", "http://127.8.9.10/credentials"),
        ("localhost", "So is localhost.", "http://localhost:8080/credentials"),
        ("loopback-ipv6", "So is [::1].", "http://[::1]:8080/credentials"),
    ]:
        yield (
            Exchange(f"container-{name}", about, config=config())
            .env({**REGION, "AWS_CONTAINER_CREDENTIALS_FULL_URI": url})
            .container(url)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        Exchange(
            "container-relative-with-two-slashes",
            "A relative address that looks like one without a scheme stays a path of the ECS agent.",
            config=config(),
        )
        .env({**REGION, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "//credentials.example.com/role?id=7"})
        .container(f"{ECS_AGENT}//credentials.example.com/role?id=7")
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def authorizations():
    def token_in_the_environment(name, about, uri, url):
        return (
            Exchange(name, about, config=config())
            .env({**REGION, **uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN})
            .container(url, TOKEN)
            .sts()
            .token(FEDERATED_EXPIRY)
        )

    loopback = "http://localhost:1338/latest/meta-data/container/security-credentials"
    yield token_in_the_environment(
        "container-token-from-variable",
        "A token in the environment is sent as it is, as in CloudShell.",
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": loopback},
        loopback,
    )
    yield token_in_the_environment(
        "container-token-with-relative-url", "A token is also sent to the ECS agent.", ECS, ECS_URL
    )
    yield (
        Exchange(
            "container-token-with-scheme",
            "The token is the whole value of the header: it may hold a scheme and a space.",
            config=config(),
        )
        .env({**REGION, **ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"Basic {TOKEN}"})
        .container(ECS_URL, f"Basic {TOKEN}")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "container-token-file-wins",
            "The file goes before the variable, since its content is replaced while the container runs.",
            config=config(),
        )
        .env({**REGION, **POD_IDENTITY, "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN})
        .container_token(POD_TOKEN_FILE, POD_TOKEN)
        .container(POD_IDENTITY_AGENT, POD_TOKEN)
        .sts()
        .token(FEDERATED_EXPIRY)
        .secret(TOKEN)
    )
    yield (
        Exchange(
            "container-token-variables-empty",
            "Variables that are empty count as not set: nothing is read, and no authorization is sent.",
            config=config(),
        )
        .env({**REGION, **ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": ""})
        .container(ECS_URL)
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def precedence():
    yield (
        Exchange(
            "container-relative-wins",
            "The relative address goes before the full one.",
            config=config(),
        )
        .env({**REGION, **ECS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://credentials.example.com/role"})
        .container(ECS_URL)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "container-relative-empty",
            "An empty relative address counts as not set, and the full one is used.",
            config=config(),
        )
        .env(
            {
                **REGION,
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://credentials.example.com/role",
            }
        )
        .container("https://credentials.example.com/role")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "container-environment-keys-win",
            "Keys in the environment go before the container's endpoint.",
            config=config(),
        )
        .env(environment(TEMPORARY, **REGION, **ECS))
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "container-supplied-credentials-win",
            "Supplied credentials go before the container's endpoint, whose variables are not even asked for.",
            config=config(),
            credentials=LONG_TERM,
        )
        .env(REGION)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "container-token-alone-is-no-container",
            "A token without an address names no endpoint: the instance's credentials are used.",
            config=config(),
        )
        .env({**REGION, "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN})
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
        .secret(TOKEN)
    )


def regions():
    yield (
        Exchange(
            "container-supplied-region",
            "A supplied region, with the container's credentials.",
            config=config(),
            region="eu-central-1",
        )
        .env(ECS)
        .container(ECS_URL)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    case = (
        Exchange(
            "container-region-from-metadata",
            "Without a region in the environment only the zone is asked of the instance, beside the container's credentials.",
            config=config(),
        )
        .env(ECS)
        .session()
    )
    yield (
        case.round(case.region_pair("eu-west-1b", "eu-west-1"), case.container_pair(ECS_URL))
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    case = Exchange(
        "container-region-from-metadata-beside-token",
        "The zone is asked for while the token is read.",
        config=config(imds_v2=False),
    ).env(POD_IDENTITY)
    yield (
        case.round(case.region_pair("eu-west-1b", "eu-west-1"), case.container_token_pair(POD_TOKEN_FILE, POD_TOKEN))
        .container(POD_IDENTITY_AGENT, POD_TOKEN)
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def answers():
    body = {
        **world.container_credentials(),
        "AccountId": "123456789012",
        "Expiration": "2024-01-02T09:30:00.123456789Z",
    }
    del body["RoleArn"]
    case = Exchange(
        "container-answer-of-eks",
        "The EKS agent's answer has an account in place of a role, and fractions of a second.",
        config=config(),
    ).env({**REGION, **POD_IDENTITY})
    case.container_token(POD_TOKEN_FILE, POD_TOKEN)
    case.round((case.container_pair(POD_IDENTITY_AGENT, POD_TOKEN)[0], http(200, body)))
    yield case.sts().token(FEDERATED_EXPIRY)


def retries():
    yield (
        Exchange(
            "retry-container-unavailable",
            "The endpoint is tried again after a tenth of a second, with the same token.",
            config=config(),
        )
        .env({**REGION, **ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN})
        .container(ECS_URL, TOKEN, http(503, _agent("CredentialsUninitialized", "Credentials uninitialized for ID")))
        .round((wait("container-credentials-2-wait", 100), WAITED))
        .container(ECS_URL, TOKEN, attempt=2)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "retry-container-unreachable",
            "An agent that does not listen yet is tried again, unlike the instance's metadata.",
            config=config(),
        )
        .env({**REGION, **ECS})
        .container(ECS_URL, reply=failed("unreachable", "connection refused"))
        .round((wait("container-credentials-2-wait", 100), WAITED))
        .container(ECS_URL, reply=http(429, ""), attempt=2)
        .round((wait("container-credentials-3-wait", 200), WAITED))
        .container(ECS_URL, attempt=3)
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def of_the_url():
    def refused(name, about, **variables):
        return (
            Exchange(f"container-url-{name}", about, config=config())
            .env({**REGION, **variables})
            .fails("aws_container_url_refused", "config", stage="source", hint_contains="169.254.170.23")
        )

    for name, about, path in [
        ("relative-without-slash", "A relative address begins with a slash.", "v2/credentials/7"),
        (
            "relative-userinfo",
            "A relative address that would make the agent's address a user name is refused.",
            "@credentials.example.com/role",
        ),
        ("relative-host", "A relative address that would go on with the host is refused.", ".example.com/role"),
        ("relative-port", "A relative address that would add a port is refused.", ":8080/role"),
        ("relative-space", "A relative address with a space is refused.", "/v2/credentials/7 HTTP/1.1"),
        ("relative-two-lines", "A relative address with a line break is refused.", "/role\r\nx-injected: yes"),
        ("relative-fragment", "A relative address with a fragment is refused.", "/role#x"),
    ]:
        yield refused(name, about, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=path)
    for name, about, url in [
        ("other-host", "Over http the endpoint is not on another host.", "http://credentials.example.com/role"),
        ("metadata-host", "The instance's metadata is no container's endpoint.", "http://169.254.169.254/role"),
        ("host-glued", "A host that only begins like the agent's is refused.", "http://169.254.170.2.example.com/role"),
        ("localhost-glued", "A host that only begins like localhost is refused.", "http://localhost.example.com/role"),
        ("decimal", "An address in another notation is another host.", "http://2130706433/role"),
        ("ipv6-other", "Another IPv6 address is refused.", "http://[fd00:ec2::254]/role"),
        (
            "userinfo",
            "User information that looks like the host is refused.",
            "http://169.254.170.2@credentials.example.com/role",
        ),
        ("https-userinfo", "User information is refused over https too.", "https://user:pass@credentials.example.com/"),
        ("backslash", "A backslash, which some take for a slash, is refused.", "http://example.com\\@127.0.0.1/role"),
        ("relative-in-full", "A full address has a scheme.", ECS_PATH),
        ("other-scheme", "A scheme other than https and http is refused.", "file:///etc/passwd"),
        ("without-host", "A URL without a host is refused.", "http:///role"),
        ("non-ascii", "A URL with characters outside ASCII is refused.", "https://example.com/rôle"),
        ("two-lines", "A line break in the URL is refused.", "https://example.com/role\r\nx-injected: yes"),
    ]:
        yield refused(name, about, AWS_CONTAINER_CREDENTIALS_FULL_URI=url)
    yield refused(
        "relative-refused-full-good",
        "A relative address that is refused does not fall through to the full one.",
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="v2/credentials/7",
        AWS_CONTAINER_CREDENTIALS_FULL_URI="https://credentials.example.com/role",
    )


def of_the_token():
    for name, about, token in [
        ("two-lines", "A token that would add a header of its own is refused.", "token\r\nx-injected: yes"),
        ("newline-at-end", "A line break at the end is refused as well.", f"{TOKEN}\n"),
        ("carriage-return", "So is a carriage return.", f"{TOKEN}\r"),
        ("non-ascii", "So is a character that a header cannot hold.", "tökén"),
    ]:
        case = (
            Exchange(f"container-token-variable-{name}", about, config=config())
            .env({**REGION, **ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": token})
            .secret(token)
        )
        yield _token_invalid(case)
    for name, about, token in [
        ("two-lines", "A file whose text would add a header of its own is refused.", "token\r\nx-injected: yes"),
        (
            "newline-at-end",
            "A file that ends with a line break is refused: a token is sent as it is, or not at all.",
            f"{POD_TOKEN}\n",
        ),
        ("empty", "An empty file holds no token.", ""),
    ]:
        case = (
            Exchange(f"container-token-file-{name}", about, config=config())
            .env({**REGION, **POD_IDENTITY})
            .container_token(POD_TOKEN_FILE, token)
        )
        yield _token_invalid(case, ask_id="container-token")
    case = (
        Exchange(
            "container-token-file-missing",
            "A file that is not there is an error, and does not fall through to the variable.",
            config=config(),
        )
        .env({**REGION, **POD_IDENTITY, "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN})
        .container_token(POD_TOKEN_FILE, None, file(None))
        .secret(TOKEN)
    )
    yield _token_invalid(case, ask_id="container-token")
    for kind, code, about in [
        ("denied", "host_denied", "The file may not be read."),
        ("unsupported", "host_unsupported", "The host has no files."),
        ("other", "host_failed", "Reading the file failed."),
    ]:
        yield (
            Exchange(f"container-token-file-{kind}", about, config=config())
            .env({**REGION, **POD_IDENTITY})
            .container_token(POD_TOKEN_FILE, None, failed(kind, "the file cannot be read"))
            .fails(code, "host", stage="source", ask_id="container-token")
        )


def _token_invalid(case, **members):
    return case.fails("aws_container_token_invalid", "config", stage="source", **members)


def of_the_request():
    def asked(name, about, reply):
        return (
            Exchange(f"container-{name}", about, config=config())
            .env({**REGION, **ECS, "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN})
            .container(ECS_URL, TOKEN, reply)
        )

    for status, error, description in [
        (400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found"),
        (401, "Unauthorized", "The authorization token is missing."),
        (403, "AccessDenied", "The authorization token is not valid."),
        (404, "NotFound", "The role does not exist."),
    ]:
        yield asked(
            f"rejected-{status}",
            f"The agent answers {status}: its own words are kept, and nothing falls through to the instance's role.",
            http(status, _agent(error, description)),
        ).fails(
            "aws_container_rejected",
            "remote",
            stage="source",
            ask_id="container-credentials",
            status=status,
            error=error,
            error_description=description,
            hint_contains="role",
        )
    yield asked(
        "rejected-in-words",
        "The EKS agent refuses with a line of text.",
        http(400, "Service account token cannot be empty\n"),
    ).fails("aws_container_rejected", "remote", stage="source", ask_id="container-credentials", status=400)
    yield asked(
        "rejected-html", "A page in place of JSON: the status counts, and the page is not repeated.", http(403, HTML)
    ).fails("aws_container_rejected", "remote", stage="source", ask_id="container-credentials", status=403)
    yield asked(
        "rejected-quotes-the-token",
        "A refusal that quotes the authorization token is passed on without it.",
        http(403, _agent("AccessDenied", f"Bad token {TOKEN}, sorry.")),
    ).fails(
        "aws_container_rejected",
        "remote",
        stage="source",
        ask_id="container-credentials",
        status=403,
        error="AccessDenied",
        error_description="Bad token [redacted], sorry.",
    )
    yield asked(
        "redirect",
        "A redirect is not followed: the authorization token stays with the host that it was meant for.",
        http(302, "", [("location", "http://169.254.169.254/")]),
    ).fails("redirect_refused", "remote", stage="source", ask_id="container-credentials", status=302)
    yield asked("too-large", "More than 1 MiB is not read.", TOO_LARGE).fails(
        "response_too_large", "remote", stage="source", ask_id="container-credentials", status=200
    )
    case = asked("server-errors", "Three server errors are the end.", http(500, ""))
    case.round((wait("container-credentials-2-wait", 100), WAITED)).container(ECS_URL, TOKEN, http(502, ""), attempt=2)
    case.round((wait("container-credentials-3-wait", 200), WAITED))
    case.container(ECS_URL, TOKEN, http(500, _agent("InternalServerError", "Try again.")), attempt=3)
    yield case.fails(
        "aws_container_unavailable",
        "remote",
        stage="source",
        ask_id="container-credentials-3",
        status=500,
        retryable=True,
        error="InternalServerError",
        error_description="Try again.",
    )
    for kind, code, seconds in [("timeout", "host_timeout", 2), ("unreachable", "host_unreachable", 0)]:
        failure = failed(kind, "no answer")
        case = asked(f"{kind}s", f"The last of three failures of the kind {kind} is the error.", failure)
        case.at(NOW + seconds).round((wait("container-credentials-2-wait", 100), WAITED))
        case.container(ECS_URL, TOKEN, failure, attempt=2)
        case.at(NOW + 2 * seconds).round((wait("container-credentials-3-wait", 200), WAITED))
        case.container(ECS_URL, TOKEN, failure, attempt=3)
        yield case.fails(
            code,
            "host",
            stage="source",
            ask_id="container-credentials-3",
            retryable=True,
            hint_contains="its agent",
        )
    yield asked("denied", "The host may not connect to the agent.", failed("denied", "not allowed")).fails(
        "host_denied", "host", stage="source", ask_id="container-credentials"
    )


def of_the_credentials():
    def malformed(name, about, body):
        return (
            Exchange(f"container-credentials-{name}", about, config=config())
            .env({**REGION, **ECS})
            .container(ECS_URL, reply=http(200, body))
            .fails("aws_container_malformed", "remote", stage="source", ask_id="container-credentials", status=200)
            .secret(*CONTAINER[1:])
        )

    def without(member):
        return {name: value for name, value in world.container_credentials().items() if name != member}

    yield malformed("empty", "An empty answer holds no credentials.", "")
    yield malformed("not-json", "The credentials must be JSON.", '{"AccessKeyId": "ASIA')
    yield malformed("html", "A proxy's page holds no credentials.", HTML)
    yield malformed("not-an-object", "The credentials must be a JSON object.", "[]")
    yield malformed("without-id", "AccessKeyId is missing.", without("AccessKeyId"))
    yield malformed("without-secret", "SecretAccessKey is missing.", without("SecretAccessKey"))
    yield malformed(
        "empty-secret", "SecretAccessKey is empty.", {**world.container_credentials(), "SecretAccessKey": ""}
    )
    yield malformed(
        "token-two-lines",
        "A Token that would add a header of its own to the signed request is refused.",
        {**world.container_credentials(), "Token": "token\r\nx-injected: yes"},
    )


def _agent(code, message):
    """The ECS agent's form of a refusal."""
    return {"code": code, "message": message, "HTTPErrorCode": 0}

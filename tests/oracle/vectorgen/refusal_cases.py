"""What Google's services say when they refuse, in their own words, and what a hint must name."""

from . import world
from .exchange_failures import HTML
from .protocol import JWT, http
from .token_exchange import TokenExchange
from .transcript import Exchange
from .world import NOW, config, environment, token_config

FILE = {"file": "/var/run/token"}
CLAIMS = {
    "iss": "https://issuer.example/realm",
    "sub": "repo:octo/app:ref:refs/heads/main",
    "aud": ["api://one", "api://two"],
    "iat": NOW - 7000,
    "exp": NOW + 600,
}
STALE = f"ID Token issued at {NOW - 7000} is stale to sign-in."
TARGET = (
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or '
    "provider is disabled or deleted or because it doesn't exist."
)
AUDIENCE = (
    'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See '
    "https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats."
)
BYTES = (
    "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or "
    "the incoming assertion to produce a mapped attribute that is less than 127 bytes."
)
CONDITION = "The given credential is rejected by the attribute condition."
SUBJECT = "Could not obtain a value for google.subject from the given credential."
ISSUER = "Error connecting to the given credential's issuer."
PROJECT_ID = world.AUDIENCE.replace("123456", "my-project")
GRANT = "add-iam-policy-binding " + world.SERVICE_ACCOUNT
POOL = "principalSet://iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/"


def failures():
    for name, error, words, hint, more in [
        ("condition", "unauthorized_client", CONDITION, CLAIMS["sub"], {}),
        ("condition-issuer", "unauthorized_client", CONDITION, CLAIMS["iss"], {}),
        ("condition-audience", "unauthorized_client", CONDITION, "api://one and api://two", {}),
        ("no-subject", "unauthorized_client", SUBJECT, CLAIMS["sub"], {}),
        ("subject-too-long", "invalid_request", BYTES, "extract()", {}),
        ("audience", "invalid_request", AUDIENCE, world.AUDIENCE, {}),
        ("target", "invalid_target", TARGET, "enabled", {}),
        (
            "target-project-id",
            "invalid_target",
            TARGET,
            "gcloud projects describe my-project",
            {"audience": PROJECT_ID},
        ),
        ("issuer-unreachable", "invalid_grant", ISSUER, CLAIMS["iss"] + "/.well-known/openid-configuration", {}),
        ("signature", "invalid_grant", "Unable to verify the ID Token signature.", CLAIMS["iss"], {}),
        (
            "issuer-mismatch",
            "invalid_grant",
            f"The issuer in ID Token {CLAIMS['iss']} does not match the expected one in config: https://issuer.example",
            CLAIMS["iss"],
            {},
        ),
        (
            "audience-mismatch",
            "invalid_grant",
            "The audience in ID Token [api://one, api://two] does not match the expected audience.",
            "https:" + world.AUDIENCE,
            {},
        ),
        ("stale", "invalid_grant", STALE, "2024-01-02T03:14:05Z", {}),
        ("stale-without-iat", "invalid_grant", STALE, "iat", {"claims": {"iat": None}}),
        ("stale-without-exp", "invalid_grant", STALE, "exp", {"claims": {"exp": None}}),
        ("stale-in-future", "invalid_grant", STALE, "ahead", {"claims": {"iat": NOW + 120}}),
        ("unknown-words", "invalid_grant", "Something new.", "not believed", {}),
    ]:
        yield _of_jwt(name, error, words, hint, **more)
    for name, error, words, hint in [
        ("aws-condition", "unauthorized_client", CONDITION, "aws sts get-caller-identity"),
        (
            "aws-unknown-key",
            "invalid_grant",
            "Received invalid AWS response of type InvalidClientTokenId with error message: The security token included in the request is invalid.",
            world.LONG_TERM.access_key_id,
        ),
        ("aws-format", "invalid_request", "AWS request has invalid format.", "regional_cred_verification_url"),
    ]:
        case = Exchange(f"words-{name}", "Google's words about a signed request.", config=config())
        case.env({"AWS_REGION": "us-east-1", **environment(world.LONG_TERM)})
        yield _refused(case, error, words, hint)
    for name, status, code, words, hint in [
        (
            "permission",
            403,
            "PERMISSION_DENIED",
            "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
            GRANT,
        ),
        ("permission-of-pool", 403, "PERMISSION_DENIED", "The caller does not have permission", POOL),
        (
            "disabled",
            403,
            "PERMISSION_DENIED",
            "IAM Service Account Credentials API has not been used in project 123456 before or it is disabled.",
            "gcloud services enable iamcredentials.googleapis.com",
        ),
        (
            "lifetime",
            400,
            "INVALID_ARGUMENT",
            "can not have lifetimes of more than 1 hour. Use the Org Policy Constraint "
            "constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours.",
            "token_lifetime_seconds",
        ),
        ("lifetime-by-clock", 400, "INVALID_ARGUMENT", "The access token lifetime cannot exceed 3600 seconds.", "3600"),
        ("scopes", 400, "INVALID_ARGUMENT", "Request contains an invalid argument.", "scopes"),
        ("unknown-account", 404, "NOT_FOUND", "Not found; Gaia id not found for email", "address"),
    ]:
        case = TokenExchange(f"words-{name}", "The words of IAM.", config=token_config(FILE, impersonate=True))
        body = {"error": {"code": status, "message": words, "status": code}}
        case.file().sts().impersonate(http(status, body))
        told = {"status": status, "error": code, "error_description": words}
        case.fails("impersonation_rejected", "remote", stage="impersonation", ask_id="impersonate", **told)
        case.result["error"]["hint_contains"] = hint
        yield case

    yield from _of_somebody_else()


def _of_somebody_else():
    """What comes from a proxy, a firewall or a wrong path, and not from the service itself."""
    pages = [
        ("page", 403, HTML, "NO_PROXY"),
        ("page-of-a-portal", 511, "<html><body>Log in to the network first</body></html>", "egress"),
        ("nothing", 403, "", "proxy or a firewall"),
        ("words", 401, "Unauthorized", "proxy or a firewall"),
        ("other-json", 400, {"message": "blocked by policy 7"}, "has none of the service's own words"),
        ("proxy-authentication", 407, "Proxy Authentication Required", "HTTPS_PROXY"),
    ]
    for name, status, body, hint in pages:
        reply = http(status, body)
        told = {"status": status, "error_description": body["message"] if isinstance(body, dict) else None}
        if isinstance(body, dict):
            # A message is a message, whoever has written it.
            hint = ""
        case = TokenExchange(f"another-{name}-sts", "Not the service's own words.", config=token_config(FILE))
        case.file().sts(reply).fails("sts_rejected", "remote", stage="sts", ask_id="sts", **told)
        case.result["error"]["hint_contains"] = hint
        yield case
        case = TokenExchange(
            f"another-{name}-impersonation", "Not the API's own words.", config=token_config(FILE, impersonate=True)
        )
        case.file().sts().impersonate(reply)
        case.fails("impersonation_rejected", "remote", stage="impersonation", ask_id="impersonate", **told)
        case.result["error"]["hint_contains"] = hint
        yield case
    case = TokenExchange("another-path", "Google answers a wrong path with a page.", config=token_config(FILE))
    case.file().sts(http(404, HTML)).fails("sts_rejected", "remote", stage="sts", ask_id="sts", status=404)
    yield case
    for name, body in [("page", HTML), ("nothing", "")]:
        case = TokenExchange(f"another-success-{name}", "A success that is none.", config=token_config(FILE))
        case.file().sts(http(200, body)).fails("sts_malformed", "remote", stage="sts", ask_id="sts", status=200)
        case.result["error"]["hint_contains"] = "proxy"
        yield case


def _of_jwt(name, error, words, hint, *, claims=None, **fields):
    whole = {**CLAIMS, **(claims or {})}
    token = world.jwt({claim: value for claim, value in whole.items() if value is not None})
    case = TokenExchange(
        f"words-{name}", "Google's words about a JWT.", proof=token, config=token_config(FILE, token_type=JWT, **fields)
    )
    return _refused(case.file(token), error, words, hint)


def _refused(case, error, words, hint):
    case.sts(http(400, {"error": error, "error_description": words}))
    told = {"status": 400, "error": error, "error_description": words}
    case.fails("sts_rejected", "remote", stage="sts", ask_id="sts", **told)
    case.result["error"]["hint_contains"] = hint
    return case

"""Exchanges with a token behind a URL, and where such a URL may lead."""

import json

from . import world
from .exchange_failures import HTML, TOO_LARGE
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import WAITED, failed, http, wait
from .token_exchange import TOKEN, TokenExchange
from .world import token_config

AZURE_URL = (
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://iam.googleapis.com/x"
)
AZURE = {
    "url": AZURE_URL,
    "headers": {"Metadata": "True"},
    "format": {"type": "json", "subject_token_field_name": "access_token"},
}
FLAG = [["metadata", "True"]]
GITHUB_URL = "https://run-actions-1.actions.githubusercontent.com/7/idtoken?api-version=2.0&audience=gcp"
GITHUB_SECRET = "github-request-token-example-0001"
GITHUB = {
    "url": GITHUB_URL,
    "headers": {"Authorization": f"bearer {GITHUB_SECRET}"},
    "format": {"type": "json", "subject_token_field_name": "value"},
}


def exchanges():
    yield from answers()
    yield from headers()
    yield from places()
    yield from retries()
    yield from broken()


def good(name, about, source, body=TOKEN, *, headers=(), bypass_proxy=True, endpoints="google", proof=TOKEN, **more):
    case = TokenExchange(name, about, config=token_config(source, **more), endpoints=endpoints, proof=proof)
    case.url(body, headers=headers, bypass_proxy=bypass_proxy).sts()
    return case.impersonate().token(IMPERSONATED_EXPIRY) if "impersonate" in more else case.token(FEDERATED_EXPIRY)


def answers():
    azure = {"access_token": TOKEN, "expires_in": "86399", "token_type": "Bearer"}
    yield good(
        "azure-impersonation", "An Azure machine, as gcloud writes it.", AZURE, azure, headers=FLAG, impersonate=True
    )
    yield good(
        "github",
        "A job of GitHub Actions.",
        GITHUB,
        {"value": TOKEN, "count": 1},
        headers=[["authorization", f"bearer {GITHUB_SECRET}"]],
        bypass_proxy=False,
    ).secret(GITHUB_SECRET)
    yield good("text", "The answer is the token.", {"url": AZURE_URL})
    yield good("text-trimmed", "What surrounds it is taken away.", {"url": AZURE_URL}, f" {TOKEN}\r\n")
    yield good("saml", "A SAML response.", {"url": AZURE_URL}, "PHNhbWw+", proof="PHNhbWw+", token_type=world.SAML)
    case = TokenExchange("status-201", "Any success is one.", config=token_config({"url": AZURE_URL}))
    yield case.url(reply=http(201, TOKEN)).sts().token(FEDERATED_EXPIRY)


def headers():
    for name, about, given in [
        ("empty-list", "An object without headers.", {}),
        ("sorted", "Headers go in the order of their names.", {"x-c": "3", "x-a": "1", "x-b": "2"}),
        ("every-character", "All characters that a name may have.", {"x!#$%&'*+-.^_`|~9": "yes"}),
        ("blanks", "A value may have blanks and tabs, and all visible characters.", {"x-a": 'a b\tc!"~'}),
        ("empty-value", "A value may be empty.", {"x-a": ""}),
        ("accept", "Headers that another would write.", {"accept": "application/json", "user-agent": "workload"}),
    ]:
        pairs = sorted(([key.lower(), value] for key, value in given.items()), key=lambda pair: pair[0])
        yield good(f"headers-{name}", about, {"url": AZURE_URL, "headers": given}, headers=pairs)


def places():
    for name, about, url, endpoints, bypass in [
        ("metadata-ipv6", "The metadata service has an IPv6 address.", "http://[fd00:ec2::254]/token", "google", True),
        ("metadata-ipv6-upper", "In upper case, too.", "http://[FD00:EC2::254]/token", "google", True),
        ("metadata-port", "The usual port may be named.", "http://169.254.169.254:80/token", "google", True),
        ("metadata-https", "The metadata service over https.", "https://169.254.169.254/token", "google", True),
        ("github-port", "The usual port of https.", GITHUB_URL.replace(".com/", ".com:443/"), "google", False),
        ("github-upper", "A host in upper case.", GITHUB_URL.replace("actions.g", "ACTIONS.G"), "google", False),
        ("loopback", "This machine, where that is allowed.", "http://127.0.0.1:5000/token", "loopback", True),
        ("loopback-name", "This machine by its name.", "http://localhost:5000/token", "loopback", True),
        ("loopback-ipv6", "This machine by its IPv6 address.", "http://[::1]:5000/token", "loopback", True),
        ("loopback-metadata", "Where this machine is allowed, so is the rest.", AZURE_URL, "loopback", True),
        ("any", "Any host, where that is allowed.", "http://tokens.example.com:8080/token", "any", False),
    ]:
        yield good(f"host-{name}", about, {"url": url}, endpoints=endpoints, bypass_proxy=bypass)
    yield from refused()


def refused():
    for name, about, url, endpoints in [
        ("other", "Another host.", "https://tokens.example.com/token", "google"),
        ("glued", "A host that begins like the metadata service.", "http://169.254.169.254.example.com/", "google"),
        ("metadata-other-port", "Another port of the metadata service.", "http://169.254.169.254:8080/", "google"),
        ("metadata-port-443", "http on the port of https.", "http://169.254.169.254:443/", "google"),
        ("ecs", "The address of another service.", "http://169.254.170.2/token", "google"),
        ("decimal", "An address in another notation.", "http://2852039166/token", "google"),
        ("github-http", "GitHub without encryption.", GITHUB_URL.replace("https:", "http:"), "google"),
        ("github-bare", "The domain itself.", "https://actions.githubusercontent.com/", "google"),
        ("github-glued", "A host that ends like GitHub's.", "https://evilactions.githubusercontent.com/", "google"),
        ("github-suffix", "GitHub's host as a part.", "https://x.actions.githubusercontent.com.evil.com/", "google"),
        ("github-port", "Another port.", "https://x.actions.githubusercontent.com:8443/", "google"),
        ("google", "Google gives no such tokens.", "https://sts.googleapis.com/v1/token", "google"),
        ("loopback", "This machine, where that is not allowed.", "http://localhost:5000/token", "google"),
        ("other-loopback", "Another host, where this machine is allowed.", "http://example.com/token", "loopback"),
        ("localhost-glued", "A host that begins like localhost.", "http://localhost.example.com/", "loopback"),
    ]:
        case = TokenExchange(f"refused-{name}", about, config=token_config({"url": url}), endpoints=endpoints)
        yield case.fails(
            "config_url_refused", "config", stage="config", field="credential_source.url", hint_contains="endpoints"
        )


def asked(name, about, reply, source=AZURE, headers=FLAG, bypass_proxy=True):
    case = TokenExchange(name, about, config=token_config(source))
    return case.url(reply=reply, headers=headers, bypass_proxy=bypass_proxy)


def retries():
    case = asked("retry", "A server that is busy is asked again, twice.", http(429, ""))
    case.round((wait("subject-token-2-wait", 100), WAITED))
    case.url(headers=FLAG, reply=failed("unreachable", "refused"), attempt=2)
    case.round((wait("subject-token-3-wait", 200), WAITED))
    yield case.url({"access_token": TOKEN}, headers=FLAG, attempt=3).sts().token(FEDERATED_EXPIRY)
    for name, reply, code, fault, status in [
        ("server-errors", http(500, ""), "subject_token_unavailable", "remote", 500),
        ("timeouts", failed("timeout", "10 s"), "host_timeout", "host", None),
        ("unreachable", failed("unreachable", "no route"), "host_unreachable", "host", None),
    ]:
        case = asked(name, "After the third try it is an error.", reply)
        case.round((wait("subject-token-2-wait", 100), WAITED)).url(headers=FLAG, reply=reply, attempt=2)
        case.round((wait("subject-token-3-wait", 200), WAITED)).url(headers=FLAG, reply=reply, attempt=3)
        yield case.fails(code, fault, stage="source", ask_id="subject-token-3", status=status, retryable=True)


def broken():
    at = {"stage": "source", "ask_id": "subject-token"}
    for status in (400, 401, 403, 404):
        body = {"error": "invalid_request", "error_description": "Identity not found."}
        yield asked(f"rejected-{status}", f"HTTP {status}, with the words of the server.", http(status, body)).fails(
            "subject_token_rejected",
            "remote",
            **at,
            status=status,
            error="invalid_request",
            error_description="Identity not found.",
            hint_contains="credential_source.headers",
        )
    yield asked("rejected-html", "A page is not repeated.", http(403, HTML)).fails(
        "subject_token_rejected", "remote", **at, status=403
    )
    yield asked("redirect", "Redirects are not followed.", http(302, "", [("location", "http://x.example/")])).fails(
        "redirect_refused", "remote", **at, status=302
    )
    yield asked("too-large", "More than 1 MiB is not read.", TOO_LARGE).fails(
        "response_too_large", "remote", **at, status=200
    )
    for kind, code in [("denied", "host_denied"), ("other", "host_failed"), ("unsupported", "host_unsupported")]:
        yield asked(f"host-{kind}", f"The host could not ask: {kind}.", failed(kind, "no")).fails(code, "host", **at)
    for name, about, status, body, source in [
        ("empty", "An empty answer.", 200, "", {"url": AZURE_URL}),
        ("no-content", "An answer without content.", 204, "", {"url": AZURE_URL}),
        ("json-not-json", "A page where JSON should be.", 200, HTML, AZURE),
        ("json-list", "A list.", 200, "[]", AZURE),
        ("json-field-missing", "The field is not there.", 200, {"id_token": TOKEN}, AZURE),
        ("json-field-number", "The field is a number.", 200, {"access_token": 7}, AZURE),
        ("json-field-empty", "The field is empty.", 200, {"access_token": ""}, AZURE),
    ]:
        headers = FLAG if "headers" in source else ()
        yield asked(name, about, http(status, body), source, headers).fails(
            "subject_token_malformed", "remote", **at, status=status
        )
    for name, key, scheme, secret in [
        ("authorization", "Authorization", "Bearer ", GITHUB_SECRET),
        ("identity-header", "X-IDENTITY-HEADER", "", "3a1f0c7e-identity-header-example"),
        ("short-key", "X-Api-Key", "", "k3y-7f2c9"),
    ]:
        value = scheme + secret
        source = {"url": AZURE_URL, "headers": {key: value}}
        message = {"error": "unauthorized", "error_description": f"The value {value} is not known."}
        yield (
            asked(
                f"header-quoted-{name}",
                "A server sends back a header.",
                http(401, message),
                source,
                [[key.lower(), value]],
            )
            .secret(secret)
            .fails(
                "subject_token_rejected",
                "remote",
                **at,
                status=401,
                error="unauthorized",
                error_description="The value [redacted] is not known.",
            )
        )
    token = json.dumps({"error": "gone", "error_description": f"it was {TOKEN}"})
    yield (
        asked("sts-quotes-the-token", "STS sends back the token.", http(200, {"access_token": TOKEN}))
        .sts(http(400, token))
        .fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=400,
            error="gone",
            error_description="it was [redacted]",
        )
    )
    yield asked(
        "expired", "A server may give a token that is out of date.", http(200, {"access_token": world.jwt({"exp": 1})})
    ).fails("subject_token_expired", "config", stage="source")

"""GitHub Actions: "OpenID Connect reference", methods for requesting the OIDC token."""

from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .platform_exchange import (
    USUAL_AUDIENCE,
    PlatformExchange,
    config,
    get,
    jwt,
    missing,
    server_failures,
    urls_refused,
)
from .protocol import failed, http
from .signing import percent_encode
from .transcript import numbered
from .world import NOW

URL_VARIABLE = "ACTIONS_ID_TOKEN_REQUEST_URL"
TOKEN_VARIABLE = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
URL = (
    "https://run-actions-1-azure-eastus.actions.githubusercontent.com/12//idtoken/"
    "4f1c0c6d-6e5a-4c38-8c3c-1f0f5d3f7a10/9c2b0a1e-3d4f-4a5b-8c6d-7e8f9a0b1c2d?api-version=2.0"
)
TOKEN = jwt(
    "https://token.actions.githubusercontent.com", "repo:octo-org/octo-repo:ref:refs/heads/main", USUAL_AUDIENCE
)
# What authorizes the request: a JWT, too, of the job.
REQUEST_TOKEN = jwt("https://vstoken.actions.githubusercontent.com", "job", "actions", exp=NOW + 21600)
VARIABLES = {URL_VARIABLE: URL, TOKEN_VARIABLE: REQUEST_TOKEN}
REFUSAL = {
    "$id": "1",
    "innerException": None,
    "message": "The job is not authorized to request an ID token.",
    "typeName": "GitHub.DistributedTask.WebApi.AccessDeniedException",
}


class GithubExchange(PlatformExchange):
    """The steps of a job, each with the answer that lets it go on unless ``reply`` is given."""

    def variables(self, reply=None, **values):
        values = {**VARIABLES, **values}
        self.token_secret(values[TOKEN_VARIABLE])
        return self.env(values, reply, [URL_VARIABLE, TOKEN_VARIABLE])

    def token_request(self, reply=None, attempt=1, audience=USUAL_AUDIENCE):
        url = self.values[URL_VARIABLE]
        separator = "&" if "?" in url else "?"
        headers = [
            ["accept", "application/json"],
            ["authorization", f"Bearer {self.values[TOKEN_VARIABLE]}"],
        ]
        ask = get(numbered("subject-token", attempt), f"{url}{separator}audience={percent_encode(audience)}", headers)
        self.proof(TOKEN)
        return self.round((ask, reply or http(200, {"count": len(TOKEN), "value": TOKEN})))


def _job(name, about, *, impersonate=False, env=None, **fields):
    whole = config("github_actions", impersonate=impersonate, **fields)
    return GithubExchange(name, about, config=whole).variables(**(env or {}))


def exchanges():
    yield (
        _job(
            "github-actions",
            "GitHub Actions: a new token from the address in the environment, for the audience that Google expects where the provider names no other.",
            impersonate=True,
        )
        .token_request()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    audience = "https://sanskey.example/a+b?c=%C3%BC&d"
    yield (
        _job(
            "github-actions-audience",
            "An audience of the provider's own; it cannot break out of its place in the URL.",
            audience=audience,
        )
        .token_request(audience=audience)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for name, about, url in [
        ("without-query", "Without a query in the address the audience begins one.", URL.split("?")[0]),
        (
            "enterprise-server",
            "A GitHub Enterprise Server has an address of its own, with a port.",
            "https://github.example.com:8443/_services/pipelines/idtoken?api-version=2.0",
        ),
        ("loopback", "Over http the address may be this machine's.", "http://127.0.0.1:41337/idtoken?api-version=2.0"),
    ]:
        yield (
            _job(f"github-actions-{name}", about, env={URL_VARIABLE: url}).token_request().sts().token(FEDERATED_EXPIRY)
        )
    yield (
        _job(
            "retry-github-actions-unavailable",
            "The service is tried again after a second, with the same token of the job.",
        )
        .token_request(http(503, "upstream connect error"))
        .wait("subject-token-2", 1000)
        .token_request(http(429, {"message": "Too many requests"}, [("retry-after", "7")]), attempt=2)
        .wait("subject-token-3", 7000)
        .token_request(attempt=3)
        .sts()
        .token(FEDERATED_EXPIRY + 8)
    )


def failures():
    hint = "id-token: write"
    names = [URL_VARIABLE, TOKEN_VARIABLE]
    for state, values in [("unset", {}), ("empty", dict.fromkeys(names, ""))]:
        case = GithubExchange(
            f"github-actions-{state}",
            f"Without the permission for it GitHub sets neither variable: {state}.",
            config=config("github_actions"),
        )
        yield missing(case.env(values, names=names), hint_contains=hint)
    for name in names:
        other = next(each for each in names if each != name)
        case = GithubExchange(
            f"github-actions-without-{'url' if name == URL_VARIABLE else 'token'}",
            f"One variable alone is of no use: {name} is not set.",
            config=config("github_actions"),
        ).env({other: VARIABLES[other]}, names=names)
        if other == TOKEN_VARIABLE:
            case.token_secret(VARIABLES[other])
        yield missing(case, hint_contains=hint)
    for kind, code in [("unsupported", "host_unsupported"), ("denied", "host_denied")]:
        yield _job(
            f"github-actions-env-{kind}",
            f"The host's answer to the question for the environment: {kind}.",
            env={"reply": failed(kind, "the environment cannot be read")},
        ).fails(code, "host", stage="source", ask_id="env")
    yield from urls_refused(
        "github-actions-url",
        lambda name, about, url: _job(name, about, env={URL_VARIABLE: url}),
    )
    for name, about, token in [
        ("two-lines", "A token that would add a header of its own is refused.", "token\r\nx-injected: yes"),
        ("newline-at-end", "A line break at the end is refused as well.", f"{REQUEST_TOKEN}\n"),
        ("non-ascii", "So is a character that a header cannot hold.", "tökén-of-the-job-example"),
    ]:
        yield _job(f"github-actions-token-{name}", about, env={TOKEN_VARIABLE: token}).fails(
            "subject_token_invalid", "config", stage="source", ask_id="env"
        )
    yield from server_failures(
        "github-actions",
        "GitHub's service",
        lambda name, about: _job(name, about),
        GithubExchange.token_request,
        "subject-token",
        1000,
        dict.fromkeys((400, 401, 403, 404), (REFUSAL, None, REFUSAL["message"])),
        "value",
        REQUEST_TOKEN,
        hint,
    )

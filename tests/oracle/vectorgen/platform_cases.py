"""Exchanges of platforms that say in the environment where the workload's token is.

What is sent and what comes back is as the platforms document it:

* GitHub Actions, "OpenID Connect reference", methods for requesting the OIDC token
* GitLab, "OpenID Connect (OIDC) authentication using ID tokens"
* CircleCI, "Using OpenID Connect tokens in jobs"; Bitbucket, "Integrate Pipelines with resource
  servers using OIDC"; HCP Terraform, "Manually generate workload identity tokens"; Vercel, "OIDC
  federation reference"
* Buildkite, ``buildkite-agent oidc request-token``
* Azure App Service, "Use managed identities for App Service and Azure Functions", REST endpoint reference
* Azure Workload Identity, "Mutating admission webhook"; Microsoft Entra, "OAuth 2.0 client credentials
  flow", third case: access token request with a federated credential
"""

import base64
import hashlib
import json

from . import protocol, world
from .exchange_failures import HTML, TOO_LARGE
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import CLOUD_PLATFORM, failed, file, http
from .signing import percent_encode
from .transcript import Exchange, numbered
from .world import NOW

JWT = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
SAML = "urn:ietf:params:oauth:token-type:saml2"
# What Google takes for the audience where the provider names no other.
USUAL_AUDIENCE = f"https:{world.AUDIENCE}"

GITHUB_URL_VARIABLE = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN_VARIABLE = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
GITHUB_URL = (
    "https://run-actions-1-azure-eastus.actions.githubusercontent.com/12//idtoken/"
    "4f1c0c6d-6e5a-4c38-8c3c-1f0f5d3f7a10/9c2b0a1e-3d4f-4a5b-8c6d-7e8f9a0b1c2d?api-version=2.0"
)
APP_SERVICE_VARIABLES = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]
APP_SERVICE_URL = "http://localhost:41741/MSI/token/"
IDENTITY_HEADER = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"
AKS_VARIABLES = ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST"]
AKS_FILE = "/var/run/secrets/azure/tokens/azure-identity-token"
CLIENT_ID = "97e0a5b7-d745-40b6-94fe-5f77d35c6e05"
TENANT_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47"
PUBLIC_CLOUD = "https://login.microsoftonline.com/"
AKS = {
    "AZURE_FEDERATED_TOKEN_FILE": AKS_FILE,
    "AZURE_CLIENT_ID": CLIENT_ID,
    "AZURE_TENANT_ID": TENANT_ID,
    "AZURE_AUTHORITY_HOST": PUBLIC_CLOUD,
}
RESOURCE = "api://sanskey-demo"


def jwt(issuer, subject, audience, *, exp=NOW + 300, **header):
    """A JWT with a signature that nobody made."""
    claims = {"iss": issuer, "sub": subject, "aud": audience, "iat": NOW - 60}
    if exp is not None:
        claims["exp"] = exp
    parts = [_base64url(_compact(part).encode()) for part in ({"typ": "JWT", "alg": "RS256", **header}, claims)]
    # As long as a signature with a key of 2048 bits.
    signature = b"".join(hashlib.sha512(f"{count}.{'.'.join(parts)}".encode()).digest() for count in range(4))
    return ".".join([*parts, _base64url(signature)])


def _compact(value):
    return json.dumps(value, separators=(",", ":"))


def _base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


GITHUB_TOKEN = jwt(
    "https://token.actions.githubusercontent.com", "repo:octo-org/octo-repo:ref:refs/heads/main", USUAL_AUDIENCE
)
# What authorizes the request: a JWT, too, of the job.
GITHUB_REQUEST_TOKEN = jwt("https://vstoken.actions.githubusercontent.com", "job", "actions", exp=NOW + 21600)
GITHUB = {GITHUB_URL_VARIABLE: GITHUB_URL, GITHUB_TOKEN_VARIABLE: GITHUB_REQUEST_TOKEN}
AZURE_TOKEN = jwt(f"https://sts.windows.net/{TENANT_ID}/", "5e29463d-71da-4fe0-8e69-999b57db23b0", RESOURCE)
ENTRA_TOKEN = jwt(f"https://login.microsoftonline.com/{TENANT_ID}/v2.0", CLIENT_ID, RESOURCE, exp=NOW + 3599)
AKS_TOKEN = jwt(
    "https://eastus.oic.prod-aks.azure.com/72f988bf/0c8d1a5e/",
    "system:serviceaccount:default:workload-identity-sa",
    "api://AzureADTokenExchange",
    exp=NOW + 3600,
    kid="aks-key-example",
)
BUILDKITE_TOKEN = jwt(
    "https://agent.buildkite.com",
    "organization:acme:pipeline:deploy:ref:refs/heads/main:commit:9f3182061f1e:step:deploy",
    USUAL_AUDIENCE,
)


def config(platform, *, impersonate=False, subject_token_type=JWT, **fields):
    """A configuration whose source is ``credential_source.sanskey``."""
    whole = {
        "universe_domain": "googleapis.com",
        "type": "external_account",
        "audience": world.AUDIENCE,
        "subject_token_type": subject_token_type,
        "token_url": world.TOKEN_URL,
        "credential_source": {"sanskey": {"platform": platform, **fields}},
    }
    if impersonate:
        whole["service_account_impersonation_url"] = world.IMPERSONATION_URL
    return whole


class PlatformExchange(Exchange):
    """The steps of the platforms, each with the answer that lets it go on unless ``reply`` is given."""

    subject = None

    def env(self, values=None, reply=None, names=None):
        values = values or {}
        self.values = values
        return self.round((protocol.read_env(names or list(values)), reply or protocol.env(values)))

    def proof(self, token):
        """The token that is shown to Google, and its signature, which must not be seen alone either."""
        self.subject = token
        return self.token_secret(token)

    def token_secret(self, token):
        self.secret(token)
        if token.count(".") == 2:
            self.secret(token.rsplit(".", 1)[1])
        return self

    # GitHub Actions.

    def github_env(self, reply=None, **values):
        values = {**GITHUB, **values}
        self.token_secret(values[GITHUB_TOKEN_VARIABLE])
        return self.env(values, reply, [GITHUB_URL_VARIABLE, GITHUB_TOKEN_VARIABLE])

    def github(self, reply=None, attempt=1, audience=USUAL_AUDIENCE):
        url = self.values[GITHUB_URL_VARIABLE]
        separator = "&" if "?" in url else "?"
        headers = [
            ["accept", "application/json"],
            ["authorization", f"Bearer {self.values[GITHUB_TOKEN_VARIABLE]}"],
        ]
        ask = _get(numbered("subject-token", attempt), f"{url}{separator}audience={percent_encode(audience)}", headers)
        self.proof(GITHUB_TOKEN)
        return self.round((ask, reply or http(200, {"count": len(GITHUB_TOKEN), "value": GITHUB_TOKEN})))

    # Azure App Service.

    def app_service_env(self, reply=None, **values):
        values = {"IDENTITY_ENDPOINT": APP_SERVICE_URL, "IDENTITY_HEADER": IDENTITY_HEADER, **values}
        self.secret(values["IDENTITY_HEADER"])
        return self.env(values, reply, APP_SERVICE_VARIABLES)

    def app_service(self, reply=None, attempt=1):
        source = self.config["credential_source"]["sanskey"]
        url = f"{self.values['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource={percent_encode(source['resource'])}"
        if "client_id" in source:
            url += f"&client_id={percent_encode(source['client_id'])}"
        headers = [["accept", "application/json"], ["x-identity-header", self.values["IDENTITY_HEADER"]]]
        ask = _get(numbered("subject-token", attempt), url, headers, bypass_proxy=True)
        self.proof(AZURE_TOKEN)
        return self.round((ask, reply or http(200, app_service_answer())))

    # AKS.

    def aks_env(self, reply=None, **values):
        given = {name: value for name, value in {**AKS, **values}.items() if value is not None}
        return self.env(given, reply, AKS_VARIABLES)

    def aks_file(self, text=AKS_TOKEN, reply=None):
        ask = {"id": "federated-token", "action": "read_file", "path": self.values["AZURE_FEDERATED_TOKEN_FILE"]}
        if text is not None and text.strip():
            self.proof(text.strip())
        return self.round((ask, reply or file(text)))

    def entra(self, reply=None, attempt=1, authority=PUBLIC_CLOUD, assertion=AKS_TOKEN):
        resource = self.config["credential_source"]["sanskey"]["resource"]
        tenant = percent_encode(self.values["AZURE_TENANT_ID"])
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.values["AZURE_CLIENT_ID"],
            "scope": f"{resource}/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        body = "&".join(f"{name}={percent_encode(value)}" for name, value in fields.items())
        headers = [["accept", "application/json"], ["content-type", "application/x-www-form-urlencoded"]]
        ask = _http(numbered("entra", attempt), "POST", f"{authority}{tenant}/oauth2/v2.0/token", headers, body)
        self.proof(ENTRA_TOKEN)
        answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": ENTRA_TOKEN}
        return self.round((ask, reply or http(200, answer)))

    # Buildkite.

    def buildkite(self, reply=None, audience=USUAL_AUDIENCE):
        ask = {
            "id": "buildkite-agent",
            "action": "run_command",
            "argv": ["buildkite-agent", "oidc", "request-token", "--audience", audience],
            "env": {},
            "timeout_ms": 30000,
        }
        self.proof(BUILDKITE_TOKEN)
        return self.round((ask, reply or output(0, f"{BUILDKITE_TOKEN}\n")))

    # Google.

    def _sts_request(self):
        impersonated = "service_account_impersonation_url" in self.config
        return protocol.sts_request(
            token_url=self.config["token_url"],
            audience=self.config["audience"],
            subject_token=self.subject,
            subject_token_type=self.config["subject_token_type"],
            scopes=[CLOUD_PLATFORM] if impersonated or not self.scopes else self.scopes,
        )


def app_service_answer(**changes):
    answer = {
        "access_token": AZURE_TOKEN,
        "expires_on": str(NOW + 86400),
        "resource": RESOURCE,
        "token_type": "Bearer",
        "client_id": CLIENT_ID.upper(),
    }
    return {**answer, **changes}


def output(exit_code, stdout="", stderr=""):
    return {"reply": "command_output", "exit_code": exit_code, "stdout": stdout, "stderr": stderr}


def _get(ask_id, url, headers, **more):
    return _http(ask_id, "GET", url, headers, "", **more)


def _http(ask_id, method, url, headers, body, *, bypass_proxy=False):
    return {
        "id": ask_id,
        "action": "http_request",
        "method": method,
        "url": url,
        "headers": headers,
        "body": body,
        "timeout_ms": 10000,
        "client_certificate": None,
        "bypass_proxy": bypass_proxy,
    }


# The platforms that put the token itself into a variable: the issuer, the subject and the variables that
# are asked for, the one that counts first.
VARIABLES = {
    "bitbucket": (
        "Bitbucket Pipelines",
        "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        "{c3f9d4a2-0b7e-4a53-8d6f-2e1a5b9c7d30}:{8b1f6e0a-4c2d-4e7f-9a3b-5d6c7e8f9a0b}",
        ["BITBUCKET_STEP_OIDC_TOKEN"],
    ),
    "circleci": (
        "CircleCI",
        "https://oidc.circleci.com/org/5f4dcc3b-5aa7-4a6d-9f1e-0c2b3a4d5e6f",
        "org/5f4dcc3b/project/1a2b3c4d/user/9f8e7d6c/vcs-origin/github.com/acme/deploy/vcs-ref/refs/heads/main",
        ["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"],
    ),
    "gitlab": (
        "GitLab CI/CD",
        "https://gitlab.com",
        "project_path:acme/deploy:ref_type:branch:ref:main",
        ["GITLAB_OIDC_TOKEN"],
    ),
    "terraform_cloud": (
        "HCP Terraform",
        "https://app.terraform.io",
        "organization:acme:project:Default Project:workspace:deploy:run_phase:apply",
        ["TFC_WORKLOAD_IDENTITY_TOKEN"],
    ),
    "vercel": (
        "Vercel",
        "https://oidc.vercel.com/acme",
        "owner:acme:project:shop:environment:production",
        ["VERCEL_OIDC_TOKEN"],
    ),
}


def variable_token(platform, **claims):
    _, issuer, subject, _ = VARIABLES[platform]
    return jwt(issuer, subject, USUAL_AUDIENCE, **claims)


def exchanges():
    yield from of_variables()
    yield from of_github()
    yield from of_buildkite()
    yield from of_app_service()
    yield from of_aks()


def failures():
    yield from variables_missing()
    yield from jwts_out_of_date()
    yield from github_failures()
    yield from buildkite_failures()
    yield from app_service_failures()
    yield from aks_failures()


# What works.


def _with_variable(name, about, platform, values, token, names=None, **fields):
    case = PlatformExchange(name, about, config=config(platform, **fields)).proof(token)
    return case.env(values, names=names)


def of_variables():
    for platform, (title, _, _, names) in VARIABLES.items():
        token = variable_token(platform)
        yield (
            _with_variable(
                f"platform-{platform.replace('_', '-')}",
                f"{title} has the token in a variable.",
                platform,
                {names[0]: token},
                token,
                names,
            )
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    gitlab = variable_token("gitlab")
    yield (
        _with_variable(
            "platform-gitlab-impersonation",
            "A service account, for a token of a platform.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": gitlab},
            gitlab,
            impersonate=True,
        )
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-gitlab-variable",
            "In GitLab the job chooses the name of the variable.",
            "gitlab",
            {"GOOGLE_ID_TOKEN": gitlab},
            gitlab,
            variable="GOOGLE_ID_TOKEN",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-gitlab-id-token",
            "The token may be called an ID token, which it is.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": gitlab},
            gitlab,
            subject_token_type=ID_TOKEN,
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-environment",
            "Any variable may hold the token.",
            "environment",
            {"MY_OIDC_TOKEN": gitlab},
            gitlab,
            variable="MY_OIDC_TOKEN",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-environment-line-break",
            "What surrounds the token is taken away: some put a line break after it.",
            "environment",
            {"MY_OIDC_TOKEN": f" {gitlab}\r\n"},
            gitlab,
            variable="MY_OIDC_TOKEN",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _with_variable(
            "platform-environment-not-a-jwt",
            "What is not a JWT is for Google to judge.",
            "environment",
            {"MY_OIDC_TOKEN": "opaque token/with+signs=="},
            "opaque token/with+signs==",
            variable="MY_OIDC_TOKEN",
        )
        .secret("opaque%20token%2Fwith%2Bsigns%3D%3D")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    first, second = variable_token("circleci"), variable_token("circleci", exp=NOW + 600)
    _, _, _, names = VARIABLES["circleci"]
    yield (
        _with_variable(
            "platform-circleci-both",
            "CircleCI sets two variables. The second version of the token counts, whose subject also names the source of the change.",
            "circleci",
            {names[1]: second, names[0]: first},
            first,
            names,
        )
        .token_secret(second)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for state, values in [("unset", {}), ("empty", {names[0]: ""}), ("blank", {names[0]: " \n"})]:
        yield (
            _with_variable(
                f"platform-circleci-first-version-{state}",
                f"Where the variable of the second version is {state}, the first version counts.",
                "circleci",
                {**values, names[1]: second},
                second,
                names,
            )
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    for name, about, exp in [
        ("none", "A JWT need not say when its time is over.", None),
        ("text", "A time that is no number is for Google to judge.", "2024-01-02T00:00:00Z"),
    ]:
        token = variable_token("gitlab", exp=exp)
        yield (
            _with_variable(f"platform-jwt-exp-{name}", about, "gitlab", {"GITLAB_OIDC_TOKEN": token}, token)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    second_left = variable_token("gitlab", exp=NOW + 1)
    yield (
        _with_variable(
            "platform-jwt-one-second-left",
            "A JWT is good until the second that it names.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": second_left},
            second_left,
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def _github(name, about, *, impersonate=False, env=None, **fields):
    whole = config("github_actions", impersonate=impersonate, **fields)
    return PlatformExchange(name, about, config=whole).github_env(**(env or {}))


def of_github():
    yield (
        _github(
            "github-actions",
            "GitHub Actions: a new token from the address in the environment, for the audience that Google expects where the provider names no other.",
            impersonate=True,
        )
        .github()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    audience = "https://sanskey.example/a+b?c=%C3%BC&d"
    yield (
        _github(
            "github-actions-audience",
            "An audience of the provider's own; it cannot break out of its place in the URL.",
            audience=audience,
        )
        .github(audience=audience)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for name, about, url in [
        ("without-query", "Without a query in the address the audience begins one.", GITHUB_URL.split("?")[0]),
        (
            "enterprise-server",
            "A GitHub Enterprise Server has an address of its own, with a port.",
            "https://github.example.com:8443/_services/pipelines/idtoken?api-version=2.0",
        ),
        ("loopback", "Over http the address may be this machine's.", "http://127.0.0.1:41337/idtoken?api-version=2.0"),
    ]:
        yield (
            _github(f"github-actions-{name}", about, env={GITHUB_URL_VARIABLE: url})
            .github()
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        _github(
            "retry-github-actions-unavailable",
            "The service is tried again after a second, with the same token of the job.",
        )
        .github(http(503, "upstream connect error"))
        .wait("subject-token-2", 1000)
        .github(http(429, {"message": "Too many requests"}, [("retry-after", "7")]), attempt=2)
        .wait("subject-token-3", 7000)
        .github(attempt=3)
        .sts()
        .token(FEDERATED_EXPIRY + 8)
    )


def of_buildkite():
    yield (
        PlatformExchange(
            "buildkite",
            "Buildkite: the agent gives the token, for the audience that Google expects where the provider names no other.",
            config=config("buildkite", impersonate=True),
        )
        .buildkite()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        PlatformExchange(
            "buildkite-audience",
            "An audience of the provider's own is one argument, whatever is in it.",
            config=config("buildkite", audience="https://sanskey.example/;$(id)'\""),
        )
        .buildkite(audience="https://sanskey.example/;$(id)'\"")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        PlatformExchange(
            "buildkite-warning",
            "What the agent says beside the token is no part of it.",
            config=config("buildkite"),
        )
        .buildkite(output(0, f"{BUILDKITE_TOKEN}\r\n", "2024-01-02 03:04:05 WARN  request failed, will retry\n"))
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def _app_service(name, about, *, impersonate=False, env=None, resource=RESOURCE, **fields):
    whole = config("azure_app_service", impersonate=impersonate, resource=resource, **fields)
    return PlatformExchange(name, about, config=whole).app_service_env(**(env or {}))


def of_app_service():
    yield (
        _app_service("azure-app-service", "Azure App Service: the managed identity of the system.", impersonate=True)
        .app_service()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _app_service(
            "azure-app-service-user-assigned",
            "An identity that was assigned by a user is named by its client ID.",
            client_id=CLIENT_ID,
        )
        .app_service()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _app_service(
            "azure-app-service-resource-encoded",
            "A resource cannot break out of its place in the URL.",
            resource="https://vault.azure.net/?x=1&client_id=y",
        )
        .app_service()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for name, about, url in [
        ("linux", "On Linux the endpoint has a link-local address.", "http://169.254.129.4:8081/msi/token"),
        ("container-apps", "So it is in Container Apps, on this machine.", "http://localhost:42356/msi/token"),
        ("loopback-ipv6", "This machine may have an IPv6 address.", "http://[::1]:42356/msi/token"),
    ]:
        yield (
            _app_service(f"azure-app-service-{name}", about, env={"IDENTITY_ENDPOINT": url})
            .app_service()
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        _app_service("retry-azure-app-service-unavailable", "The endpoint is tried again after half a second.")
        .app_service(failed("unreachable", "connection refused"))
        .wait("subject-token-2", 500)
        .app_service(http(500, {"statusCode": 500, "message": "Internal Server Error"}), attempt=2)
        .wait("subject-token-3", 1000)
        .app_service(attempt=3)
        .sts()
        .token(FEDERATED_EXPIRY + 2)
    )


def _aks(name, about, *, impersonate=False, env=None, resource=None, **fields):
    if resource is not None:
        fields["resource"] = resource
    whole = config("azure_workload_identity", impersonate=impersonate, **fields)
    return PlatformExchange(name, about, config=whole).aks_env(**(env or {}))


def of_aks():
    yield (
        _aks(
            "aks-direct",
            "AKS: where the provider trusts the cluster's issuer, the token of the pod is the proof itself.",
            impersonate=True,
        )
        .aks_file()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _aks(
            "aks-direct-file-only",
            "Then nothing but the file is needed.",
            env={"AZURE_CLIENT_ID": None, "AZURE_TENANT_ID": "", "AZURE_AUTHORITY_HOST": None},
        )
        .aks_file(f"{AKS_TOKEN}\n")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _aks(
            "aks-entra",
            "AKS through Microsoft Entra: the token of the pod is the client's assertion, and Entra's token the proof.",
            impersonate=True,
            resource=RESOURCE,
        )
        .aks_file()
        .entra()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _aks("aks-entra-line-break", "A line break at the end of the file is no part of the token.", resource=RESOURCE)
        .aks_file(f"{AKS_TOKEN}\r\n")
        .entra()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for name, about, host, authority in [
        ("us-government", "The cloud of the US government.", "https://login.microsoftonline.us/", None),
        ("china", "The cloud in China.", "https://login.partner.microsoftonline.cn/", None),
        (
            "without-slash",
            "The authority may be written without a slash at its end.",
            "https://login.microsoftonline.us",
            "https://login.microsoftonline.us/",
        ),
        ("unset", "Without an authority it is the public cloud's.", None, PUBLIC_CLOUD),
        ("empty", "A variable that is empty counts as not set.", "", PUBLIC_CLOUD),
        (
            "loopback",
            "Over http the authority may be this machine's.",
            "http://localhost:8400/",
            None,
        ),
    ]:
        yield (
            _aks(f"aks-entra-authority-{name}", about, resource=RESOURCE, env={"AZURE_AUTHORITY_HOST": host})
            .aks_file()
            .entra(authority=authority or host)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        _aks(
            "aks-entra-resource-with-slash",
            "A slash at the end of the resource stays: Entra takes /.default away, and what is left is the token's audience.",
            resource="https://contoso.example/",
        )
        .aks_file()
        .entra()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _aks(
            "aks-entra-tenant-encoded",
            "A tenant cannot break out of its place in the URL.",
            resource=RESOURCE,
            env={"AZURE_TENANT_ID": "../other?x=1#y"},
        )
        .aks_file()
        .entra()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _aks("retry-aks-entra-unavailable", "Entra is tried again after a second.", resource=RESOURCE)
        .aks_file()
        .entra(http(503, {"error": "temporarily_unavailable", "error_description": "The server is too busy."}))
        .wait("entra-2", 1000)
        .entra(failed("timeout", "no answer"), attempt=2)
        .wait("entra-3", 2000)
        .entra(attempt=3)
        .sts()
        .token(FEDERATED_EXPIRY + 3)
    )


# What fails.


def _missing(case, **members):
    members = {"ask_id": "env", **members}
    return case.fails("subject_token_missing", "config", stage="source", **members)


def variables_missing():
    hints = {
        "bitbucket": "Bitbucket",
        "circleci": "OIDC",
        "gitlab": "id_tokens",
        "terraform_cloud": "TFC_WORKLOAD_IDENTITY_AUDIENCE",
        "vercel": "Vercel",
    }
    for platform, (title, _, _, names) in VARIABLES.items():
        for state, values in [("unset", {}), ("empty", dict.fromkeys(names, ""))]:
            case = PlatformExchange(
                f"platform-{platform.replace('_', '-')}-{state}",
                f"{title} gave no token: {' and '.join(names)} {state}.",
                config=config(platform),
            )
            yield _missing(case.env(values, names=names), hint_contains=hints[platform])
    yield _missing(
        PlatformExchange(
            "platform-environment-blank",
            "A variable with nothing but blanks holds no token.",
            config=config("environment", variable="MY_OIDC_TOKEN"),
        ).env({"MY_OIDC_TOKEN": " \r\n\t"})
    )
    for kind, code in [("unsupported", "host_unsupported"), ("denied", "host_denied"), ("other", "host_failed")]:
        yield (
            PlatformExchange(
                f"platform-environment-{kind}",
                f"The host's answer to the question for the environment: {kind}.",
                config=config("environment", variable="MY_OIDC_TOKEN"),
            )
            .env(reply=failed(kind, "the environment cannot be read"), names=["MY_OIDC_TOKEN"])
            .fails(code, "host", stage="source", ask_id="env")
        )
    token = variable_token("gitlab")
    refusal = {"error": "invalid_grant", "error_description": f"Cannot read {token}, sorry."}
    yield (
        _with_variable(
            "platform-token-quoted-by-sts",
            "A refusal that quotes the token is passed on without it.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": token},
            token,
        )
        .sts(http(400, refusal))
        .fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=400,
            error="invalid_grant",
            error_description="Cannot read [redacted], sorry.",
        )
    )
    part = token[60:]
    refusal = {"error": "invalid_grant", "error_description": f"Cannot read …{part}"}
    yield (
        _with_variable(
            "platform-end-of-token-quoted-by-sts",
            "A quotation of the token's end does not hold the signature.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": token},
            token,
        )
        .sts(http(400, refusal))
        .fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=400,
            error="invalid_grant",
            error_description=f"Cannot read …{part.rsplit('.', 1)[0]}.[redacted]",
        )
    )


def _expired(case):
    return case.fails("subject_token_expired", "config", stage="source")


def jwts_out_of_date():
    for name, about, exp in [
        (
            "hour",
            "A JWT that was good an hour ago is not shown to Google, who would not say what is wrong.",
            NOW - 3600,
        ),
        ("second", "A JWT is not good in the second that it names any more.", NOW),
        ("fraction", "The time may have a fraction.", NOW - 0.5),
    ]:
        token = variable_token("gitlab", exp=exp)
        yield _expired(
            _with_variable(f"platform-jwt-expired-{name}", about, "gitlab", {"GITLAB_OIDC_TOKEN": token}, token)
        )
    token = variable_token("gitlab", exp=NOW + 1)
    yield _expired(
        _with_variable(
            "platform-jwt-expired-on-the-way",
            "A JWT that was good at the first try, and is not at the second.",
            "gitlab",
            {"GITLAB_OIDC_TOKEN": token},
            token,
        )
        .sts(http(503, ""))
        .wait("sts-2", 1000)
    )
    token = jwt("https://agent.buildkite.com", "organization:acme", USUAL_AUDIENCE, exp=NOW - 1)
    yield _expired(
        PlatformExchange("buildkite-jwt-expired", "So it is for a JWT from a program.", config=config("buildkite"))
        .buildkite(output(0, token))
        .token_secret(token)
    )
    token = jwt("https://eastus.oic.prod-aks.azure.com/72f988bf/0c8d1a5e/", "sa", "api://x", exp=NOW - 1)
    yield _expired(_aks("aks-jwt-expired", "So it is for a pod's token.").aks_file(token))
    yield _expired(
        _aks(
            "aks-entra-jwt-expired", "An assertion that is out of date is not shown to Entra.", resource=RESOURCE
        ).aks_file(token)
    )


GITHUB_REFUSAL = {
    "$id": "1",
    "innerException": None,
    "message": "The job is not authorized to request an ID token.",
    "typeName": "GitHub.DistributedTask.WebApi.AccessDeniedException",
}


def github_failures():
    hint = "id-token: write"
    names = [GITHUB_URL_VARIABLE, GITHUB_TOKEN_VARIABLE]
    for state, values in [("unset", {}), ("empty", dict.fromkeys(names, ""))]:
        case = PlatformExchange(
            f"github-actions-{state}",
            f"Without the permission for it GitHub sets neither variable: {state}.",
            config=config("github_actions"),
        )
        yield _missing(case.env(values, names=names), hint_contains=hint)
    for name in names:
        other = next(each for each in names if each != name)
        case = PlatformExchange(
            f"github-actions-without-{'url' if name == GITHUB_URL_VARIABLE else 'token'}",
            f"One variable alone is of no use: {name} is not set.",
            config=config("github_actions"),
        ).env({other: GITHUB[other]}, names=names)
        if other == GITHUB_TOKEN_VARIABLE:
            case.token_secret(GITHUB[other])
        yield _missing(case, hint_contains=hint)
    for kind, code in [("unsupported", "host_unsupported"), ("denied", "host_denied")]:
        yield _github(
            f"github-actions-env-{kind}",
            f"The host's answer to the question for the environment: {kind}.",
            env={"reply": failed(kind, "the environment cannot be read")},
        ).fails(code, "host", stage="source", ask_id="env")
    yield from _urls_refused(
        "github-actions-url",
        lambda name, about, url: _github(name, about, env={GITHUB_URL_VARIABLE: url}),
    )
    for name, about, token in [
        ("two-lines", "A token that would add a header of its own is refused.", "token\r\nx-injected: yes"),
        ("newline-at-end", "A line break at the end is refused as well.", f"{GITHUB_REQUEST_TOKEN}\n"),
        ("non-ascii", "So is a character that a header cannot hold.", "tökén-of-the-job-example"),
    ]:
        yield _github(f"github-actions-token-{name}", about, env={GITHUB_TOKEN_VARIABLE: token}).fails(
            "subject_token_invalid", "config", stage="source", ask_id="env"
        )
    yield from _server_failures(
        "github-actions",
        "GitHub's service",
        lambda name, about: _github(name, about),
        PlatformExchange.github,
        "subject-token",
        1000,
        dict.fromkeys((400, 401, 403, 404), (GITHUB_REFUSAL, None, GITHUB_REFUSAL["message"])),
        "value",
        GITHUB_REQUEST_TOKEN,
        hint,
    )


def buildkite_failures():
    def ended(name, about, reply, code="executable_failed", **members):
        return (
            PlatformExchange(f"buildkite-{name}", about, config=config("buildkite"))
            .buildkite(reply)
            .fails(code, "host", stage="source", ask_id="buildkite-agent", **members)
        )

    yield ended(
        "exit-code-1",
        "Outside of a job the agent has no access token.",
        output(1, "", "fatal: Failed to parse configuration: missing agent-access-token.\n"),
        hint_contains="jobs of Buildkite",
    )
    yield ended(
        "exit-code-with-output",
        "A program that failed has given no token, whatever it wrote.",
        output(94, f"{BUILDKITE_TOKEN}\n", ""),
    )
    yield ended(
        "exit-code-token-in-the-log",
        "What a program complains about is passed on without the token that it wrote.",
        output(1, f"{BUILDKITE_TOKEN}\n", f"debug: got {BUILDKITE_TOKEN}, and could not close the connection"),
    )
    yield ended("signal", "The agent was ended by a signal.", output(None))
    for kind, code, about in [
        ("unsupported", "host_unsupported", "The host cannot run programs, as in a worker or a web page."),
        ("denied", "host_denied", "The host may not run the program."),
        ("other", "host_failed", "There is no program of that name."),
        ("timeout", "host_timeout", "The program does not come to an end."),
    ]:
        yield ended(
            kind,
            about,
            failed(kind, "buildkite-agent cannot be run"),
            code,
            hint_contains="buildkite-agent",
            **({"retryable": True} if kind == "timeout" else {}),
        )
    for name, text in [("nothing", ""), ("blanks", " \r\n")]:
        yield _missing(
            PlatformExchange(f"buildkite-{name}", "The agent wrote no token.", config=config("buildkite")).buildkite(
                output(0, text)
            ),
            ask_id="buildkite-agent",
        )


def app_service_failures():
    names = APP_SERVICE_VARIABLES
    hint = "managed identity"
    for state, values in [("unset", {}), ("empty", dict.fromkeys(names, ""))]:
        case = PlatformExchange(
            f"azure-app-service-{state}",
            f"Without a managed identity Azure sets neither variable: {state}.",
            config=config("azure_app_service", resource=RESOURCE),
        )
        yield _missing(case.env(values, names=names), hint_contains=hint)
    values = {"IDENTITY_ENDPOINT": APP_SERVICE_URL, "IDENTITY_HEADER": IDENTITY_HEADER}
    for name in names:
        other = next(each for each in names if each != name)
        case = PlatformExchange(
            f"azure-app-service-without-{name.rsplit('_', 1)[1].lower()}",
            f"One variable alone is of no use: {name} is not set.",
            config=config("azure_app_service", resource=RESOURCE),
        ).env({other: values[other]}, names=names)
        if other == "IDENTITY_HEADER":
            case.secret(IDENTITY_HEADER)
        yield _missing(case, hint_contains=hint)
    yield from _urls_refused(
        "azure-app-service-url",
        lambda name, about, url: _app_service(name, about, env={"IDENTITY_ENDPOINT": url}),
    )
    for name, about, header in [
        ("two-lines", "A value that would add a header of its own is refused.", "value\r\nx-injected: yes"),
        ("newline-at-end", "A line break at the end is refused as well.", f"{IDENTITY_HEADER}\n"),
    ]:
        yield _app_service(f"azure-app-service-header-{name}", about, env={"IDENTITY_HEADER": header}).fails(
            "subject_token_invalid", "config", stage="source", ask_id="env"
        )
    refusals = {
        400: "No managed identity was found for specified ClientId/ResourceId/PrincipalId.",
        401: "The header X-IDENTITY-HEADER is not the right one.",
        403: "The identity may not be used by this app.",
        404: "There is no such endpoint.",
    }
    yield from _server_failures(
        "azure-app-service",
        "Azure's endpoint",
        lambda name, about: _app_service(name, about),
        PlatformExchange.app_service,
        "subject-token",
        500,
        {
            status: ({"statusCode": status, "message": message, "correlationId": "0c8d1a5e"}, None, message)
            for status, message in refusals.items()
        },
        "access_token",
        IDENTITY_HEADER,
        "assigned to the app",
    )


def _entra_refusal(error, number, message):
    """Entra's form of a refusal. Its description has several lines, which an error has not."""
    lines = [
        f"AADSTS{number}: {message}",
        "Trace ID: b0f62116-10b6-4a73-bdb2-281524404e00",
        "Correlation ID: 4a42e576-85bc-46ae-b7e3-b52cb8958917",
        "Timestamp: 2024-01-02 03:04:05Z",
    ]
    body = {
        "error": error,
        "error_description": "\r\n".join(lines),
        "error_codes": [number],
        "timestamp": "2024-01-02 03:04:05Z",
        "trace_id": "b0f62116-10b6-4a73-bdb2-281524404e00",
        "correlation_id": "4a42e576-85bc-46ae-b7e3-b52cb8958917",
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return body, error, "  ".join(lines)


def aks_failures():
    hint = "azure.workload.identity/use"
    for state, values in [
        ("unset", dict.fromkeys(AKS_VARIABLES)),
        ("empty", dict.fromkeys(AKS_VARIABLES, "")),
        ("file-unset", {"AZURE_FEDERATED_TOKEN_FILE": None}),
    ]:
        yield _missing(
            _aks(f"aks-{state}", f"Without the webhook there is no token of the pod: {state}.", env=values),
            hint_contains=hint,
        )
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        for state, value in [("unset", None), ("empty", "")]:
            yield _missing(
                _aks(
                    f"aks-entra-{name.split('_')[1].lower()}-{state}",
                    f"Entra is to be told who asks: {name} {state}.",
                    resource=RESOURCE,
                    env={name: value},
                ).aks_file(),
                hint_contains="client-id",
            )
    yield _missing(
        _aks("aks-no-file", "There is no file where the variable says.").aks_file(None),
        ask_id="federated-token",
        hint_contains=hint,
    )
    for name, text in [("empty", ""), ("blank", " \r\n")]:
        yield (
            _aks(f"aks-file-{name}", "A file with nothing in it holds no token.", resource=RESOURCE)
            .aks_file(text)
            .fails("subject_token_invalid", "config", stage="source", ask_id="federated-token", hint_contains=hint)
        )
    for kind, code, about in [
        ("denied", "host_denied", "The file may not be read."),
        ("unsupported", "host_unsupported", "The host has no files."),
        ("other", "host_failed", "Reading the file failed."),
    ]:
        yield (
            _aks(f"aks-file-{kind}", about)
            .aks_file(None, failed(kind, "the file cannot be read"))
            .fails(code, "host", stage="source", ask_id="federated-token", hint_contains="AZURE_FEDERATED_TOKEN_FILE")
        )
    yield from _urls_refused(
        "aks-entra-authority",
        lambda name, about, url: _aks(name, about, resource=RESOURCE, env={"AZURE_AUTHORITY_HOST": url}).aks_file(),
    )
    for name, about, status, refusal in [
        (
            "no-credential",
            "The application knows no pod of this issuer, subject and audience.",
            400,
            _entra_refusal(
                "invalid_request",
                70021,
                "No matching federated identity record found for presented assertion. Assertion Issuer: 'https://eastus.oic.prod-aks.azure.com/72f988bf/0c8d1a5e/'. Assertion Subject: 'system:serviceaccount:default:workload-identity-sa'. Assertion Audience: 'api://AzureADTokenExchange'.",
            ),
        ),
        (
            "assertion-time",
            "The assertion is out of date for Entra.",
            401,
            _entra_refusal("invalid_client", 700024, "Client assertion is not within its valid time range."),
        ),
        (
            "no-application",
            "There is no such application in the tenant.",
            400,
            _entra_refusal("unauthorized_client", 700016, f"Application with identifier '{CLIENT_ID}' was not found."),
        ),
        (
            "no-tenant",
            "There is no such tenant.",
            400,
            _entra_refusal("invalid_request", 90002, f"Tenant '{TENANT_ID}' not found."),
        ),
        (
            "no-resource",
            "There is no such resource.",
            400,
            _entra_refusal("invalid_resource", 500011, f"The resource principal named {RESOURCE} was not found."),
        ),
    ]:
        body, error, description = refusal
        yield (
            _aks(f"aks-entra-{name}", f"{about} Entra's own words are kept.", resource=RESOURCE)
            .aks_file()
            .entra(http(status, body))
            .fails(
                "subject_token_rejected",
                "remote",
                stage="source",
                ask_id="entra",
                status=status,
                error=error,
                error_description=description,
                hint_contains="federated identity credential",
            )
        )
    yield from _server_failures(
        "aks-entra",
        "Entra",
        lambda name, about: _aks(name, about, resource=RESOURCE).aks_file(),
        PlatformExchange.entra,
        "entra",
        1000,
        {403: ({"error": "access_denied", "error_description": "No."}, "access_denied", "No.")},
        "access_token",
        AKS_TOKEN,
        "federated identity credential",
    )


def _urls_refused(prefix, begun):
    """An address in the environment, to which no proof of identity is sent."""
    for name, about, url in [
        ("http", "Over http the address is not another machine's.", "http://tokens.example.com/token"),
        ("localhost-glued", "A host that only begins like localhost is refused.", "http://localhost.example.com/token"),
        (
            "link-local-glued",
            "A host that only begins like a link-local address is refused.",
            "http://169.254.example.com/",
        ),
        ("link-local-name", "So is one that continues it.", "http://169.254.129.4.example.com:8081/msi/token"),
        ("private-address", "A private address is another machine's.", "http://10.0.0.4/token"),
        ("userinfo", "User information that looks like the host is refused.", "http://localhost@tokens.example.com/"),
        ("https-userinfo", "User information is refused over https too.", "https://user:pass@tokens.example.com/"),
        ("backslash", "A backslash, which some take for a slash, is refused.", "http://example.com\\@127.0.0.1/token"),
        ("fragment", "A fragment would swallow what is added.", "https://tokens.example.com/token#"),
        ("relative", "An address has a scheme.", "/token"),
        ("other-scheme", "A scheme other than https and http is refused.", "file:///etc/passwd"),
        ("without-host", "An address without a host is refused.", "https:///token"),
        ("space", "A space in the address is refused.", "https://tokens.example.com/to ken"),
        ("non-ascii", "Characters outside ASCII are refused.", "https://tokens.example.com/tökén"),
        ("two-lines", "A line break is refused.", "https://tokens.example.com/token\r\nx-injected: yes"),
    ]:
        case = begun(f"{prefix}-{name}", about, url)
        yield case.fails("platform_url_refused", "config", stage="source", hint_contains="variable")


def _server_failures(prefix, title, begun, step, ask_id, delay, refusals, field, secret, hint):
    """What every server can do wrong.

    ``begun`` makes an exchange that has come to the request, ``step`` makes the request, ``refusals`` are
    the bodies for each status with the ``error`` and the ``error_description`` in them, ``secret`` is what
    the request holds, and ``field`` is where the answer has the token.
    """

    def asked(name, about, reply):
        return step(begun(f"{prefix}-{name}", about), reply)

    def rejected(case, status, error=None, description=None):
        return case.fails(
            "subject_token_rejected",
            "remote",
            stage="source",
            ask_id=ask_id,
            status=status,
            error=error,
            error_description=description,
            hint_contains=hint,
        )

    for status, (body, error, description) in refusals.items():
        yield rejected(
            asked(f"rejected-{status}", f"{title} answers {status}: its own words are kept.", http(status, body)),
            status,
            error,
            description,
        )
    yield rejected(
        asked(
            "rejected-html",
            f"A page in place of {title}'s JSON: the status counts, and the page is not repeated.",
            http(403, HTML),
        ),
        403,
    )
    yield rejected(
        asked(
            "rejected-quotes-the-secret",
            "A refusal that quotes what authorized the request is passed on without it.",
            http(401, {"error": "invalid_token", "error_description": f"Bad token {secret}, sorry."}),
        ),
        401,
        "invalid_token",
        "Bad token [redacted], sorry.",
    )
    yield asked(
        "redirect",
        "A redirect is not followed: the proof of identity stays with the host that it was meant for.",
        http(302, "", [("location", "https://login.example.com/")]),
    ).fails("redirect_refused", "remote", stage="source", ask_id=ask_id, status=302)
    yield asked("too-large", "More than 1 MiB is not read.", TOO_LARGE).fails(
        "response_too_large", "remote", stage="source", ask_id=ask_id, status=200
    )
    case = asked("server-errors", "Three server errors are the end.", http(500, ""))
    step(case.wait(f"{ask_id}-2", delay), http(502, HTML), attempt=2)
    step(case.wait(f"{ask_id}-3", 2 * delay), http(503, {"message": f"Try again, {secret}."}), attempt=3)
    yield case.fails(
        "subject_token_unavailable",
        "remote",
        stage="source",
        ask_id=f"{ask_id}-3",
        status=503,
        retryable=True,
        error_description="Try again, [redacted].",
    )
    yield asked(
        "retry-after-too-long",
        "Who asks for a pause of more than half a minute gets no further try.",
        http(429, "", [("retry-after", "31")]),
    ).fails("subject_token_unavailable", "remote", stage="source", ask_id=ask_id, status=429, retryable=True)
    for kind, code in [("timeout", "host_timeout"), ("unreachable", "host_unreachable")]:
        failure = failed(kind, "no answer")
        case = asked(f"{kind}s", f"The last of three failures of the kind {kind} is the error.", failure)
        step(case.wait(f"{ask_id}-2", delay), failure, attempt=2)
        step(case.wait(f"{ask_id}-3", 2 * delay), failure, attempt=3)
        yield case.fails(code, "host", stage="source", ask_id=f"{ask_id}-3", retryable=True)
    for kind, code in [("denied", "host_denied"), ("unsupported", "host_unsupported"), ("other", "host_failed")]:
        yield asked(kind, f"The host's answer to the request: {kind}.", failed(kind, "not possible")).fails(
            code, "host", stage="source", ask_id=ask_id
        )
    for name, about, body in [
        ("empty", "An empty answer holds no token.", ""),
        ("html", "A proxy's page holds no token.", HTML),
        ("not-an-object", "The answer must be a JSON object.", "[]"),
        ("cut-short", "The answer must be JSON to its end.", f'{{"{field}": "eyJ0eXAi'),
        ("without-token", f"The field {field} is missing.", {"token_type": "Bearer"}),
        ("token-null", f"The field {field} is null.", {field: None}),
        ("token-empty", f"The field {field} is empty.", {field: ""}),
        ("token-number", f"The field {field} is not a text.", {field: 7}),
    ]:
        yield asked(f"answer-{name}", about, http(200, body)).fails(
            "subject_token_malformed", "remote", stage="source", ask_id=ask_id, status=200
        )


# Configurations.


def summaries():
    """``config_summary`` vectors: one for each platform."""
    for platform, fields in [
        ("azure_app_service", {"resource": RESOURCE, "client_id": CLIENT_ID}),
        ("azure_workload_identity", {}),
        ("azure_workload_identity", {"resource": RESOURCE}),
        ("bitbucket", {}),
        ("buildkite", {"audience": "sanskey"}),
        ("circleci", {}),
        ("environment", {"variable": "MY_OIDC_TOKEN"}),
        ("github_actions", {"future_field": True}),
        ("gitlab", {"variable": "GOOGLE_ID_TOKEN"}),
        ("terraform_cloud", {}),
        ("vercel", {}),
    ]:
        more = "-with-resource" if platform == "azure_workload_identity" and fields else ""
        yield {
            "name": f"platform-{platform.replace('_', '-')}{more}",
            "about": f"The platform {platform}.",
            "function": "config_summary",
            "params": {"config": config(platform, impersonate=True, **fields)},
            "result": {
                "summary": {
                    "type": "external_account",
                    "audience": world.AUDIENCE,
                    "subject_token_type": JWT,
                    "source": "platform",
                    "token_url": world.TOKEN_URL,
                    "service_account_impersonation_url": world.IMPERSONATION_URL,
                    "service_account_email": world.SERVICE_ACCOUNT,
                    "token_lifetime_seconds": 3600,
                    "quota_project_id": None,
                    "universe_domain": "googleapis.com",
                    "client_id": None,
                    "project_number": "123456",
                }
            },
            "secrets": [],
        }


def refusals():
    """Exchanges that end before the first question."""
    field = "credential_source.sanskey"
    for name, about, code, where, whole in [
        (
            "not-an-object",
            "The platform is named in an object.",
            "config_field_invalid",
            field,
            {**config("vercel"), "credential_source": {"sanskey": "vercel"}},
        ),
        (
            "unnamed",
            "The platform must be named.",
            "config_field_missing",
            f"{field}.platform",
            {**config("vercel"), "credential_source": {"sanskey": {}}},
        ),
        (
            "unknown",
            "A platform that is not known, or not yet: Fly.io gives tokens through a Unix socket.",
            "config_field_invalid",
            f"{field}.platform",
            config("fly"),
        ),
        (
            "upper-case",
            "The name is compared as text.",
            "config_field_invalid",
            f"{field}.platform",
            config("GitHub_Actions"),
        ),
        (
            "number",
            "The name is a text.",
            "config_field_invalid",
            f"{field}.platform",
            config(7),
        ),
        (
            "app-service-without-resource",
            "Azure must be told for whom the token is.",
            "config_field_missing",
            f"{field}.resource",
            config("azure_app_service"),
        ),
        (
            "app-service-resource-empty",
            "An empty field counts as absent.",
            "config_field_missing",
            f"{field}.resource",
            config("azure_app_service", resource=""),
        ),
        (
            "app-service-resource-space",
            "A resource has no spaces.",
            "config_field_invalid",
            f"{field}.resource",
            config("azure_app_service", resource="api://sanskey demo"),
        ),
        (
            "app-service-client-id-number",
            "A client ID is a text.",
            "config_field_invalid",
            f"{field}.client_id",
            config("azure_app_service", resource=RESOURCE, client_id=7),
        ),
        (
            "aks-resource-two-lines",
            "A resource has one line.",
            "config_field_invalid",
            f"{field}.resource",
            config("azure_workload_identity", resource="api://sanskey\r\ndemo"),
        ),
        (
            "environment-without-variable",
            "The variable must be named.",
            "config_field_missing",
            f"{field}.variable",
            config("environment"),
        ),
        (
            "environment-variable-space",
            "The name of a variable has no spaces.",
            "config_field_invalid",
            f"{field}.variable",
            config("environment", variable="MY TOKEN"),
        ),
        (
            "gitlab-variable-list",
            "The name of a variable is a text.",
            "config_field_invalid",
            f"{field}.variable",
            config("gitlab", variable=["A", "B"]),
        ),
        (
            "github-audience-two-lines",
            "An audience has one line.",
            "config_field_invalid",
            f"{field}.audience",
            config("github_actions", audience="sanskey\r\nx-injected: yes"),
        ),
        (
            "buildkite-audience-number",
            "An audience is a text.",
            "config_field_invalid",
            f"{field}.audience",
            config("buildkite", audience=7),
        ),
        (
            "saml",
            "These platforms give JWTs, and no SAML.",
            "config_field_invalid",
            "subject_token_type",
            config("github_actions", subject_token_type=SAML),
        ),
        (
            "aws-token",
            "Nor do they give AWS tokens.",
            "config_field_invalid",
            "subject_token_type",
            config("github_actions", subject_token_type=protocol.AWS4_REQUEST),
        ),
    ]:
        # What gcloud does not write, its command is no help with.
        hint = {"hint_contains": "sanskey's own"} if where.startswith(f"{field}.") else {}
        yield Exchange(f"platform-{name}", about, config=whole).fails(
            code, "config", stage="config", field=where, **hint
        )
    for kind, source in [
        ("file", {"file": "/var/run/token"}),
        ("url", {"url": "http://169.254.169.254/token"}),
        ("executable", {"executable": {"command": "/bin/get-token"}}),
        ("certificate", {"certificate": {"use_default_certificate_config": True}}),
        ("environment-id", {"environment_id": "aws1"}),
    ]:
        whole = config("github_actions")
        whole["credential_source"].update(source)
        yield Exchange(
            f"platform-and-{kind}", "A platform and another source do not say which of them counts.", config=whole
        ).fails("config_source_ambiguous", "config", stage="config", field=field)

"""AKS, with or without Microsoft Entra.

* Azure Workload Identity, "Mutating admission webhook"
* Microsoft Entra, "OAuth 2.0 client credentials flow", third case: access token request with a federated credential
"""

from .azure_app_service_cases import CLIENT_ID, RESOURCE, TENANT_ID
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .platform_exchange import PlatformExchange, config, expired, jwt, missing, request, server_failures, urls_refused
from .protocol import failed, file, http
from .signing import percent_encode
from .transcript import numbered
from .world import NOW

NAMES = ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST"]
FILE = "/var/run/secrets/azure/tokens/azure-identity-token"
PUBLIC_CLOUD = "https://login.microsoftonline.com/"
VARIABLES = {
    "AZURE_FEDERATED_TOKEN_FILE": FILE,
    "AZURE_CLIENT_ID": CLIENT_ID,
    "AZURE_TENANT_ID": TENANT_ID,
    "AZURE_AUTHORITY_HOST": PUBLIC_CLOUD,
}
ENTRA_TOKEN = jwt(f"https://login.microsoftonline.com/{TENANT_ID}/v2.0", CLIENT_ID, RESOURCE, exp=NOW + 3599)
POD_TOKEN = jwt(
    "https://eastus.oic.prod-aks.azure.com/72f988bf/0c8d1a5e/",
    "system:serviceaccount:default:workload-identity-sa",
    "api://AzureADTokenExchange",
    exp=NOW + 3600,
    kid="aks-key-example",
)


class PodExchange(PlatformExchange):
    """The steps of a pod, each with the answer that lets it go on unless ``reply`` is given."""

    def variables(self, reply=None, **values):
        given = {name: value for name, value in {**VARIABLES, **values}.items() if value is not None}
        return self.env(given, reply, NAMES)

    def token_file(self, text=POD_TOKEN, reply=None):
        ask = {"id": "federated-token", "action": "read_file", "path": self.values["AZURE_FEDERATED_TOKEN_FILE"]}
        if text is not None and text.strip():
            self.proof(text.strip())
        return self.round((ask, reply or file(text)))

    def entra(self, reply=None, attempt=1, authority=PUBLIC_CLOUD, assertion=POD_TOKEN):
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
        ask = request(numbered("entra", attempt), "POST", f"{authority}{tenant}/oauth2/v2.0/token", headers, body)
        self.proof(ENTRA_TOKEN)
        answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": ENTRA_TOKEN}
        return self.round((ask, reply or http(200, answer)))


def _pod(name, about, *, impersonate=False, env=None, resource=None, **fields):
    if resource is not None:
        fields["resource"] = resource
    whole = config("azure_workload_identity", impersonate=impersonate, **fields)
    return PodExchange(name, about, config=whole).variables(**(env or {}))


def exchanges():
    yield (
        _pod(
            "aks-direct",
            "AKS: where the provider trusts the cluster's issuer, the token of the pod is the proof itself.",
            impersonate=True,
        )
        .token_file()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _pod(
            "aks-direct-file-only",
            "Then nothing but the file is needed.",
            env={"AZURE_CLIENT_ID": None, "AZURE_TENANT_ID": "", "AZURE_AUTHORITY_HOST": None},
        )
        .token_file(f"{POD_TOKEN}\n")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _pod(
            "aks-entra",
            "AKS through Microsoft Entra: the token of the pod is the client's assertion, and Entra's token the proof.",
            impersonate=True,
            resource=RESOURCE,
        )
        .token_file()
        .entra()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _pod("aks-entra-line-break", "A line break at the end of the file is no part of the token.", resource=RESOURCE)
        .token_file(f"{POD_TOKEN}\r\n")
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
            _pod(f"aks-entra-authority-{name}", about, resource=RESOURCE, env={"AZURE_AUTHORITY_HOST": host})
            .token_file()
            .entra(authority=authority or host)
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        _pod(
            "aks-entra-resource-with-slash",
            "A slash at the end of the resource stays: Entra takes /.default away, and what is left is the token's audience.",
            resource="https://contoso.example/",
        )
        .token_file()
        .entra()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _pod(
            "aks-entra-tenant-encoded",
            "A tenant cannot break out of its place in the URL.",
            resource=RESOURCE,
            env={"AZURE_TENANT_ID": "../other?x=1#y"},
        )
        .token_file()
        .entra()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _pod("retry-aks-entra-unavailable", "Entra is tried again after a second.", resource=RESOURCE)
        .token_file()
        .entra(http(503, {"error": "temporarily_unavailable", "error_description": "The server is too busy."}))
        .wait("entra-2", 1000)
        .entra(failed("timeout", "no answer"), attempt=2)
        .wait("entra-3", 2000)
        .entra(attempt=3)
        .sts()
        .token(FEDERATED_EXPIRY + 3)
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


def failures():
    hint = "azure.workload.identity/use"
    for state, values in [
        ("unset", dict.fromkeys(NAMES)),
        ("empty", dict.fromkeys(NAMES, "")),
        ("file-unset", {"AZURE_FEDERATED_TOKEN_FILE": None}),
    ]:
        yield missing(
            _pod(f"aks-{state}", f"Without the webhook there is no token of the pod: {state}.", env=values),
            hint_contains=hint,
        )
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        for state, value in [("unset", None), ("empty", "")]:
            yield missing(
                _pod(
                    f"aks-entra-{name.split('_')[1].lower()}-{state}",
                    f"Entra is to be told who asks: {name} {state}.",
                    resource=RESOURCE,
                    env={name: value},
                ).token_file(),
                hint_contains="client-id",
            )
    yield missing(
        _pod("aks-no-file", "There is no file where the variable says.").token_file(None),
        ask_id="federated-token",
        hint_contains=hint,
    )
    for name, text in [("empty", ""), ("blank", " \r\n")]:
        yield (
            _pod(f"aks-file-{name}", "A file with nothing in it holds no token.", resource=RESOURCE)
            .token_file(text)
            .fails("subject_token_invalid", "config", stage="source", ask_id="federated-token", hint_contains=hint)
        )
    for kind, code, about in [
        ("denied", "host_denied", "The file may not be read."),
        ("unsupported", "host_unsupported", "The host has no files."),
        ("other", "host_failed", "Reading the file failed."),
    ]:
        yield (
            _pod(f"aks-file-{kind}", about)
            .token_file(None, failed(kind, "the file cannot be read"))
            .fails(code, "host", stage="source", ask_id="federated-token", hint_contains="AZURE_FEDERATED_TOKEN_FILE")
        )
    yield from urls_refused(
        "aks-entra-authority",
        lambda name, about, url: _pod(name, about, resource=RESOURCE, env={"AZURE_AUTHORITY_HOST": url}).token_file(),
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
            _pod(f"aks-entra-{name}", f"{about} Entra's own words are kept.", resource=RESOURCE)
            .token_file()
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
    yield from server_failures(
        "aks-entra",
        "Entra",
        lambda name, about: _pod(name, about, resource=RESOURCE).token_file(),
        PodExchange.entra,
        "entra",
        1000,
        {403: ({"error": "access_denied", "error_description": "No."}, "access_denied", "No.")},
        "access_token",
        POD_TOKEN,
        "federated identity credential",
    )
    token = jwt("https://eastus.oic.prod-aks.azure.com/72f988bf/0c8d1a5e/", "sa", "api://x", exp=NOW - 1)
    yield expired(_pod("aks-jwt-expired", "So it is for a pod's token.").token_file(token))
    yield expired(
        _pod(
            "aks-entra-jwt-expired", "An assertion that is out of date is not shown to Entra.", resource=RESOURCE
        ).token_file(token)
    )

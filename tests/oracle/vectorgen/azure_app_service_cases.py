"""Azure App Service: "Use managed identities for App Service and Azure Functions", REST endpoint reference."""

from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .platform_exchange import PlatformExchange, config, get, jwt, missing, server_failures, urls_refused
from .protocol import failed, http
from .signing import percent_encode
from .transcript import numbered
from .world import NOW

VARIABLES = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]
URL = "http://localhost:41741/MSI/token/"
IDENTITY_HEADER = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"
CLIENT_ID = "97e0a5b7-d745-40b6-94fe-5f77d35c6e05"
TENANT_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47"
RESOURCE = "api://sanskey-demo"
TOKEN = jwt(f"https://sts.windows.net/{TENANT_ID}/", "5e29463d-71da-4fe0-8e69-999b57db23b0", RESOURCE)


class AppServiceExchange(PlatformExchange):
    """The steps of an app, each with the answer that lets it go on unless ``reply`` is given."""

    def variables(self, reply=None, **values):
        values = {"IDENTITY_ENDPOINT": URL, "IDENTITY_HEADER": IDENTITY_HEADER, **values}
        self.secret(values["IDENTITY_HEADER"])
        return self.env(values, reply, VARIABLES)

    def token_request(self, reply=None, attempt=1):
        source = self.config["credential_source"]["sanskey"]
        url = f"{self.values['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource={percent_encode(source['resource'])}"
        if "client_id" in source:
            url += f"&client_id={percent_encode(source['client_id'])}"
        headers = [["accept", "application/json"], ["x-identity-header", self.values["IDENTITY_HEADER"]]]
        ask = get(numbered("subject-token", attempt), url, headers, bypass_proxy=True)
        self.proof(TOKEN)
        return self.round((ask, reply or http(200, answer())))


def answer():
    return {
        "access_token": TOKEN,
        "expires_on": str(NOW + 86400),
        "resource": RESOURCE,
        "token_type": "Bearer",
        "client_id": CLIENT_ID.upper(),
    }


def _app(name, about, *, impersonate=False, env=None, resource=RESOURCE, **fields):
    whole = config("azure_app_service", impersonate=impersonate, resource=resource, **fields)
    return AppServiceExchange(name, about, config=whole).variables(**(env or {}))


def exchanges():
    yield (
        _app("azure-app-service", "Azure App Service: the managed identity of the system.", impersonate=True)
        .token_request()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        _app(
            "azure-app-service-user-assigned",
            "An identity that was assigned by a user is named by its client ID.",
            client_id=CLIENT_ID,
        )
        .token_request()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        _app(
            "azure-app-service-resource-encoded",
            "A resource cannot break out of its place in the URL.",
            resource="https://vault.azure.net/?x=1&client_id=y",
        )
        .token_request()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    for name, about, url in [
        ("linux", "On Linux the endpoint has a link-local address.", "http://169.254.129.4:8081/msi/token"),
        ("container-apps", "So it is in Container Apps, on this machine.", "http://localhost:42356/msi/token"),
        ("loopback-ipv6", "This machine may have an IPv6 address.", "http://[::1]:42356/msi/token"),
    ]:
        yield (
            _app(f"azure-app-service-{name}", about, env={"IDENTITY_ENDPOINT": url})
            .token_request()
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    yield (
        _app("retry-azure-app-service-unavailable", "The endpoint is tried again after half a second.")
        .token_request(failed("unreachable", "connection refused"))
        .wait("subject-token-2", 500)
        .token_request(http(500, {"statusCode": 500, "message": "Internal Server Error"}), attempt=2)
        .wait("subject-token-3", 1000)
        .token_request(attempt=3)
        .sts()
        .token(FEDERATED_EXPIRY + 2)
    )


def failures():
    names = VARIABLES
    hint = "managed identity"
    for state, values in [("unset", {}), ("empty", dict.fromkeys(names, ""))]:
        case = AppServiceExchange(
            f"azure-app-service-{state}",
            f"Without a managed identity Azure sets neither variable: {state}.",
            config=config("azure_app_service", resource=RESOURCE),
        )
        yield missing(case.env(values, names=names), hint_contains=hint)
    values = {"IDENTITY_ENDPOINT": URL, "IDENTITY_HEADER": IDENTITY_HEADER}
    for name in names:
        other = next(each for each in names if each != name)
        case = AppServiceExchange(
            f"azure-app-service-without-{name.rsplit('_', 1)[1].lower()}",
            f"One variable alone is of no use: {name} is not set.",
            config=config("azure_app_service", resource=RESOURCE),
        ).env({other: values[other]}, names=names)
        if other == "IDENTITY_HEADER":
            case.secret(IDENTITY_HEADER)
        yield missing(case, hint_contains=hint)
    yield from urls_refused(
        "azure-app-service-url",
        lambda name, about, url: _app(name, about, env={"IDENTITY_ENDPOINT": url}),
    )
    for name, about, header in [
        ("two-lines", "A value that would add a header of its own is refused.", "value\r\nx-injected: yes"),
        ("newline-at-end", "A line break at the end is refused as well.", f"{IDENTITY_HEADER}\n"),
    ]:
        yield _app(f"azure-app-service-header-{name}", about, env={"IDENTITY_HEADER": header}).fails(
            "subject_token_invalid", "config", stage="source", ask_id="env"
        )
    refusals = {
        400: "No managed identity was found for specified ClientId/ResourceId/PrincipalId.",
        401: "The header X-IDENTITY-HEADER is not the right one.",
        403: "The identity may not be used by this app.",
        404: "There is no such endpoint.",
    }
    yield from server_failures(
        "azure-app-service",
        "Azure's endpoint",
        lambda name, about: _app(name, about),
        AppServiceExchange.token_request,
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

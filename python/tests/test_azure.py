"""Workloads on Azure, with the emulator in the place of Azure's metadata service, of Entra and of Google."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Emulator
from token_sources import (
    AUDIENCE,
    EXCHANGE,
    FETCHES,
    LASTING,
    PASSING,
    Fault,
    Fetch,
    Service,
    Source,
    assert_hidden,
    fetch_sync,
    pod_token,
    subject,
)

import sanskey
from sanskey import ConfigError, CredentialConfig, HostError, RemoteError, SanskeyError, SystemHost, sources

Start = Callable[..., Emulator]

TENANT = "11111111-2222-3333-4444-555555555555"
V1 = f"https://sts.windows.net/{TENANT}/"
V2 = f"https://login.microsoftonline.com/{TENANT}/v2.0"
RESOURCE = f"https:{AUDIENCE}"
MACHINE = "5d7f9b1c-3e5a-4c8d-b0f2-6a8c0e2d4f7b"
"""The object id of the identity that a machine or an app has of its own in the emulator."""
ASSIGNED = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

VM_PATH = "/metadata/identity/oauth2/token"
APP_PATH = "/msi/token"
ENTRA_PATH = f"/{TENANT}/oauth2/v2.0/token"
SECRET = "A1B2C3D4E5F60718293A4B5C6D7E8F90"
CLIENT = "99999999-8888-7777-6666-555555555555"
FOR_ENTRA = "?aud=api://AzureADTokenExchange"

APP_SERVICE = {"sanskey": {"platform": "azure_app_service", "resource": RESOURCE}}
AKS = {"sanskey": {"platform": "azure_workload_identity", "resource": RESOURCE}}


def start(emulator: Start, *options: str, issuer: str = V1) -> Emulator:
    """A provider that trusts a directory of Entra."""
    azure = ["--azure-tenant", TENANT, "--azure-identity-header", SECRET, "--azure-client-id", CLIENT]
    return emulator("--oidc-issuer", issuer, *azure, *options)


def vm(azure: Emulator, more: str = "", resource: str = RESOURCE, headers: object = None) -> Source:
    """What `gcloud iam workload-identity-pools create-cred-config --azure` writes."""
    return {
        "url": f"{azure.url}{VM_PATH}?api-version=2018-02-01&resource={resource}{more}",
        "headers": {"Metadata": "True"} if headers is None else headers,
        "format": {"type": "json", "subject_token_field_name": "access_token"},
    }


def app(azure: Emulator) -> dict[str, str]:
    """What App Service and Container Apps set."""
    return {"IDENTITY_ENDPOINT": f"{azure.url}{APP_PATH}", "IDENTITY_HEADER": SECRET}


def pod(azure: Emulator, folder: Path, query: str = FOR_ENTRA) -> dict[str, str]:
    """What the webhook of AKS sets, and the token that it mounts."""
    file = folder / "azure-identity-token"
    file.write_text(pod_token(azure, query))
    return {
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_AUTHORITY_HOST": f"{azure.url}/",
    }


# A virtual machine ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_machine(emulator: Start, fetch: Fetch) -> None:
    azure = start(emulator)
    token = fetch(azure, vm(azure), {})
    assert (token.kind, subject(azure, token)) == ("federated", MACHINE)
    assert azure.requests() == [f"GET {VM_PATH} 200", EXCHANGE]


def test_the_configuration_that_is_written_for_azure(emulator: Start) -> None:
    azure = start(emulator)
    account = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"
    provider = AUDIENCE.removeprefix("//iam.googleapis.com/")
    made = CredentialConfig.from_provider(provider, source=sources.Azure(), service_account=account)
    text = made.to_json().replace("http://169.254.169.254", azure.url)
    text = text.replace("https://sts.googleapis.com", azure.url)
    text = text.replace("https://iamcredentials.googleapis.com", azure.url)
    token = sanskey.fetch_token(json.loads(text), endpoints="loopback", host=SystemHost({}))
    assert azure.whoami(token.value)["email"] == account


def test_identities_that_are_assigned_to_a_machine(emulator: Start) -> None:
    azure = start(emulator, "--azure-user-identity", ASSIGNED)
    one = subject(azure, fetch_sync(azure, vm(azure, f"&client_id={ASSIGNED}"), {}))
    assert one != MACHINE
    assert subject(azure, fetch_sync(azure, vm(azure, f"&object_id={one}"), {})) == one
    azure = start(emulator, "--azure-user-identity", ASSIGNED, "--no-azure-system-identity")
    assert subject(azure, fetch_sync(azure, vm(azure), {})) == one


def test_the_second_version_of_tokens(emulator: Start) -> None:
    application = "e1f0a9b8-c7d6-4e5f-8a4b-3c2d1e0f9a87"
    second = ["--azure-token-version", "2"]
    azure = start(emulator, *second, "--oidc-allowed-audience", application, issuer=V2)
    assert subject(azure, fetch_sync(azure, vm(azure), {})) == MACHINE
    # The usual mistakes: the provider trusts the issuer of the other version, or expects the URI in its tokens.
    azure = start(emulator, *second, issuer=V1)
    with pytest.raises(RemoteError) as issuer:
        fetch_sync(azure, vm(azure), {})
    assert f"The issuer in ID Token {V2} does not match the expected one" in str(issuer.value.error_description)
    azure = start(emulator, *second, issuer=V2)
    with pytest.raises(RemoteError) as audience:
        fetch_sync(azure, vm(azure), {})
    assert f"The audience in ID Token [{application}] does not match" in str(audience.value.error_description)
    assert audience.value.code == issuer.value.code == "sts_rejected"
    assert audience.value.hint
    assert issuer.value.hint


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    ("options", "more", "resource", "headers", "error", "words"),
    [
        ([], "", RESOURCE, {}, "invalid_request", "Required metadata header not specified"),
        ([], "", RESOURCE, {"Metadata": "True", "X-Forwarded-For": "10.0.0.1"}, "invalid_request", "X-Forwarded-For"),
        ([], "", "", None, "invalid_request", "Required query variable 'resource' is missing"),
        ([], "", "api://unknown", None, "invalid_resource", "AADSTS500011"),
        ([], f"&client_id={ASSIGNED}", RESOURCE, None, "invalid_request", "Identity not found"),
        (
            ["--no-azure-system-identity", "--no-azure-user-identity"],
            "",
            RESOURCE,
            None,
            "invalid_request",
            "Identity not found",
        ),
        (
            ["--no-azure-system-identity", "--azure-user-identity", ASSIGNED, "--azure-user-identity", CLIENT],
            "",
            RESOURCE,
            None,
            "invalid_request",
            "Multiple user assigned identities exist",
        ),
    ],
)
def test_a_machine_that_is_refused(
    emulator: Start,
    fetch: Fetch,
    options: list[str],
    more: str,
    resource: str,
    headers: object,
    error: str,
    words: str,
) -> None:
    azure = start(emulator, *options)
    with pytest.raises(RemoteError) as caught:
        fetch(azure, vm(azure, more, resource, headers), {})
    refused = caught.value
    assert (refused.code, refused.stage, refused.ask_id) == ("subject_token_rejected", "source", "subject-token")
    assert (refused.status, refused.error, refused.retryable) == (400, error, False)
    assert words in str(refused.error_description)
    assert words in str(refused)
    assert refused.hint


def test_a_token_for_another_resource_is_for_somebody_else(emulator: Start) -> None:
    azure = start(emulator)
    with pytest.raises(RemoteError) as caught:
        fetch_sync(azure, vm(azure, resource="https://management.azure.com/"), {})
    assert (caught.value.code, caught.value.error) == ("sts_rejected", "invalid_grant")
    assert "audience" in str(caught.value.error_description)


# App Service and Container Apps --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fetch", FETCHES)
def test_an_app(emulator: Start, fetch: Fetch) -> None:
    azure = start(emulator, "--azure-user-identity", ASSIGNED)
    token = fetch(azure, APP_SERVICE, app(azure))
    assert (token.kind, subject(azure, token)) == ("federated", MACHINE)
    assigned = {"sanskey": {**APP_SERVICE["sanskey"], "client_id": ASSIGNED}}
    assert subject(azure, fetch(azure, assigned, app(azure))) not in ("", MACHINE)
    assert azure.requests() == [f"GET {APP_PATH} 200", EXCHANGE] * 2


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    ("options", "settings", "changes", "status", "words"),
    [
        ([], {}, {"IDENTITY_HEADER": "0F9E8D7C6B5A49382716051423324150"}, 401, "Unauthorized"),
        (["--no-azure-system-identity"], {}, {}, 400, "Unable to load the proper Managed Identity."),
        ([], {"client_id": CLIENT}, {}, 400, "Unable to load the proper Managed Identity."),
        ([], {"resource": "api://unknown"}, {}, 400, "AADSTS500011"),
    ],
)
def test_an_app_that_is_refused(
    emulator: Start,
    fetch: Fetch,
    options: list[str],
    settings: dict[str, str],
    changes: dict[str, str],
    status: int,
    words: str,
) -> None:
    azure = start(emulator, *options)
    env = {**app(azure), **changes}
    with pytest.raises(RemoteError) as caught:
        fetch(azure, {"sanskey": {**APP_SERVICE["sanskey"], **settings}}, env)
    refused = caught.value
    assert (refused.code, refused.ask_id, refused.status) == ("subject_token_rejected", "subject-token", status)
    assert words in str(refused.error_description)
    assert "identity" in refused.hint
    assert_hidden(refused, env["IDENTITY_HEADER"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"IDENTITY_ENDPOINT": None}, "subject_token_missing"),
        ({"IDENTITY_HEADER": None}, "subject_token_missing"),
        ({"IDENTITY_ENDPOINT": "http://192.0.2.1/msi/token"}, "platform_url_refused"),
        ({"IDENTITY_ENDPOINT": "/msi/token"}, "platform_url_refused"),
        ({"IDENTITY_HEADER": f"{SECRET}\r\nx-lines: 2"}, "subject_token_invalid"),
    ],
)
def test_an_app_s_variables_that_cannot_be_used(emulator: Start, changes: dict[str, str | None], code: str) -> None:
    azure = start(emulator)
    env = {name: value for name, value in {**app(azure), **changes}.items() if value is not None}
    with pytest.raises(ConfigError) as caught:
        fetch_sync(azure, APP_SERVICE, env)
    assert caught.value.code == code
    assert next(iter(changes)) in str(caught.value)
    assert caught.value.hint
    assert_hidden(caught.value, SECRET)
    assert azure.requests() == []


# AKS -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_pod_of_aks(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    azure = start(emulator)
    env = pod(azure, tmp_path)
    application = subject(azure, fetch(azure, AKS, env))
    assert len(application) == 36
    assert application not in (MACHINE, CLIENT)
    assert azure.requests() == [f"POST {ENTRA_PATH} 200", EXCHANGE]
    # The kubelet puts a new token into the file now and then.
    stale = pod(azure, tmp_path, f"{FOR_ENTRA}&lifetime=-1")
    with pytest.raises(ConfigError) as caught:
        fetch(azure, AKS, stale)
    assert caught.value.code == "subject_token_expired"
    assert subject(azure, fetch(azure, AKS, pod(azure, tmp_path))) == application


def test_a_pod_whose_cluster_google_trusts_itself(emulator: Start, tmp_path: Path) -> None:
    issuer = "https://eastus.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777/"
    azure = start(emulator, "--pod-issuer", issuer, issuer=issuer)
    env = pod(azure, tmp_path, f"?aud={RESOURCE}")
    source = {"sanskey": {"platform": "azure_workload_identity"}}
    assert subject(azure, fetch_sync(azure, source, env)) == "system:serviceaccount:default:sanskey"
    assert azure.requests() == [EXCHANGE], "Entra is not asked"


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    ("query", "changes", "resource", "status", "error", "words"),
    [
        (f"{FOR_ENTRA}&sub=system:serviceaccount:default:other", {}, RESOURCE, 401, "invalid_client", "AADSTS700213"),
        (f"{FOR_ENTRA}&iss=https://issuer.example/", {}, RESOURCE, 401, "invalid_client", "AADSTS700211"),
        ("", {}, RESOURCE, 401, "invalid_client", "AADSTS700212"),
        (FOR_ENTRA, {"AZURE_CLIENT_ID": ASSIGNED}, RESOURCE, 400, "unauthorized_client", "AADSTS700016"),
        (FOR_ENTRA, {"AZURE_TENANT_ID": "other.example"}, RESOURCE, 400, "invalid_tenant", "AADSTS90002"),
        (FOR_ENTRA, {}, "api://unknown", 400, "invalid_resource", "AADSTS500011"),
    ],
)
def test_a_pod_that_entra_refuses(
    emulator: Start,
    tmp_path: Path,
    fetch: Fetch,
    query: str,
    changes: dict[str, str],
    resource: str,
    status: int,
    error: str,
    words: str,
) -> None:
    azure = start(emulator)
    env = {**pod(azure, tmp_path, query), **changes}
    with pytest.raises(RemoteError) as caught:
        fetch(azure, {"sanskey": {**AKS["sanskey"], "resource": resource}}, env)
    refused = caught.value
    assert (refused.code, refused.stage, refused.ask_id) == ("subject_token_rejected", "source", "entra")
    assert (refused.status, refused.error) == (status, error)
    assert str(refused.error_description).startswith(f"{words}: ")
    assert "federated identity credential" in refused.hint
    assert_hidden(refused, Path(env["AZURE_FEDERATED_TOKEN_FILE"]).read_text())


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("AZURE_FEDERATED_TOKEN_FILE", None, "subject_token_missing"),
        ("AZURE_CLIENT_ID", None, "subject_token_missing"),
        ("AZURE_TENANT_ID", None, "subject_token_missing"),
        ("AZURE_AUTHORITY_HOST", "http://192.0.2.1/", "platform_url_refused"),
    ],
)
def test_a_pod_s_variables_that_cannot_be_used(
    emulator: Start, tmp_path: Path, name: str, value: str | None, code: str
) -> None:
    azure = start(emulator)
    env = pod(azure, tmp_path)
    del env[name]
    with pytest.raises(ConfigError) as caught:
        fetch_sync(azure, AKS, env if value is None else {**env, name: value})
    assert caught.value.code == code
    assert name in str(caught.value)
    assert caught.value.hint
    assert azure.requests() == []


def test_a_pod_s_file_that_cannot_be_used(emulator: Start, tmp_path: Path) -> None:
    azure = start(emulator)
    env = pod(azure, tmp_path)
    file = Path(env["AZURE_FEDERATED_TOKEN_FILE"])
    file.write_text(" \n")
    with pytest.raises(ConfigError) as empty:
        fetch_sync(azure, AKS, env)
    assert (empty.value.code, empty.value.ask_id) == ("subject_token_invalid", "federated-token")
    file.unlink()
    with pytest.raises(ConfigError) as missing:
        fetch_sync(azure, AKS, env)
    assert (missing.value.code, missing.value.ask_id) == ("subject_token_missing", "federated-token")
    assert str(file) in str(missing.value)
    file.mkdir()
    with pytest.raises(HostError) as failed:
        fetch_sync(azure, AKS, env)
    assert (failed.value.code, failed.value.ask_id) == ("host_failed", "federated-token")
    assert azure.requests() == []


# Faults --------------------------------------------------------------------------------------------------------------


def service(emulator: Start, folder: Path, name: str) -> Service:
    azure = start(emulator)
    if name == "vm":
        return Service(azure, VM_PATH, "subject-token", vm(azure), {})
    if name == "app":
        return Service(azure, APP_PATH, "subject-token", APP_SERVICE, app(azure))
    return Service(azure, ENTRA_PATH, "entra", AKS, pod(azure, folder))


SERVICES = ["vm", "app", "entra"]


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(("fault", "times"), PASSING)
def test_a_fault_that_passes(
    emulator: Start, tmp_path: Path, fetch: Fetch, name: str, fault: Fault, times: int
) -> None:
    service(emulator, tmp_path, name).gets_over(fetch, fault, times)


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(("fault", "kind", "code", "expected_tries"), LASTING)
def test_a_fault_that_lasts(
    emulator: Start,
    tmp_path: Path,
    fetch: Fetch,
    name: str,
    fault: Fault,
    kind: type[SanskeyError],
    code: str,
    expected_tries: int,
) -> None:
    service(emulator, tmp_path, name).ends(fetch, fault, kind, code, expected_tries)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_too_slow(emulator: Start, tmp_path: Path, name: str) -> None:
    service(emulator, tmp_path, name).times_out(fetch_sync)


def test_an_app_s_secret_is_not_shown(emulator: Start, tmp_path: Path) -> None:
    service(emulator, tmp_path, "app").hides(fetch_sync, SECRET)


def test_a_pod_s_token_is_not_shown(emulator: Start, tmp_path: Path) -> None:
    of_aks = service(emulator, tmp_path, "entra")
    of_aks.hides(fetch_sync, Path(of_aks.env["AZURE_FEDERATED_TOKEN_FILE"]).read_text())


def test_a_header_of_the_configuration_is_not_shown(emulator: Start) -> None:
    azure = start(emulator)
    secret = "of-the-configuration"
    source = vm(azure, headers={"Metadata": "True", "X-Secret": secret})
    Service(azure, VM_PATH, "subject-token", source, {}).hides(fetch_sync, secret)

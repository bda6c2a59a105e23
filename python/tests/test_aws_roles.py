"""Roles, web identities and JWTs of AWS, with the emulator in the place of AWS STS too."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sys
import urllib.request
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]
import pytest
from conftest import Emulator

import sanskey
from sanskey import (
    AssumeRole,
    ConfigError,
    GetSessionToken,
    GetWebIdentityToken,
    HostError,
    HttpRequest,
    HttpResponse,
    RemoteError,
    SanskeyError,
    StepReport,
    SystemHost,
    Token,
    aio,
)
from sanskey.compat import TokenService

Start = Callable[..., Emulator]
ROLE = "arn:aws:iam::123456789012:role/sanskey-{}-role"
HUB = AssumeRole(ROLE.format("hub"))
SPOKE = AssumeRole(ROLE.format("spoke"), external_id="sanskey-external-id")
STS, EXCHANGE = "POST / 200", "POST /v1/token 200"


def arguments(running: Emulator, env: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
    return {"config": running.config, "endpoints": "loopback", "host": SystemHost(env), **options}


def fetch_sync(running: Emulator, env: dict[str, str], **options: Any) -> Token:
    return sanskey.fetch_token(**arguments(running, env, options))


def fetch_async(running: Emulator, env: dict[str, str], **options: Any) -> Token:
    return asyncio.run(aio.fetch_token(**arguments(running, env, options)))


FETCHES = [fetch_sync, fetch_async]
Fetch = Callable[..., Token]


def get(url: str) -> str:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as got:
        text: str = got.read().decode()
        return text


def here(running: Emulator, **more: str) -> dict[str, str]:
    return {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_STS": running.url, **more}


def pod(running: Emulator, token_file: Path) -> dict[str, str]:
    """What EKS sets in a pod."""
    role = ROLE.format("irsa")
    return here(running, AWS_ROLE_ARN=role, AWS_WEB_IDENTITY_TOKEN_FILE=str(token_file))


def write_pod_token(running: Emulator, file: Path, query: str = "") -> str:
    """What the kubelet keeps in the file."""
    token = get(f"{running.url}/emulator/web-identity-token{query}")
    file.write_text(token)
    return token


def subject(running: Emulator, token: Token) -> str:
    return str(running.whoami(token.value)["subject"])


def after_the_instance(running: Emulator) -> list[str]:
    return [request for request in running.requests() if "/latest/" not in request]


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_pod_is_its_role_and_not_the_instance(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    running, file = emulator("--no-impersonation"), tmp_path / "token"
    write_pod_token(running, file)
    token = fetch(running, pod(running, file))
    assert subject(running, token).endswith(":assumed-role/sanskey-irsa-role/sanskey")
    named = {**pod(running, file), "AWS_ROLE_SESSION_NAME": "shop"}
    assert subject(running, fetch(running, named)).endswith(":assumed-role/sanskey-irsa-role/shop")
    assert running.requests() == [STS, EXCHANGE] * 2


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_token_that_was_replaced_is_read_anew(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    running, file = emulator("--no-impersonation"), tmp_path / "token"
    expired = write_pod_token(running, file, "?lifetime=-60")
    with pytest.raises(RemoteError) as caught:
        fetch(running, pod(running, file))
    error = caught.value
    assert (error.code, error.stage, error.error) == ("aws_sts_rejected", "aws_sts", "ExpiredTokenException")
    assert error.ask_id == "assume-role-with-web-identity"
    assert expired not in f"{error} {error!r} {vars(error)}"
    # Nothing falls through to the instance, which has a role too.
    assert running.requests() == ["POST / 400"]
    write_pod_token(running, file)
    assert fetch(running, pod(running, file)).kind == "federated"


@pytest.mark.parametrize("fetch", FETCHES)
def test_from_the_hub_to_the_spoke(emulator: Start, fetch: Fetch) -> None:
    running = emulator("--no-impersonation")
    token = fetch(running, here(running), aws_assume_role=[HUB, SPOKE])
    assert subject(running, token).endswith(":assumed-role/sanskey-spoke-role/sanskey")
    assert after_the_instance(running) == [STS, STS, EXCHANGE]


def test_a_chain_in_a_profile(emulator: Start, tmp_path: Path) -> None:
    running, file = emulator("--no-impersonation"), tmp_path / "config"
    file.write_text(
        f"[profile hub]\nrole_arn = {HUB.role_arn}\ncredential_source = Ec2InstanceMetadata\n"
        f"[profile spoke]\nrole_arn = {SPOKE.role_arn}\nsource_profile = hub\nexternal_id = {SPOKE.external_id}\n"
        "role_session_name = shop\nregion = us-east-1\n"
    )
    env = {"AWS_CONFIG_FILE": str(file), "AWS_ENDPOINT_URL_STS": running.url, "HOME": str(tmp_path)}
    for token in (
        fetch_sync(running, {**env, "AWS_PROFILE": "spoke"}),
        fetch_sync(running, {**env, "AWS_PROFILE": "hub"}, aws_profile="spoke"),
    ):
        assert subject(running, token).endswith(":assumed-role/sanskey-spoke-role/shop")


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_program_that_writes_credentials(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    running, file, program = emulator("--no-impersonation"), tmp_path / "config", tmp_path / "a program.py"
    keys = instance_keys(running)
    told = {"Version": 1, "SessionToken": keys["Token"]}
    told |= {name: keys[name] for name in ("AccessKeyId", "SecretAccessKey", "Expiration")}
    program.write_text(f"import json\nprint(json.dumps({told!r}))\n")
    file.write_text(f"[profile some]\ncredential_process = '{sys.executable}' \"{program}\"\nregion = us-east-1\n")
    env = {"AWS_CONFIG_FILE": str(file), "HOME": str(tmp_path)}
    steps: list[StepReport] = []
    token = fetch(running, env, aws_profile="some", on_step=steps.append)
    assert ":assumed-role/sanskey-demo-role/" in subject(running, token)
    assert "credential-process" in [step.ask_id for step in steps]
    assert [secret for secret in keys.values() if len(secret) > 16 and secret in f"{steps}"] == []
    program.write_text("import sys\nsys.exit('no more of it')\n")
    with pytest.raises(HostError) as caught:
        fetch(running, env, aws_profile="some")
    assert (caught.value.code, caught.value.ask_id) == ("aws_process_failed", "credential-process")


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_role_that_is_not_for_this_caller(emulator: Start, fetch: Fetch) -> None:
    running = emulator("--no-impersonation")
    stranger = AssumeRole(SPOKE.role_arn, external_id="of-somebody-else")
    for chain, ask_id in (([HUB, stranger], "assume-role-2"), ([SPOKE], "assume-role-1")):
        with pytest.raises(RemoteError) as caught:
            fetch(running, here(running), aws_assume_role=chain)
        error = caught.value
        assert (error.code, error.stage, error.ask_id, error.status) == ("aws_sts_rejected", "aws_sts", ask_id, 403)
        assert error.error == "AccessDenied"
        assert "sts:AssumeRole" in str(error.error_description)
        assert "trust policy" in error.hint
        assert "of-somebody-else" not in f"{error} {error!r}"


def test_a_role_has_no_session_of_a_user(emulator: Start) -> None:
    running = emulator("--no-impersonation")
    with pytest.raises(RemoteError) as caught:
        fetch_sync(running, here(running), aws_get_session_token=GetSessionToken())
    assert (caught.value.code, caught.value.ask_id) == ("aws_sts_rejected", "get-session-token")
    assert caught.value.error == "AccessDenied"


class InTheirPlace(SystemHost):
    """Has the emulator answer for Google and the instance, whose addresses a `TokenService` has built in."""

    def __init__(self, running: Emulator, **env: str) -> None:
        super().__init__({"AWS_ENDPOINT_URL_STS": running.url, **env})
        self.url = running.url
        self.hosts: list[str] = []

    def http(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        self.hosts.append(parts.netloc)
        return super().http(request.__replace__(url=self.url + parts.path))


def service(host: SystemHost, role: str = "sanskey-hub-role", **more: Any) -> TokenService:
    return TokenService(
        gcp_project_number="123456789012",
        gcp_workload_id="sanskey-pool",
        gcp_workload_provider="sanskey-aws",
        gcp_service_account_email="sanskey-demo@sanskey-demo.iam.gserviceaccount.com",
        aws_account_id="123456789012",
        aws_role_name=role,
        aws_region="us-east-1",
        host=host,
        **more,
    )


def test_a_token_service_on_an_instance(emulator: Start) -> None:
    running = emulator("--imds-v1", "off")
    host = InTheirPlace(running)
    tokens = service(host, gcp_token_lifetime="900s", gcp_token_scopes="https://a.example/one,https://a.example/two")
    value, expires_at = tokens.get_token()
    holder = running.whoami(value)
    assert (holder["kind"], holder["scopes"]) == ("service_account", ["https://a.example/one", "https://a.example/two"])
    left = datetime.strptime(expires_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp() - time()
    assert 880 < left <= 900
    assert host.hosts == [
        *["169.254.169.254"] * 3,
        urlsplit(running.url).netloc,
        "sts.googleapis.com",
        "iamcredentials.googleapis.com",
    ]
    assert value not in f"{tokens!r} {tokens}"


def write_profile(file: Path, keys: dict[str, str]) -> None:
    file.write_text(
        "[some]\n"
        f"aws_access_key_id = {keys['AccessKeyId']}\n"
        f"aws_secret_access_key = {keys['SecretAccessKey']}\n"
        f"aws_session_token = {keys['Token']}\n"
    )


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_profile_that_was_rewritten_is_read_anew(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    running, file = emulator("--no-impersonation"), tmp_path / "credentials"
    env = here(running, AWS_PROFILE="some", AWS_SHARED_CREDENTIALS_FILE=str(file), HOME=str(tmp_path))
    keys = instance_keys(running)
    write_profile(file, {**keys, "SecretAccessKey": "of-yesterday"})
    with pytest.raises(RemoteError) as caught:
        fetch(running, env)
    assert caught.value.code == "sts_rejected"
    write_profile(file, keys)
    assert ":assumed-role/sanskey-demo-role/" in subject(running, fetch(running, env))


def test_a_token_service_with_a_profile(emulator: Start, tmp_path: Path) -> None:
    running, file = emulator(), tmp_path / "credentials"
    write_profile(file, instance_keys(running))
    host = InTheirPlace(running, AWS_PROFILE="some", AWS_SHARED_CREDENTIALS_FILE=str(file), HOME=str(tmp_path))
    value, _ = service(host).get_token()
    assert running.whoami(value)["kind"] == "service_account"


def test_a_token_service_for_a_role_that_does_not_trust_the_caller(emulator: Start) -> None:
    running = emulator()
    with pytest.raises(SanskeyError) as caught:
        service(InTheirPlace(running), "sanskey-spoke-role").get_token()
    assert (caught.value.code, caught.value.error) == ("aws_sts_rejected", "AccessDenied")


def instance_keys(running: Emulator) -> dict[str, str]:
    keys: dict[str, str] = json.loads(get(f"{running.url}/latest/meta-data/iam/security-credentials/sanskey-demo-role"))
    return keys


@pytest.mark.parametrize("fetch", FETCHES)
def test_the_session_of_boto3_takes_on_roles(emulator: Start, fetch: Fetch) -> None:
    running = emulator("--no-impersonation")
    keys = instance_keys(running)
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"], region_name="us-east-1")
    env = {"AWS_ENDPOINT_URL_STS": running.url}
    token = fetch(running, env, aws_credentials=session, aws_assume_role=[HUB, SPOKE])
    assert subject(running, token).endswith(":assumed-role/sanskey-spoke-role/sanskey")
    assert after_the_instance(running) == [STS, STS, EXCHANGE]


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("ahead", "words"), [("1200", "1200 seconds behind"), ("-1200", "1200 seconds ahead")])
def test_a_clock_that_is_twenty_minutes_off(
    emulator: Start, fetch: Fetch, ahead: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    running = emulator("--no-impersonation", "--clock-offset-seconds", ahead)
    for options in ({}, {"aws_assume_role": HUB}):
        caplog.clear()
        steps: list[StepReport] = []
        token = fetch(running, here(running), on_step=steps.append, **options)
        assert running.whoami(token.value)["kind"] == "federated"
        # What follows a correction is right from the start.
        assert [step.ask_id for step in steps if "clock" in step.ask_id] == [
            "assume-role-1-clock" if options else "sts-clock"
        ]
        [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        close = [words.replace("1200", str(seconds)) for seconds in range(1195, 1206)]
        assert any(text in record.getMessage() for text in close), record.getMessage()


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_jwt_of_aws(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    path = tmp_path / "oidc.json"
    running = emulator("--no-impersonation", "--web-identity-config-out", str(path))
    by_service_account = fetch(running, here(running), config=path)
    assert running.whoami(by_service_account.value)["kind"] == "service_account"
    config = {name: value for name, value in json.loads(path.read_text()).items() if "impersonation" not in name}
    by_configuration = fetch(running, here(running), config=config)
    usual = {**json.loads(running.config.read_text()), "audience": config["audience"]}
    steps: list[StepReport] = []
    jwt = GetWebIdentityToken(duration_seconds=60, signing_algorithm="RS256")
    by_option = fetch(running, here(running), config=usual, aws_web_identity_token=jwt, on_step=steps.append)
    assert subject(running, by_option) == subject(running, by_configuration)
    assert [step.ask_id for step in steps][-2:] == ["get-web-identity-token", "sts"]
    assert after_the_instance(running)[-4:] == [STS, EXCHANGE] * 2
    chained = fetch(running, here(running), config=config, aws_assume_role=[HUB, SPOKE])
    assert "sanskey-spoke-role" in subject(running, chained)


@pytest.mark.parametrize("fetch", FETCHES)
def test_an_account_that_issues_no_jwt(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    path = tmp_path / "oidc.json"
    running = emulator("--no-impersonation", "--web-identity-config-out", str(path), "--no-outbound-federation")
    with pytest.raises(RemoteError) as caught:
        fetch(running, here(running), config=path)
    error = caught.value
    assert (error.code, error.ask_id) == ("aws_sts_rejected", "get-web-identity-token")
    assert str(error.error).startswith("OutboundWebIdentityFederationDisabled")
    assert "enable-outbound-web-identity-federation" in error.hint


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_login_at_identity_center(emulator: Start, tmp_path: Path, fetch: Fetch) -> None:
    running = emulator("--no-impersonation")
    config, cache = tmp_path / ".aws" / "config", tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    config.write_text(
        "[profile dev]\nsso_session = ours\nsso_account_id = 123456789012\nsso_role_name = sanskey-sso-role\n"
        "[sso-session ours]\nsso_region = us-east-1\nsso_start_url = https://sanskey.awsapps.com/start\n"
    )
    login = cache / f"{hashlib.sha1(b'ours').hexdigest()}.json"
    env = {"HOME": str(tmp_path), "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SSO": running.url}
    for text in (None, get(f"{running.url}/emulator/sso-token?lifetime=-60")):
        if text:
            login.write_text(text)
        with pytest.raises(ConfigError, match="aws sso login") as caught:
            fetch(running, env, aws_profile="dev")
        assert caught.value.code == "aws_sso_token_invalid"
    login.write_text(get(f"{running.url}/emulator/sso-token"))
    token = fetch(running, env, aws_profile="dev")
    assert ":assumed-role/AWSReservedSSO_sanskey-sso-role_" in subject(running, token)
    assert running.requests() == ["GET /federation/credentials 200", EXCHANGE]


class Impatient(SystemHost):
    def wait(self, _: float) -> None:
        """Not for tests."""


PASSING: list[tuple[dict[str, object], int]] = [({"status": 503}, 2), ({"status": 500}, 1), ({"reset": True}, 1)]
LASTING: list[tuple[dict[str, object], type[SanskeyError], str]] = [
    ({"status": 503}, RemoteError, "aws_sts_unavailable"),
    ({"reset": True}, HostError, "host_unreachable"),
    ({"truncate": True}, HostError, "host_unreachable"),
    ({"oversize": True}, RemoteError, "response_too_large"),
    ({"body": "<html>proxy</html>", "content_type": "text/html"}, RemoteError, "aws_sts_malformed"),
    ({"body": ""}, RemoteError, "aws_sts_malformed"),
    ({"status": 302, "headers": {"location": "https://a.example/"}}, RemoteError, "redirect_refused"),
    ({"status": 400, "body": "no XML"}, RemoteError, "aws_sts_rejected"),
]


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("fault", "times"), PASSING)
def test_a_fault_of_aws_that_passes(emulator: Start, fetch: Fetch, fault: dict[str, object], times: int) -> None:
    running = emulator("--no-impersonation")
    running.spoil("/", times, **fault)
    steps: list[StepReport] = []
    fetch(running, {}, host=Impatient(here(running)), aws_assume_role=HUB, on_step=steps.append)
    tries = [step.ask_id for step in steps if step.ask_id.startswith("assume-role-1") and "wait" not in step.ask_id]
    assert tries == ["assume-role-1", "assume-role-1-2", "assume-role-1-3"][: times + 1]


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(("fault", "kind", "code"), LASTING)
def test_a_fault_of_aws_that_lasts(
    emulator: Start, fetch: Fetch, fault: dict[str, object], kind: type[SanskeyError], code: str
) -> None:
    running = emulator("--no-impersonation")
    running.spoil("/", 9, **fault)
    with pytest.raises(kind) as caught:
        fetch(running, {}, host=Impatient(here(running)), aws_assume_role=HUB)
    assert (caught.value.code, caught.value.stage) == (code, "aws_sts")
    assert str(caught.value.ask_id).startswith("assume-role-1")
    assert EXCHANGE not in running.requests()

"""A whole exchange over HTTP, with the emulator in the place of AWS and Google."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import EXAMPLES, Emulator, Serve, run_python
from loopback import answer
from played_clock import PlayedClock

import sanskey
from sanskey import CredentialConfig, HttpRequest, HttpResponse, RemoteError, StepReport, SystemHost, Token, aio

Start = Callable[..., Emulator]
ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9"
PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-oidc"
README = Path(__file__).parents[1] / "README.md"


def fetch_sync(emulator: Emulator, **options: object) -> Token:
    return sanskey.fetch_token(emulator.config, endpoints="loopback", **options)  # type: ignore[arg-type]


def fetch_async(emulator: Emulator, **options: object) -> Token:
    return asyncio.run(aio.fetch_token(emulator.config, endpoints="loopback", **options))  # type: ignore[arg-type]


TOKEN_PREFIX = "emulator."
FETCHES = [fetch_sync, fetch_async]


@pytest.mark.parametrize("fetch", FETCHES)
def test_ec2_with_imdsv2_and_impersonation(emulator: Start, fetch: Callable[..., Token]) -> None:
    running = emulator("--imds-v1", "off")
    steps: list[StepReport] = []
    token = fetch(running, host=SystemHost({}), on_step=steps.append)
    assert token.kind == "service_account"
    assert token.value.startswith(TOKEN_PREFIX)
    assert token.freshness() == "fresh"
    left = token.expires_at - datetime.now(timezone.utc)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    assert running.whoami(token.value)["kind"] == "service_account"
    assert len(running.requests()) == 6
    assert sorted(f"{step.action.method} {step.status}" for step in steps if isinstance(step.action, HttpRequest)) == [
        "GET 200",
        "GET 200",
        "GET 200",
        "POST 200",
        "POST 200",
        "PUT 200",
    ]


@pytest.mark.parametrize("kind", [sanskey.TokenSource, aio.TokenSource])
def test_a_source_asks_on_for_what_has_ended_only(
    emulator: Start, monkeypatch: pytest.MonkeyPatch, kind: type[Any]
) -> None:
    running = emulator()
    lifetime = {"service_account_impersonation": {"token_lifetime_seconds": 600}}
    config = {**json.loads(running.config.read_text()), **lifetime}
    clock = PlayedClock(monkeypatch, time.time())
    source = kind(config, endpoints="loopback", host=SystemHost({}))

    def token() -> Token:
        result = source.token()
        got: Token = result if isinstance(result, Token) else asyncio.run(awaited(result))
        assert running.whoami(got.value)["kind"] == "service_account"
        return got

    first = token()
    assert (token(), len(running.requests())) == (first, 6)
    # This machine's clock goes wrong by the time that passes, which the emulator does not know.
    clock.passes(400)
    second = token()
    assert (second.value != first.value, running.requests()[6:]) == (True, [running.requests()[5]])
    assert timedelta(seconds=995) < second.expires_at - datetime.now(timezone.utc) <= timedelta(seconds=1000)
    state, successor = source.export_state(), kind(config, endpoints="loopback", host=SystemHost({}))
    assert successor.import_state(state)
    source = successor
    assert token() == second
    clock.passes(400)
    token()
    assert len(running.requests()) == 8


async def awaited(result: Any) -> Any:
    return await result


def test_as_the_federated_identity_itself(emulator: Start) -> None:
    running = emulator("--no-impersonation")
    token = fetch_sync(running, host=SystemHost({}), scopes="https://www.googleapis.com/auth/devstorage.read_only")
    assert token.kind == "federated"
    holder = running.whoami(token.value)
    assert (holder["kind"], holder["scopes"]) == ("federated", ["https://www.googleapis.com/auth/devstorage.read_only"])


def test_keys_and_region_from_the_environment_that_aws_does_not_know(emulator: Start) -> None:
    running = emulator()
    env = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-its-secret"}
    with pytest.raises(RemoteError) as caught:
        fetch_sync(running, host=SystemHost(env))
    assert (caught.value.code, caught.value.stage, caught.value.ask_id) == ("sts_rejected", "sts", "sts")
    assert caught.value.error_description
    assert "not-its-secret" not in f"{caught.value!r} {caught.value}"
    assert len(running.requests()) == 1


def test_a_configuration_from_parts(emulator: Start) -> None:
    """It leads to Google and to the metadata service; the host of this test leads from there to the emulator."""

    class Elsewhere(SystemHost):
        def http(self, request: HttpRequest) -> HttpResponse:
            there = r"^https?://(169\.254\.169\.254|sts\.googleapis\.com|iamcredentials\.googleapis\.com)/"
            assert re.match(there, request.url)
            return super().http(request.__replace__(url=re.sub(there, f"{running.url}/", request.url)))

    running = emulator("--imds-v1", "off")
    written = sanskey.CredentialConfig.from_file(running.config)
    provider = written.audience.removeprefix("//iam.googleapis.com/")
    _, number, _, _, _, pool, _, name = provider.split("/")
    account = written.service_account_email
    config = sanskey.CredentialConfig.from_parts(number, pool, name, source="aws", service_account=account)
    token = sanskey.fetch_token(config, host=Elsewhere({}))
    assert running.whoami(token.value)["kind"] == "service_account"
    assert len(running.requests()) == 6


def test_a_host_of_a_few_lines(emulator: Start) -> None:
    class Counting:
        def __init__(self) -> None:
            self.count = 0

        def http(self, request: HttpRequest) -> HttpResponse:
            self.count += 1
            return SystemHost({}).http(request)

        def read_env(self, _: list[str]) -> dict[str, str]:
            return {}

    running, host = emulator(), Counting()
    fetch_sync(running, host=host)
    assert host.count == len(running.requests()) == 6


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_service_account_that_may_not_be_impersonated(emulator: Start, fetch: Callable[..., Token]) -> None:
    running = emulator()
    config = json.loads(running.config.read_text())
    url = config["service_account_impersonation_url"]
    config["service_account_impersonation_url"] = url.replace("sanskey-demo@", "somebody-else@")
    running.config.write_text(json.dumps(config))
    with pytest.raises(RemoteError) as caught:
        fetch(running, host=SystemHost({}))
    error = caught.value
    assert (error.code, error.stage, error.ask_id) == ("impersonation_rejected", "impersonation", "impersonate")
    assert (error.status, error.error, error.retryable) == (403, "PERMISSION_DENIED", False)
    assert "iam.serviceAccounts.getAccessToken" in str(error.error_description)
    assert error.hint


def test_loopback_is_refused_unless_allowed(emulator: Start) -> None:
    running = emulator()
    with pytest.raises(sanskey.ConfigError) as caught:
        sanskey.fetch_token(running.config, host=SystemHost({}))
    assert caught.value.code == "config_url_refused"
    assert caught.value.field
    assert running.requests() == []


def test_the_example_tells_the_steps_and_not_the_token(emulator: Start) -> None:
    running = emulator("--imds-v1", "off")
    env = {"GOOGLE_APPLICATION_CREDENTIALS": str(running.config), "SANSKEY_ENDPOINTS": "loopback"}
    done = run_python(str(EXAMPLES / "get_token.py"), env=env)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"  imds-session +PUT 200  \d+ ms", lines[1])
    assert lines[-2] == "requests: 6"
    assert re.fullmatch(r"token expires at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in 3\d{3} s\)", lines[-1])
    assert len(lines) == 9
    assert TOKEN_PREFIX not in done.stdout + done.stderr


def test_the_example_tells_what_went_wrong() -> None:
    done = run_python(str(EXAMPLES / "get_token.py"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("config_not_found: GOOGLE_APPLICATION_CREDENTIALS is not set.\nSet it to ")


def test_the_example_of_an_own_host(emulator: Start) -> None:
    running = emulator()
    done = run_python(str(EXAMPLES / "own_host.py"), str(running.config), env={"SANSKEY_ENDPOINTS": "loopback"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("token expires at 20")
    assert len(running.requests()) == 6


def test_the_example_keeps_the_metadata_service_from_proxies(serve: Serve) -> None:
    """The first request goes straight to its server, the second one to the proxy, and the third one nowhere."""
    server, proxy = (serve(answer(f"HTTP/1.1 200 OK\r\n\r\n{way}")) for way in ("direct", "by proxy"))
    code = (
        "import sys, own_host, sanskey\n"
        "for bypass in (True, False):\n"
        "    request = sanskey.HttpRequest('GET', sys.argv[1], [], '', 10, bypass_proxy=bypass)\n"
        "    print(own_host.OwnHost().http(request).body)\n"
        "try: own_host.OwnHost().http(request.__replace__(unix_socket='/.fly/api'))\n"
        "except sanskey.HostFailure as failure: print(failure.kind)\n"
    )
    env = {"PYTHONPATH": str(EXAMPLES), "PYTHONDONTWRITEBYTECODE": "1", "HTTP_PROXY": proxy.url}
    done = run_python("-c", code, server.url, env=env)
    assert (done.stdout, done.stderr) == ("direct\nby proxy\nunsupported\n", "")


SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_the_readme_as_it_is_written(emulator: Start, tmp_path: Path, snippet: str) -> None:
    """The prelude does what a reader at Google's endpoints need not: it allows those of this machine."""
    login = tmp_path / "application_default_credentials.json"
    running = emulator("--oidc-issuer", ISSUER, "--authorized-user-config-out", str(login))
    shutil.copy(running.config, tmp_path / "aws-credentials.json")
    made = json.loads(CredentialConfig.from_provider(PROVIDER, source="caller").to_json())
    (tmp_path / "my-credentials.json").write_text(json.dumps({**made, "token_url": f"{running.url}/v1/token"}))
    (tmp_path / "agent-token").write_text(running.issued_token(aud=f"https://iam.googleapis.com/{PROVIDER}"))
    prelude = (
        "import functools, os, sanskey\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "fetching = (sanskey.fetch_token, sanskey.aio.fetch_token, sanskey.Exchange.__init__)\n"
        "for function in (*fetching, sanskey.introspect_token, sanskey.revoke_login):\n"
        "    function.__kwdefaults__['endpoints'] = 'loopback'\n"
        "import sanskey.google_auth as adapter\n"
        "adapter.Credentials = functools.partial(adapter.Credentials, endpoints='loopback')\n"
        "sanskey.TokenSource = functools.partial(sanskey.TokenSource, endpoints='loopback')\n"
    )
    (tmp_path / "snippet.py").write_text(prelude + snippet)
    # AWS STS, and for botocore the metadata service.
    env = {"AWS_ENDPOINT_URL_STS": running.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": running.url}
    done = run_python(str(tmp_path / "snippet.py"), env=env)
    assert (done.returncode, done.stderr) == (0, "")
    requests = {"aws-credentials.json": 6, "my-credentials.json": 1, "application_default_credentials.json": 3}
    expected = next((count for file, count in requests.items() if file in snippet), 0)
    if "AssumeRole" in snippet:
        expected += 2
    if "fetch_id_token" in snippet and "sign_url" in snippet:
        expected += 6  # Each is an exchange of its own.
    if "TokenSource" in snippet:
        expected += 1  # The signature, for which a source has all that it needs.
    if "boto3" in snippet:
        expected += 1  # Both it and sanskey, which asks for the region, begin a session at the metadata service.
    assert len(running.requests()) == expected

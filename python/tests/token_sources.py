"""What the tests of platforms other than AWS share: the configuration, and faults of whoever gives tokens."""

from __future__ import annotations

import asyncio
import traceback
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from conftest import Emulator

import sanskey
from sanskey import HostError, HttpRequest, HttpResponse, RemoteError, SanskeyError, StepReport, SystemHost, Token, aio

AUDIENCE = (
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool"
    "/providers/sanskey-oidc"
)
JWT = "urn:ietf:params:oauth:token-type:jwt"
EXCHANGE = "POST /v1/token 200"

Source = Mapping[str, object]
Fetch = Callable[..., Token]


class Impatient(SystemHost):
    """Tries again at once."""

    def wait(self, _: float) -> None:
        """Not for tests."""


class Hurried(Impatient):
    """Gives a server less time than the exchange would."""

    def http(self, request: HttpRequest) -> HttpResponse:
        return super().http(request.__replace__(timeout=0.3))


def config(google: Emulator, source: Source) -> dict[str, object]:
    return {
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": JWT,
        "token_url": f"{google.url}/v1/token",
        "credential_source": source,
    }


def fetch_sync(
    google: Emulator, source: Source, env: Mapping[str, str], host: type[SystemHost] = SystemHost, **options: Any
) -> Token:
    return sanskey.fetch_token(config(google, source), endpoints="loopback", host=host(dict(env)), **options)


def fetch_async(
    google: Emulator, source: Source, env: Mapping[str, str], host: type[SystemHost] = SystemHost, **options: Any
) -> Token:
    made = config(google, source)
    return asyncio.run(aio.fetch_token(made, endpoints="loopback", host=host(dict(env)), **options))


FETCHES = [fetch_sync, fetch_async]


def subject(google: Emulator, token: Token) -> str:
    """Whom Google takes the holder for."""
    return str(google.whoami(token.value)["subject"]).partition("/subject/")[2]


def pod_token(google: Emulator, query: str = "") -> str:
    """A token of the cluster's issuer, as it is mounted into pods."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{google.url}/emulator/web-identity-token{query}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def assert_hidden(error: SanskeyError, *secrets: str) -> None:
    """Neither the error nor what is printed of it holds one of these."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    for secret in secrets:
        assert secret not in shown, shown.replace(secret, "<the secret>")


Fault = dict[str, object]

PASSING: list[tuple[Fault, int]] = [
    ({"status": 503}, 2),
    ({"status": 429, "headers": {"retry-after": "1"}}, 1),
    ({"reset": True}, 1),
    ({"truncate": True}, 1),
    ({"delay_milliseconds": 200}, 0),
    ({"content_type": "text/html"}, 0),
]
LASTING: list[tuple[Fault, type[SanskeyError], str, int]] = [
    ({"status": 500, "body": "<html>"}, RemoteError, "subject_token_unavailable", 3),
    ({"status": 503}, RemoteError, "subject_token_unavailable", 3),
    ({"status": 429, "headers": {"retry-after": "3600"}}, RemoteError, "subject_token_unavailable", 1),
    ({"status": 403}, RemoteError, "subject_token_rejected", 1),
    ({"status": 404, "body": "{}"}, RemoteError, "subject_token_rejected", 1),
    ({"reset": True}, HostError, "host_unreachable", 3),
    ({"truncate": True}, HostError, "host_unreachable", 3),
    ({"oversize": True}, RemoteError, "response_too_large", 1),
    ({"body": ""}, RemoteError, "subject_token_malformed", 1),
    ({"body": "<html>Log in</html>", "content_type": "text/html"}, RemoteError, "subject_token_malformed", 1),
    ({"body": "[]"}, RemoteError, "subject_token_malformed", 1),
    ({"body": '{"access_token": 1, "value": 1}'}, RemoteError, "subject_token_malformed", 1),
    ({"body": '{"access_token": "", "value": ""}'}, RemoteError, "subject_token_malformed", 1),
    ({"body": '{"access_token": "two\\nlines'}, RemoteError, "subject_token_malformed", 1),
    ({"status": 307, "headers": {"location": "/v1/token"}}, RemoteError, "redirect_refused", 1),
]


def tries(steps: list[StepReport], ask_id: str) -> int:
    """How often something was asked for."""
    return sum(step.ask_id.startswith(ask_id) and not step.ask_id.endswith("wait") for step in steps)


class Service:
    """A server that gives tokens, and how a workload comes to ask it."""

    def __init__(self, google: Emulator, path: str, ask_id: str, source: Source, env: Mapping[str, str]) -> None:
        self.google = google
        self.path = path
        self.ask_id = ask_id
        self.source = source
        self.env = env

    def gets_over(self, fetch: Fetch, fault: Fault, times: int) -> None:
        """A fault that passes costs tries and nothing else."""
        self.google.spoil(self.path, max(times, 1), **fault)
        steps: list[StepReport] = []
        token = fetch(self.google, self.source, self.env, Impatient, on_step=steps.append)
        assert subject(self.google, token)
        assert tries(steps, self.ask_id) == times + 1

    def ends(self, fetch: Fetch, fault: Fault, kind: type[SanskeyError], code: str, expected_tries: int) -> None:
        """A fault that lasts is an error that says what it is, and Google is not asked."""
        self.google.spoil(self.path, 9, **fault)
        steps: list[StepReport] = []
        with pytest.raises(kind) as caught:
            fetch(self.google, self.source, self.env, Impatient, on_step=steps.append)
        error = caught.value
        assert (error.code, error.stage) == (code, "source")
        assert error.ask_id == (self.ask_id if expected_tries == 1 else f"{self.ask_id}-{expected_tries}")
        assert tries(steps, self.ask_id) == expected_tries
        assert error.hint
        asked = [line.split()[1] for line in self.google.requests()]
        assert asked == [self.path] * expected_tries

    def times_out(self, fetch: Fetch) -> None:
        self.google.spoil(self.path, 9, delay_milliseconds=2000)
        with pytest.raises(HostError) as caught:
            fetch(self.google, self.source, self.env, Hurried)
        assert (caught.value.code, caught.value.ask_id) == ("host_timeout", f"{self.ask_id}-3")

    def hides(self, fetch: Fetch, *secrets: str) -> None:
        """A server that says a secret again does not bring it into the error."""
        words = " ".join(secrets)
        for body in (f'{{"error": "e", "error_description": "No: {words}"}}', f'{{"message": "No: {words}"}}', words):
            self.google.spoil(self.path, 1, status=400, body=body)
            with pytest.raises(RemoteError) as caught:
                fetch(self.google, self.source, self.env)
            assert_hidden(caught.value, *secrets)

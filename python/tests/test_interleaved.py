"""A thousand exchanges in one process, each of another workload, step by step in a drawn order."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from conftest import REPOSITORY

from sanskey import (
    AssumeRole,
    AwsCredentials,
    CommandOutput,
    Done,
    Exchange,
    HttpRequest,
    HttpResponse,
    ReadEnv,
    ReadFile,
    RunCommand,
    Token,
    goals,
)

VECTOR = REPOSITORY / "tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json"
CONFIG = json.loads(VECTOR.read_text(encoding="utf-8"))["config"]
KINDS = ("caller", "environment", "web identity", "profile", "program", "container", "instance")
COUNT = 1001
NOW = 1_800_000_000


class Workload:
    """What one workload is given, and what it is told. Its number is in everything, so nobody gets another's."""

    def __init__(self, number: int) -> None:
        self.kind = KINDS[number % len(KINDS)]
        self.tag = f"{number:04}"
        self.region = f"eu-{self.kind.replace(' ', '')}-{number}"
        self.takes_on_a_role = number % 3 == 0
        self.env = {"HOME": f"/home/{self.tag}", "AWS_REGION": self.region} | {
            "environment": {"AWS_ACCESS_KEY_ID": f"AKID{self.tag}", "AWS_SECRET_ACCESS_KEY": f"s{self.tag}"},
            "web identity": {
                "AWS_ROLE_ARN": f"arn:aws:iam::123456789012:role/web-{self.tag}",
                "AWS_WEB_IDENTITY_TOKEN_FILE": f"/token/{self.tag}",
            },
            "profile": {"AWS_PROFILE": f"p{self.tag}"},
            "program": {"AWS_PROFILE": f"p{self.tag}"},
            "container": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"/{self.tag}"},
        }.get(self.kind, {})

    def exchange(self) -> Exchange:
        key = AwsCredentials(f"AKID{self.tag}", f"s{self.tag}") if self.kind == "caller" else None
        role = AssumeRole(f"arn:aws:iam::123456789012:role/hop-{self.tag}") if self.takes_on_a_role else None
        return Exchange(CONFIG, goals.AccessToken(), aws_credentials=key, aws_assume_role=role)

    def answer(self, action: object) -> Any:
        if isinstance(action, ReadEnv):
            return {name: self.env[name] for name in action.names if name in self.env}
        if isinstance(action, ReadFile):
            return self.file(action.path)
        if isinstance(action, RunCommand):
            assert action.argv == ["program", self.tag]
            fields = {"Version": 1, "AccessKeyId": f"AKID{self.tag}", "SecretAccessKey": f"s{self.tag}"}
            return CommandOutput(0, json.dumps(fields), "")
        assert isinstance(action, HttpRequest)
        return HttpResponse(200, [], self.body(action))

    def file(self, path: str) -> str | None:
        keys = f"aws_access_key_id = AKID{self.tag}\naws_secret_access_key = s{self.tag}\n"
        settings = keys if self.kind == "profile" else f"credential_process = program {self.tag}\n"
        files = {
            f"/home/{self.tag}/.aws/config": f"[profile p{self.tag}]\n{settings}",
            f"/home/{self.tag}/.aws/credentials": None,
            f"/token/{self.tag}": f"jwt-{self.tag}",
        }
        return files[path]  # What is another's is not there.

    def body(self, request: HttpRequest) -> str:
        url = urlsplit(request.url)
        if url.netloc == "sts.googleapis.com":
            signed = json.loads(unquote(parse_qs(request.body)["subject_token"][0]))
            assert signed["url"].startswith(f"https://sts.{self.region}.amazonaws.com?")
            headers = {header["key"].lower(): header["value"] for header in signed["headers"]}
            prefix = "HOP" if self.takes_on_a_role else "AKID"
            assert f"Credential={prefix}{self.tag}/" in headers["authorization"]
            return json.dumps({"access_token": f"federated-{self.tag}", "expires_in": 3600})
        if url.netloc == "iamcredentials.googleapis.com":
            assert dict(request.headers)["authorization"] == f"Bearer federated-{self.tag}"
            return json.dumps({"accessToken": f"token-{self.tag}", "expireTime": "2030-01-01T00:00:00Z"})
        if url.netloc == "169.254.170.2":
            assert (self.kind, url.path) == ("container", f"/{self.tag}")
            return json.dumps(self.role_credentials())
        if url.netloc == "169.254.169.254":
            assert self.kind == "instance"
            return self.metadata(url.path, dict(request.headers))
        assert url.netloc == f"sts.{self.region}.amazonaws.com"
        return self.aws_sts({name: value for name, [value] in parse_qs(request.body).items()}, dict(request.headers))

    def metadata(self, path: str, headers: dict[str, str]) -> str:
        if path.endswith("/api/token"):
            return f"session-{self.tag}"
        assert headers["x-aws-ec2-metadata-token"] == f"session-{self.tag}"
        return json.dumps(self.role_credentials()) if path.endswith(self.tag) else f"role-{self.tag}"

    def role_credentials(self) -> dict[str, str]:
        return {
            "Code": "Success",
            "AccessKeyId": f"AKID{self.tag}",
            "SecretAccessKey": f"s{self.tag}",
            "Token": f"t{self.tag}",
            "Expiration": "2030-01-01T00:00:00Z",
        }

    def aws_sts(self, asked: dict[str, str], headers: dict[str, str]) -> str:
        action = asked["Action"]
        if action == "AssumeRoleWithWebIdentity":
            assert (asked["RoleArn"][-4:], asked["WebIdentityToken"]) == (self.tag, f"jwt-{self.tag}")
            key = f"AKID{self.tag}"
        else:
            assert (action, asked["RoleArn"][-4:]) == ("AssumeRole", self.tag)
            assert f"Credential=AKID{self.tag}/" in headers["authorization"]
            key = f"HOP{self.tag}"
        parts = f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        return (
            f"<{action}Response><{action}Result><Credentials>{parts}</Credentials></{action}Result></{action}Response>"
        )


def test_a_thousand_workloads() -> None:
    drawn = random.Random(5)
    workloads = [Workload(number) for number in range(COUNT)]
    exchanges = [workload.exchange() for workload in workloads]
    open_ends = list(range(COUNT))
    tokens: dict[int, str] = {}
    while open_ends:
        place = drawn.randrange(len(open_ends))
        number = open_ends[place]
        step = exchanges[number].poll(NOW)
        if isinstance(step, Done):
            assert isinstance(step.outcome, Token)
            tokens[number] = step.outcome.value
            open_ends[place] = open_ends[-1]
            open_ends.pop()
            continue
        ask = drawn.choice(step.asks)
        exchanges[number].reply(ask.id, workloads[number].answer(ask.action))
    assert tokens == {number: f"token-{workload.tag}" for number, workload in enumerate(workloads)}
    assert set(Counter(workload.kind for workload in workloads).values()) == {COUNT // len(KINDS)}

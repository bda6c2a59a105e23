"""What google-auth and sanskey do with one drawn case, in a form in which the two can be compared.

What is compared: every request with method, URL, headers, decoded body and client certificate, in order; every program
that is run, with its arguments, the variables it is told and the time it is given; and the token with its expiry, or
that there is none.
"""

import copy
import json
import os
import platform
from dataclasses import dataclass, field
from unittest import mock
from urllib.parse import parse_qsl, unquote

import google.auth.aws
import google.auth.external_account_authorized_user
import google.auth.identity_pool
import google.auth.pluggable
import google_client
import sanskey
from played_host import PlayedHost
from vectorgen.protocol import AWS4_REQUEST
from vectorgen.signing import Credentials, sign

API_CLIENT = f"gl-python/{platform.python_version()}"
TOLD = "GOOGLE_EXTERNAL_ACCOUNT_"


@dataclass
class Ran:
    """What a client did."""

    requests: list = field(default_factory=list)
    programs: list = field(default_factory=list)
    end: tuple = ("no token",)
    """``("token", text, seconds since the epoch)`` or ``("no token",)``."""
    quota_project: str | None = None
    """To be named along with the token."""
    refresh_token: str | None = None
    """A new one, for the next time."""
    error: Exception | None = field(default=None, compare=False)

    def of(self, step):
        return [request for request in self.requests if request["step"] == step]

    def fail_after(self, *steps):
        """It goes no further than these steps, and gets no token."""
        self.requests = [request for request in self.requests if request["step"] in steps]
        self.end, self.quota_project, self.refresh_token = ("no token",), None, None

    def refuse(self):
        """It does nothing."""
        self.fail_after()
        self.programs = []

    def copy(self):
        return Ran(*copy.deepcopy(list(vars(self).values())[:-1]), self.error)


def theirs(case):
    """The case in the hands of google-auth. The files are written for it."""
    ran, plain = Ran(), []
    for path, text in case.files.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def transport(url, method="GET", body=None, headers=None, cert=None, **others):
        assert others.keys() <= {"timeout"}, others
        status, text = case.answer(url)
        plain.append((method, url, list((headers or {}).items()), body, cert))
        return mock.Mock(status=status, data=text.encode(), headers={})

    def run(argv, timeout, env, **_others):
        ran.programs.append((argv, told(env), timeout))
        exit_code, text = case.program
        return mock.Mock(returncode=exit_code, stdout=text.encode())

    try:
        with (
            google_client.at(case.now),
            mock.patch.dict(os.environ, case.env, clear=True),
            mock.patch("time.time", return_value=float(case.now)),
            mock.patch("subprocess.run", run),
        ):
            credentials = google_credentials(case)
            credentials.refresh(transport)
        ran.quota_project = credentials.quota_project_id
        if case.kind == "person" and credentials.refresh_token != case.config["refresh_token"]:
            ran.refresh_token = credentials.refresh_token
        ran.end = ("token", credentials.token, google_client.seconds(credentials.expiry))
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 - its errors are of many classes, Python's own among them
        ran.error = error
    finally:
        for path in case.files:
            os.remove(path)
    ran.requests = [readable(case, *each) for each in plain]
    return ran


def google_credentials(case):
    if case.kind == "person":
        return google.auth.external_account_authorized_user.Credentials.from_info(case.config)
    return google_class(case.config).from_info(case.config, scopes=case.scopes)


def google_class(config):
    """As ``google.auth.default`` chooses it."""
    if config.get("subject_token_type") == AWS4_REQUEST:
        return google.auth.aws.Credentials
    source = config.get("credential_source")
    if isinstance(source, dict) and source.get("executable") is not None:
        return google.auth.pluggable.Credentials
    return google.auth.identity_pool.Credentials


def ours(case):
    """The case in the hands of sanskey."""
    ran, host = Ran(), PlayedHost(case.env, case.files)
    host.outputs = OneProgram(case.program)
    host.serve = lambda _, request: sanskey.HttpResponse(*as_response(case.answer(request.url)))
    try:
        config = sanskey.CredentialConfig.from_dict(case.config)
        goal = sanskey.goals.AccessToken(scopes=case.scopes)
        token = host.run(sanskey.Exchange(config, goal, endpoints=case.endpoints, api_client=API_CLIENT), case.now)
        ran.end = ("token", token.value, token.expires_at.timestamp())
        ran.quota_project = config.quota_project_id
        ran.refresh_token = token.refresh_token
    except sanskey.SanskeyError as error:
        ran.error = error
    assert getattr(ran.error, "fault", None) != "misuse", ran.error
    actions = [ask.action for ask in host.asks]
    for action in actions:
        match action:
            case sanskey.HttpRequest(method, url, headers, body, _, certificate):
                pair = certificate and (certificate.cert_path, certificate.key_path)
                ran.requests.append(readable(case, method, url, headers, body, pair))
            case sanskey.RunCommand(argv, env, timeout):
                ran.programs.append((argv, told(env), timeout))
    return ran


class OneProgram(dict):
    """Whatever is run is this program."""

    def __init__(self, program):
        exit_code, text = program
        self.output = sanskey.CommandOutput(exit_code, text, "")

    def __missing__(self, _):
        return self.output


def as_response(answer):
    status, text = answer
    return status, [], text


def told(env):
    return {name: value for name, value in env.items() if name.startswith(TOLD) and not name.endswith("EXECUTABLES")}


def readable(case, method, url, headers, body, certificate):
    """A request with its body decoded; a proof of AWS's with its signature checked."""
    named = {name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in headers}
    assert len(named) == len(headers), "a header is sent twice"
    text = body.decode() if isinstance(body, bytes) else body or ""
    step = "source"
    if url == case.impersonation_url:
        step, text = "impersonate", json.loads(text)
    elif named.get("content-type") == "application/x-www-form-urlencoded":
        step, text = "sts", parse_qsl(text, keep_blank_values=True, strict_parsing=True)
        assert len(dict(text)) == len(text), "a field is sent twice"
        if case.kind in ("environment", "instance"):
            text = [(name, proof(case, value) if name == "subject_token" else value) for name, value in text]
        if case.kind == "certificate":
            text = [(name, json.loads(value) if name == "subject_token" else value) for name, value in text]
    return {"step": step, "method": method, "url": url, "headers": named, "body": text, "certificate": certificate}


def proof(case, token):
    """A subject token of AWS's, with what botocore has to say of the signature in its place."""
    envelope = json.loads(unquote(token))
    headers = {each["key"].lower(): each["value"] for each in envelope["headers"]}
    assert len(headers) == len(envelope["headers"])
    authorization = headers["authorization"]
    names = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    own = {"authorization", "x-amz-date", "x-amz-security-token"}
    signed = [(name, headers[name]) for name in names if name not in own]
    region = authorization.split("/")[2]
    key = key_of(case, headers.get("x-amz-security-token"))
    body = envelope.get("body", "").encode()
    again = dict(sign(envelope["method"], envelope["url"], signed, body, key, region, "sts", case.now))
    is_right = again["Authorization"] == authorization
    headers["authorization"] = {"region": region, "signed": names, "is_right": is_right}
    return {**envelope, "headers": headers}


def key_of(case, session_token):
    found = case.env
    if "AWS_ACCESS_KEY_ID" in found:
        return Credentials(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], session_token)
    (text,) = (text for url, (_, text) in case.servers.items() if url.startswith(f"{case.source['url']}/"))
    found = json.loads(text)
    return Credentials(found["AccessKeyId"], found["SecretAccessKey"], session_token)

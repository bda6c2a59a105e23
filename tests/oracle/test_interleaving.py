"""Exchanges do not know of each other, and each reads the files anew."""

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, unquote

import pytest
import sanskey
from draws import Draw
from played_host import PlayedHost, exchange
from vectorgen import world
from vectorgen.signing import Credentials, caller_identity_token

EXCHANGES = 1000
MARK = re.compile(r"mark(\d{4})")
REGIONS = ["us-east-1", "eu-west-3", "cn-north-1", "us-gov-west-1"]


class One:
    """An exchange with an environment of its own, in which everything has its mark."""

    def __init__(self, number, draw):
        self.mark = f"mark{number:04}"
        self.region = draw.random.choice(REGIONS)
        self.now = world.NOW + number
        self.found = self.credentials("found")
        self.last = self.credentials("role") if draw.chance(0.4) else self.found
        self.env = {"AWS_REGION": self.region, "HOME": f"/{self.mark}"}
        self.files, self.outputs = {}, {}
        getattr(
            self, draw.random.choice(["keys", "container", "instance", "web_identity", "profile", "program", "login"])
        )()
        roles = [sanskey.AssumeRole(self.role_arn())] if self.last is not self.found else None
        self.host = PlayedHost(self.env, self.files, self.outputs, self.serve)
        self.exchange = exchange(world.config(), aws_assume_role=roles)
        self.outcome = None

    def credentials(self, kind):
        return Credentials(
            f"ASIA{self.mark.upper()}{kind.upper()}", f"secret-{self.mark}-{kind}", f"token-{self.mark}-{kind}"
        )

    def role_arn(self):
        return f"arn:aws:iam::123456789012:role/{self.mark}"

    def keys(self):
        self.env |= world.environment(self.found)

    def container(self):
        self.env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = f"/{self.mark}"
        self.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = f"/{self.mark}/token"
        self.files[f"/{self.mark}/token"] = f"authorization-{self.mark}"

    def instance(self):
        pass

    def web_identity(self):
        self.env |= {"AWS_WEB_IDENTITY_TOKEN_FILE": f"/{self.mark}/token", "AWS_ROLE_ARN": self.role_arn()}
        self.files[f"/{self.mark}/token"] = f"token-{self.mark}"

    def profile(self):
        self.env["AWS_PROFILE"] = self.mark
        id, secret, token = self.found
        self.files[f"/{self.mark}/.aws/credentials"] = (
            f"[{self.mark}]\naws_access_key_id={id}\naws_secret_access_key={secret}\naws_session_token={token}"
        )

    def program(self):
        self.env["AWS_PROFILE"] = self.mark
        self.files[f"/{self.mark}/.aws/config"] = f"[profile {self.mark}]\ncredential_process = keys {self.mark}"
        self.outputs["keys", self.mark] = sanskey.CommandOutput(
            0, world.process_output(self.found, Expiration=None), ""
        )

    def login(self):
        self.env["AWS_PROFILE"] = self.mark
        self.files[f"/{self.mark}/.aws/config"] = (
            f"[profile {self.mark}]\nsso_session = s\nsso_account_id = 1\nsso_role_name = {self.mark}\n"
            f"[sso-session s]\nsso_start_url = x\nsso_region = {self.region}"
        )
        login = {"accessToken": f"login-{self.mark}", "expiresAt": "2100-01-01T00:00:00Z"}
        # The name is the SHA-1 of the session's name, `printf s | sha1sum`.
        self.files[f"/{self.mark}/.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json"] = json.dumps(login)

    def serve(self, ask_id, _):
        match ask_id:
            case "imds-session":
                text = f"session-{self.mark}"
            case "aws-role":
                text = f"role-{self.mark}"
            case "aws-credentials":
                text = json.dumps(world.role_credentials(self.found))
            case "container-credentials":
                text = json.dumps(world.container_credentials(self.found))
            case "sso-credentials":
                text = json.dumps(world.portal_answer(self.found))
            case "assume-role-with-web-identity":
                text = world.sts_answer("AssumeRoleWithWebIdentity", world.sts_credentials(self.found))
            case "assume-role-1":
                text = world.sts_answer("AssumeRole", world.sts_credentials(self.last))
            case "sts":
                text = json.dumps(world.federated_answer(access_token=f"federated-{self.mark}"))
        return sanskey.HttpResponse(200, [], text)

    def step(self):
        """One round; whether the end is reached."""
        self.outcome = self.host.step(self.exchange, self.now)
        return self.outcome is not None

    def check(self):
        assert self.outcome.value == f"federated-{self.mark}"
        proof = dict(parse_qsl(self.host.action("sts").body))["subject_token"]
        assert proof == caller_identity_token(self.last, self.region, world.AUDIENCE, self.now)
        for ask in self.host.asks:
            seen = unquote(unquote(self.text_of(ask.action))).lower()
            assert set(MARK.findall(seen)) <= {self.mark[4:]}, ask.id

    @staticmethod
    def text_of(action):
        if isinstance(action, sanskey.HttpRequest):
            return f"{action.url} {action.headers} {action.body}"
        return repr(action)


def test_a_thousand_exchanges_at_once(seed):
    draw = Draw(seed, "interleaving")
    exchanges = [One(number, draw) for number in range(EXCHANGES)]
    waiting = list(exchanges)
    while waiting:
        one = draw.random.choice(waiting)
        if one.step():
            waiting.remove(one)
    for one in exchanges:
        one.check()
    assert len({type(ask.action) for one in exchanges for ask in one.host.asks}) == 4
    assert len({tuple(one.host.ids()) for one in exchanges}) >= 14


def test_a_thousand_exchanges_in_eight_threads(seed):
    draw = Draw(seed, "threads")
    exchanges = [One(number, draw) for number in range(EXCHANGES)]

    def run(one):
        while not one.step():
            pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(run, exchanges))
    for one in exchanges:
        one.check()


# Files that are rewritten between two exchanges, with the host of the package and a server of this machine.


@contextmanager
def server():
    """Plays AWS STS, a container's endpoint, the portal and Google STS; keeps what it was sent."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer("")

        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers["content-length"])).decode())

        def answer(self, body):
            received.append((self.path, dict(self.headers), dict(parse_qsl(body))))
            text = {
                "/container": json.dumps(world.container_credentials()),
                "/aws-sts/": world.sts_answer("AssumeRoleWithWebIdentity", world.sts_credentials(world.WEB_IDENTITY)),
                "/portal/federation/credentials": json.dumps(world.portal_answer()),
                "/v1/token": json.dumps(world.federated_answer()),
            }[self.path.partition("?")[0]].encode()
            self.send_response(200)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}", received
        listening.shutdown()
        thread.join(5)


def key_in(received):
    proof = json.loads(unquote(received[-1][2]["subject_token"]))
    (authorization,) = (each["value"] for each in proof["headers"] if each["key"] == "authorization")
    return authorization.split("Credential=")[1].split("/")[0]


def of_container(folder, url):
    path = folder / "token"
    yield {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/container",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(path),
    }
    yield lambda text: path.write_text(text)
    yield lambda received: received[0][1]["authorization"]


def of_web_identity(folder, url):
    path = folder / "token"
    yield {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(path),
        "AWS_ROLE_ARN": world.WEB_IDENTITY_ROLE,
        "AWS_ENDPOINT_URL_STS": f"{url}/aws-sts/",
    }
    yield lambda text: path.write_text(text)
    yield lambda received: received[0][2]["WebIdentityToken"]


def of_credentials_file(folder, _):
    path = folder / "credentials"
    yield {"AWS_PROFILE": "demo", "AWS_CONFIG_FILE": str(folder / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(path)}
    yield lambda text: path.write_text(f"[demo]\naws_access_key_id = {text}\naws_secret_access_key = x\n")
    yield key_in


def of_config_file(folder, _):
    path = folder / "config"
    yield {"AWS_PROFILE": "demo", "AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none")}
    yield lambda text: path.write_text(f"[profile demo]\naws_access_key_id = {text}\naws_secret_access_key = x\n")
    yield key_in


def of_program(folder, _):
    script, said = folder / "keys.py", folder / "said"
    script.write_text(f"print(open({str(said)!r}).read())")
    config = folder / "config"
    config.write_text(f"[profile demo]\ncredential_process = '{sys.executable}' '{script}'\n")
    yield {"AWS_PROFILE": "demo", "AWS_CONFIG_FILE": str(config), "HOME": str(folder)}
    yield lambda text: said.write_text(world.process_output(Credentials(text, "x"), SessionToken=None, Expiration=None))
    yield key_in


def of_login(folder, url):
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    settings = "sso_start_url = s\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = Demo\n"
    (folder / ".aws" / "config").write_text(f"[profile demo]\n{settings}")
    path = cache / "a0f1490a20d0211c997b44bc357e1972deab8ae3.json"
    yield {"AWS_PROFILE": "demo", "HOME": str(folder), "AWS_ENDPOINT_URL_SSO": f"{url}/portal"}
    yield lambda text: path.write_text(json.dumps({"accessToken": text, "expiresAt": "2100-01-01T00:00:00Z"}))
    yield lambda received: received[0][1]["x-amz-sso_bearer_token"]


@pytest.mark.parametrize(
    "source", [of_container, of_web_identity, of_credentials_file, of_config_file, of_program, of_login]
)
def test_a_rewritten_file_is_read_anew(source, tmp_path):
    with server() as (url, received):
        env, write, read = source(tmp_path, url)
        host = sanskey.SystemHost({"AWS_REGION": "us-east-1", **env})
        config = world.config(token_url=f"{url}/v1/token")
        for text in ["FIRSTFIRSTFIRST1", "SECONDSECONDSEC2", "THIRDTHIRDTHIRD3"]:
            write(text)
            received.clear()
            token = sanskey.fetch_token(config, host=host, endpoints="loopback")
            assert token.value == world.FEDERATED_TOKEN
            assert read(received) == text

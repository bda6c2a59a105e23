"""Exchanges do not know of each other, and each reads the files anew."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, unquote

import pytest
import sanskey
from draws import Draw
from marked_exchange import One
from vectorgen import world
from vectorgen.signing import Credentials

EXCHANGES = 1000


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

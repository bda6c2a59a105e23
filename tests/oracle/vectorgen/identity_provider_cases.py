"""Identity providers of one's own, which give an OAuth 2.0 client a token, and Fly.io."""

import json

from . import protocol, world
from .exchange_failures import HTML
from .exchange_success import FEDERATED_EXPIRY
from .protocol import WAITED, failed, http, wait
from .token_exchange import TOKEN, TokenExchange
from .transcript import numbered
from .world import token_config

TOKEN_URL = "https://adfs.example.com/adfs/oauth2/token"
VARIABLE = "ADFS_CLIENT_SECRET"
CLIENT_SECRET = "adfs-client-secret:example+1"
CLIENT = {
    "platform": "oauth2_client_credentials",
    "token_url": TOKEN_URL,
    "client_id": "workload",
    "client_secret_variable": VARIABLE,
}
SERVERS = {"token_servers": ["ADFS.example.com", "other.example.com"]}
FLY = {"platform": "fly_io"}
SOCKET = "/.fly/api"


class Client(TokenExchange):
    def __init__(self, name, about, *, options=SERVERS, endpoints="google", **settings):
        config = token_config({"sanskey": {**CLIENT, **settings}})
        super().__init__(name, about, config=config, options=options, endpoints=endpoints)
        basic = protocol.basic_authorization(CLIENT["client_id"], CLIENT_SECRET)
        self.secret(CLIENT_SECRET, basic.removeprefix("Basic "))

    def variable(self, value=CLIENT_SECRET):
        return self.variables([VARIABLE], {} if value is None else {VARIABLE: value})

    def ask(self, reply=None, attempt=1, **fields):
        pairs = [("grant_type", "client_credentials"), *fields.items()]
        url = self.config["credential_source"]["sanskey"]["token_url"]
        request = protocol.google_form(url, pairs, client_id=CLIENT["client_id"], client_secret=CLIENT_SECRET)
        answer = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600}
        return self.round(({"id": numbered("subject-token", attempt), **request}, reply or http(200, answer)))


class Machine(TokenExchange):
    def __init__(self, name, about, **settings):
        super().__init__(name, about, config=token_config({"sanskey": {**FLY, **settings}}))

    def ask(self, reply=None, attempt=1, audience="https:" + world.AUDIENCE):
        request = {
            "action": "http_request",
            "method": "POST",
            "url": "http://localhost/v1/tokens/oidc",
            "headers": [["accept", "text/plain"], ["content-type", "application/json"]],
            "body": json.dumps({"aud": audience}, separators=(",", ":"), ensure_ascii=False),
            "timeout_ms": 10000,
            "client_certificate": None,
            "bypass_proxy": True,
            "unix_socket": SOCKET,
        }
        return self.round(({"id": numbered("subject-token", attempt), **request}, reply or http(200, TOKEN)))


def exchanges():
    case = Client("client-credentials", "AD FS, with the audience as its resource.", resource="urn:google:pool")
    yield case.variable().ask(resource="urn:google:pool").sts().token(FEDERATED_EXPIRY)
    case = Client("client-credentials-scope", "Another provider.", scope="a b", audience="https://pool.example")
    yield case.variable().ask(scope="a b", audience="https://pool.example").sts().token(FEDERATED_EXPIRY)
    case = Client("client-credentials-bare", "The provider may need neither.", options={}, endpoints="any")
    yield case.variable().ask().sts().token(FEDERATED_EXPIRY)
    case = Client(
        "client-credentials-loopback",
        "A provider on this machine.",
        options={},
        endpoints="loopback",
        token_url="http://127.0.0.1:8080/token",
    )
    yield case.variable().ask().sts().token(FEDERATED_EXPIRY)
    case = Client(
        "client-credentials-port", "A named server may have its own port.", token_url="https://adfs.example.com:8443/t"
    )
    yield case.variable().ask().sts().token(FEDERATED_EXPIRY)
    case = TokenExchange(
        "url-of-named-server",
        "A URL source of a server that the caller has named.",
        config=token_config({"url": "https://tokens.example.com/mine"}),
        options={"token_servers": ["tokens.example.com"]},
    )
    yield case.url(bypass_proxy=False).sts().token(FEDERATED_EXPIRY)
    yield Machine("fly-io", "A machine of Fly.io asks behind its socket.").ask().sts().token(FEDERATED_EXPIRY)
    case = Machine("fly-io-audience", "For another audience.", audience="https://fly.io/my-org")
    yield case.ask(http(200, f"{TOKEN}\n"), audience="https://fly.io/my-org").sts().token(FEDERATED_EXPIRY)
    case = Machine("fly-io-retried", "A server error is tried again.").ask(http(503))
    case.round((wait("subject-token-2-wait", 500), WAITED))
    yield case.ask(attempt=2).sts().token(FEDERATED_EXPIRY)


def failures():
    def fails(case, code, fault="remote", **members):
        return case.fails(code, fault, stage="source", **members)

    case = Client("client-credentials-without-secret", "The variable is not set.").variable(None)
    yield fails(case, "subject_token_missing", "config", ask_id="env")
    refusal = {"error": "invalid_client", "error_description": f"MSIS9623: {CLIENT_SECRET} is wrong."}
    told = {"error": "invalid_client", "error_description": "MSIS9623: [redacted] is wrong."}
    case = Client("client-credentials-refused", "The provider knows no such client, and repeats its password.")
    case.variable().ask(http(401, refusal))
    yield fails(case, "subject_token_rejected", ask_id="subject-token", status=401, **told)
    for name, body in [("html", HTML), ("without-token", {"token_type": "bearer"}), ("empty", {"access_token": ""})]:
        case = Client(f"client-credentials-{name}", "A success without a token.").variable().ask(http(200, body))
        yield fails(case, "subject_token_malformed", ask_id="subject-token", status=200)
    case = Machine("fly-io-elsewhere", "There is no socket: this is no machine of Fly.io.")
    case.ask(failed("unreachable", "no such socket"))
    yield fails(case, "host_unreachable", "host", ask_id="subject-token", retryable=True)
    case = Machine("fly-io-unsupported", "A host that cannot use sockets.").ask(
        failed("unsupported", "no sockets here")
    )
    yield fails(case, "host_unsupported", "host", ask_id="subject-token")
    case = Machine("fly-io-refused", "The API says no.").ask(http(403, {"error": "forbidden"}))
    yield fails(case, "subject_token_rejected", ask_id="subject-token", status=403, error="forbidden")
    case = Machine("fly-io-empty", "The API says nothing.").ask(http(200, "\n"))
    yield fails(case, "subject_token_malformed", ask_id="subject-token", status=200)


def refusals():
    field = "credential_source.sanskey"
    for name, code, settings, where, options in [
        ("elsewhere", "config_url_refused", {}, "token_url", {}),
        ("http", "config_url_refused", {"token_url": "http://adfs.example.com/t"}, "token_url", SERVERS),
        ("without-client", "config_field_missing", {"client_id": None}, "client_id", SERVERS),
        ("without-variable", "config_field_missing", {"client_secret_variable": ""}, "client_secret_variable", SERVERS),
        ("colon", "config_field_invalid", {"client_id": "a:b"}, "client_id", SERVERS),
    ]:
        case = Client(
            f"client-credentials-{name}", "What is needed, and where it may lead.", options=options, **settings
        )
        yield case.fails(code, "config", stage="config", field=f"{field}.{where}")

"""Exchanges of platforms that say in the environment where the workload's token is: what they have in common."""

import base64
import hashlib
import json

from . import protocol, world
from .exchange_failures import HTML, TOO_LARGE
from .protocol import CLOUD_PLATFORM, failed, http
from .transcript import Exchange
from .world import NOW

JWT = "urn:ietf:params:oauth:token-type:jwt"
# What Google takes for the audience where the provider names no other.
USUAL_AUDIENCE = f"https:{world.AUDIENCE}"


def jwt(issuer, subject, audience, *, exp=NOW + 300, **header):
    """A JWT with a signature that nobody made."""
    claims = {"iss": issuer, "sub": subject, "aud": audience, "iat": NOW - 60}
    if exp is not None:
        claims["exp"] = exp
    parts = [_base64url(_compact(part).encode()) for part in ({"typ": "JWT", "alg": "RS256", **header}, claims)]
    # As long as a signature with a key of 2048 bits.
    signature = b"".join(hashlib.sha512(f"{count}.{'.'.join(parts)}".encode()).digest() for count in range(4))
    return ".".join([*parts, _base64url(signature)])


def _compact(value):
    return json.dumps(value, separators=(",", ":"))


def _base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def config(platform, *, impersonate=False, subject_token_type=JWT, **fields):
    """A configuration whose source is ``credential_source.sanskey``."""
    whole = {
        "universe_domain": "googleapis.com",
        "type": "external_account",
        "audience": world.AUDIENCE,
        "subject_token_type": subject_token_type,
        "token_url": world.TOKEN_URL,
        "credential_source": {"sanskey": {"platform": platform, **fields}},
    }
    if impersonate:
        whole["service_account_impersonation_url"] = world.IMPERSONATION_URL
    return whole


class PlatformExchange(Exchange):
    """An exchange that begins with the environment."""

    subject = None

    def env(self, values=None, reply=None, names=None):
        values = values or {}
        self.values = values
        return self.round((protocol.read_env(names or list(values)), reply or protocol.env(values)))

    def proof(self, token):
        """The token that is shown to Google, and its signature, which must not be seen alone either."""
        self.subject = token
        return self.token_secret(token)

    def token_secret(self, token):
        self.secret(token)
        if token.count(".") == 2:
            self.secret(token.rsplit(".", 1)[1])
        return self

    def _sts_request(self):
        impersonated = "service_account_impersonation_url" in self.config
        return protocol.sts_request(
            token_url=self.config["token_url"],
            audience=self.config["audience"],
            subject_token=self.subject,
            subject_token_type=self.config["subject_token_type"],
            scopes=[CLOUD_PLATFORM] if impersonated or not self.scopes else self.scopes,
        )


def output(exit_code, stdout="", stderr=""):
    return {"reply": "command_output", "exit_code": exit_code, "stdout": stdout, "stderr": stderr}


def get(ask_id, url, headers, **more):
    return request(ask_id, "GET", url, headers, "", **more)


def request(ask_id, method, url, headers, body, *, bypass_proxy=False):
    return {
        "id": ask_id,
        "action": "http_request",
        "method": method,
        "url": url,
        "headers": headers,
        "body": body,
        "timeout_ms": 10000,
        "client_certificate": None,
        "bypass_proxy": bypass_proxy,
    }


def missing(case, **members):
    members = {"ask_id": "env", **members}
    return case.fails("subject_token_missing", "config", stage="source", **members)


def expired(case):
    return case.fails("subject_token_expired", "config", stage="source")


def urls_refused(prefix, begun):
    """An address in the environment, to which no proof of identity is sent."""
    for name, about, url in [
        ("http", "Over http the address is not another machine's.", "http://tokens.example.com/token"),
        ("localhost-glued", "A host that only begins like localhost is refused.", "http://localhost.example.com/token"),
        (
            "link-local-glued",
            "A host that only begins like a link-local address is refused.",
            "http://169.254.example.com/",
        ),
        ("link-local-name", "So is one that continues it.", "http://169.254.129.4.example.com:8081/msi/token"),
        ("private-address", "A private address is another machine's.", "http://10.0.0.4/token"),
        ("userinfo", "User information that looks like the host is refused.", "http://localhost@tokens.example.com/"),
        ("https-userinfo", "User information is refused over https too.", "https://user:pass@tokens.example.com/"),
        ("backslash", "A backslash, which some take for a slash, is refused.", "http://example.com\\@127.0.0.1/token"),
        ("fragment", "A fragment would swallow what is added.", "https://tokens.example.com/token#"),
        ("relative", "An address has a scheme.", "/token"),
        ("other-scheme", "A scheme other than https and http is refused.", "file:///etc/passwd"),
        ("without-host", "An address without a host is refused.", "https:///token"),
        ("space", "A space in the address is refused.", "https://tokens.example.com/to ken"),
        ("non-ascii", "Characters outside ASCII are refused.", "https://tokens.example.com/tökén"),
        ("two-lines", "A line break is refused.", "https://tokens.example.com/token\r\nx-injected: yes"),
    ]:
        case = begun(f"{prefix}-{name}", about, url)
        yield case.fails("platform_url_refused", "config", stage="source", hint_contains="variable")


def server_failures(prefix, title, begun, step, ask_id, delay, refusals, field, secret, hint):
    """What every server can do wrong.

    ``begun`` makes an exchange that has come to the request, ``step`` makes the request, ``refusals`` are
    the bodies for each status with the ``error`` and the ``error_description`` in them, ``secret`` is what
    the request holds, and ``field`` is where the answer has the token.
    """

    def asked(name, about, reply):
        return step(begun(f"{prefix}-{name}", about), reply)

    def rejected(case, status, error=None, description=None):
        return case.fails(
            "subject_token_rejected",
            "remote",
            stage="source",
            ask_id=ask_id,
            status=status,
            error=error,
            error_description=description,
            hint_contains=hint,
        )

    for status, (body, error, description) in refusals.items():
        yield rejected(
            asked(f"rejected-{status}", f"{title} answers {status}: its own words are kept.", http(status, body)),
            status,
            error,
            description,
        )
    yield rejected(
        asked(
            "rejected-html",
            f"A page in place of {title}'s JSON: the status counts, and the page is not repeated.",
            http(403, HTML),
        ),
        403,
    )
    yield rejected(
        asked(
            "rejected-quotes-the-secret",
            "A refusal that quotes what authorized the request is passed on without it.",
            http(401, {"error": "invalid_token", "error_description": f"Bad token {secret}, sorry."}),
        ),
        401,
        "invalid_token",
        "Bad token [redacted], sorry.",
    )
    yield asked(
        "redirect",
        "A redirect is not followed: the proof of identity stays with the host that it was meant for.",
        http(302, "", [("location", "https://login.example.com/")]),
    ).fails("redirect_refused", "remote", stage="source", ask_id=ask_id, status=302)
    yield asked("too-large", "More than 1 MiB is not read.", TOO_LARGE).fails(
        "response_too_large", "remote", stage="source", ask_id=ask_id, status=200
    )
    case = asked("server-errors", "Three server errors are the end.", http(500, ""))
    step(case.wait(f"{ask_id}-2", delay), http(502, HTML), attempt=2)
    step(case.wait(f"{ask_id}-3", 2 * delay), http(503, {"message": f"Try again, {secret}."}), attempt=3)
    yield case.fails(
        "subject_token_unavailable",
        "remote",
        stage="source",
        ask_id=f"{ask_id}-3",
        status=503,
        retryable=True,
        error_description="Try again, [redacted].",
    )
    yield asked(
        "retry-after-too-long",
        "Who asks for a pause of more than half a minute gets no further try.",
        http(429, "", [("retry-after", "31")]),
    ).fails("subject_token_unavailable", "remote", stage="source", ask_id=ask_id, status=429, retryable=True)
    for kind, code in [("timeout", "host_timeout"), ("unreachable", "host_unreachable")]:
        failure = failed(kind, "no answer")
        case = asked(f"{kind}s", f"The last of three failures of the kind {kind} is the error.", failure)
        step(case.wait(f"{ask_id}-2", delay), failure, attempt=2)
        step(case.wait(f"{ask_id}-3", 2 * delay), failure, attempt=3)
        yield case.fails(code, "host", stage="source", ask_id=f"{ask_id}-3", retryable=True)
    for kind, code in [("denied", "host_denied"), ("unsupported", "host_unsupported"), ("other", "host_failed")]:
        yield asked(kind, f"The host's answer to the request: {kind}.", failed(kind, "not possible")).fails(
            code, "host", stage="source", ask_id=ask_id
        )
    for name, about, body in [
        ("empty", "An empty answer holds no token.", ""),
        ("html", "A proxy's page holds no token.", HTML),
        ("not-an-object", "The answer must be a JSON object.", "[]"),
        ("cut-short", "The answer must be JSON to its end.", f'{{"{field}": "eyJ0eXAi'),
        ("without-token", f"The field {field} is missing.", {"token_type": "Bearer"}),
        ("token-null", f"The field {field} is null.", {field: None}),
        ("token-empty", f"The field {field} is empty.", {field: ""}),
        ("token-number", f"The field {field} is not a text.", {field: 7}),
    ]:
        yield asked(f"answer-{name}", about, http(200, body)).fails(
            "subject_token_malformed", "remote", stage="source", ask_id=ask_id, status=200
        )

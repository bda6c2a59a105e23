"""The asks and replies of the AWS flow, as the JSON texts of the vectors."""

import base64
import json

from .signing import percent_encode, sign

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
AWS4_REQUEST = "urn:ietf:params:aws:token-type:aws4_request"
JWT = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
REGION_NAMES = ["AWS_REGION", "AWS_DEFAULT_REGION"]
KEY_NAMES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
CONTAINER_NAMES = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
]
WEB_IDENTITY_NAMES = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"]
PROFILE_NAMES = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "HOME",
    "USERPROFILE",
]
METADATA_NAMES = ["AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]
STS_NAMES = [
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
]
SSO_NAMES = ["AWS_ENDPOINT_URL_SSO"]


def env_names(*, region=True, credentials=True, calls=False):
    """What is asked of the environment: what is needed of region and credentials, and for calls to AWS."""
    names = list(REGION_NAMES) if region else []
    if credentials:
        names += KEY_NAMES + WEB_IDENTITY_NAMES + PROFILE_NAMES + CONTAINER_NAMES
    if region or credentials:
        names += METADATA_NAMES
    if credentials or calls:
        names += STS_NAMES
    if credentials:
        names += SSO_NAMES
    return names


IMDS_TIMEOUT_MS = 1000
CONTAINER_TIMEOUT_MS = 2000
GOOGLE_TIMEOUT_MS = 10000
AWS_STS_TIMEOUT_MS = 10000
SSO_TIMEOUT_MS = 10000
PROCESS_TIMEOUT_MS = 60000
AWS_FORM = "application/x-www-form-urlencoded; charset=utf-8"


# What the core asks.


def read_env(names=None):
    return {"id": "env", "action": "read_env", "names": env_names() if names is None else list(names)}


def read_file(ask_id, path):
    return {"id": ask_id, "action": "read_file", "path": path}


def run_command(ask_id, argv, env, timeout_ms):
    return {"id": ask_id, "action": "run_command", "argv": argv, "env": env, "timeout_ms": timeout_ms}


def wait(ask_id, duration_ms):
    return {"id": ask_id, "action": "wait", "duration_ms": duration_ms}


def imds_session(url, ask_id="imds-session"):
    ttl = [["x-aws-ec2-metadata-token-ttl-seconds", "300"]]
    return {"id": ask_id, **_imds("PUT", url, ttl)}


def imds_get(ask_id, url, session=None):
    headers = [] if session is None else [["x-aws-ec2-metadata-token", session]]
    return {"id": ask_id, **_imds("GET", url, headers)}


def container_token(path):
    return read_file("container-token", path)


def container_get(ask_id, url, authorization=None):
    """Over http the address is this machine's or a link-local one, which no proxy can reach."""
    headers = [["accept", "application/json"]]
    if authorization is not None:
        headers.append(["authorization", authorization])
    bypass_proxy = url.startswith("http:")
    return {"id": ask_id, **_http("GET", url, headers, "", CONTAINER_TIMEOUT_MS, bypass_proxy=bypass_proxy)}


def aws_sts_request(url, action, fields, credentials=None, region=None, now=None):
    """A call to AWS STS: a form, signed unless there are no credentials. ``host`` is left to who sends it."""
    body = form([("Action", action), ("Version", "2011-06-15"), *fields])
    headers = [["content-type", AWS_FORM]]
    if credentials is not None:
        signed = sign("POST", url, headers, body.encode(), credentials, region, "sts", now)
        headers = sorted([name.lower(), value] for name, value in signed)
    return _http("POST", url, headers, body, AWS_STS_TIMEOUT_MS, bypass_proxy=url.startswith("http:"))


def sso_get(ask_id, url, token):
    headers = [["accept", "application/json"], ["x-amz-sso_bearer_token", token]]
    return {"id": ask_id, **_http("GET", url, headers, "", SSO_TIMEOUT_MS, bypass_proxy=url.startswith("http:"))}


def form(fields):
    return "&".join(f"{percent_encode(name)}={percent_encode(value)}" for name, value in fields)


def token_get(ask_id, url, headers=(), *, bypass_proxy):
    """What a URL source asks: nothing but the headers of the configuration is sent."""
    pairs = [list(pair) for pair in headers]
    return {"id": ask_id, **_http("GET", url, pairs, "", GOOGLE_TIMEOUT_MS, bypass_proxy=bypass_proxy)}


def sts_request(
    *,
    token_url,
    audience,
    subject_token,
    subject_token_type=AWS4_REQUEST,
    scopes,
    actor_token=None,
    actor_token_type=None,
    client_id=None,
    client_secret=None,
    user_project=None,
    access_boundary=None,
    bind_cert_fingerprint=None,
    api_client=None,
    body_format="form",
    client_certificate=None,
):
    """RFC 8693 section 2.1, with Google's ``options``; client authentication of RFC 6749 section 2.3.1."""
    fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", audience),
        ("scope", " ".join(scopes)),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token", subject_token),
        ("subject_token_type", subject_token_type),
    ]
    if actor_token is not None:
        fields += [("actor_token", actor_token), ("actor_token_type", actor_token_type)]
    options = {
        "accessBoundary": None if access_boundary is None else json.loads(access_boundary),
        "bindCertFingerprint": bind_cert_fingerprint,
        "userProject": user_project,
    }
    options = {name: value for name, value in options.items() if value is not None}
    if options:
        fields.append(("options", json.dumps(options, separators=(",", ":"), ensure_ascii=False)))
    content_type, body = "application/x-www-form-urlencoded", form(fields)
    if body_format == "json":
        members = {_camel(name): value for name, value in fields}
        content_type, body = "application/json", json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    headers = [["accept", "application/json"], ["content-type", content_type]]
    if client_id is not None:
        headers.insert(1, ["authorization", basic_authorization(client_id, client_secret)])
    if api_client is not None:
        headers.append(["x-goog-api-client", api_client])
    return _http(
        "POST",
        token_url,
        headers,
        body,
        GOOGLE_TIMEOUT_MS,
        bypass_proxy=False,
        client_certificate=client_certificate,
    )


def google_form(url, fields, *, client_id=None, client_secret=None):
    """A form for another endpoint of Google's Security Token Service, or of an identity provider."""
    headers = [["accept", "application/json"], ["content-type", "application/x-www-form-urlencoded"]]
    if client_id is not None:
        headers.insert(1, ["authorization", basic_authorization(client_id, client_secret)])
    return _http("POST", url, headers, form(fields), GOOGLE_TIMEOUT_MS, bypass_proxy=False)


def impersonation_request(*, url, token, scopes, lifetime_seconds=3600, delegates=(), client_certificate=None):
    """IAM Credentials ``generateAccessToken``."""
    body = {"lifetime": f"{lifetime_seconds}s", "scope": list(scopes)}
    if delegates:
        body = {"delegates": list(delegates), **body}
    headers = [
        ["accept", "application/json"],
        ["authorization", f"Bearer {token}"],
        ["content-type", "application/json"],
    ]
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return _http(
        "POST",
        url,
        headers,
        text,
        GOOGLE_TIMEOUT_MS,
        bypass_proxy=False,
        client_certificate=client_certificate,
    )


def basic_authorization(client_id, client_secret):
    pair = f"{client_id}:{client_secret or ''}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def _camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _imds(method, url, headers):
    return _http(method, url, headers, "", IMDS_TIMEOUT_MS, bypass_proxy=True)


def _http(method, url, headers, body, timeout_ms, *, bypass_proxy, client_certificate=None):
    return {
        "action": "http_request",
        "method": method,
        "url": url,
        "headers": headers,
        "body": body,
        "timeout_ms": timeout_ms,
        "client_certificate": client_certificate,
        "bypass_proxy": bypass_proxy,
    }


# What the host answers. The id is added by the transcript.


def env(values):
    return {"reply": "env", "values": values}


def http(status, body="", headers=()):
    """A body that is not text becomes JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "reply": "http_response",
        "status": status,
        "headers": [list(pair) for pair in headers],
        "body": text,
    }


def file(content):
    """``None`` means that there is no such file."""
    return {"reply": "file", "content": content}


def command_output(stdout="", *, exit_code=0, stderr=""):
    """``None`` as the exit code means that a signal ended the program. What is not text becomes JSON."""
    text = stdout if isinstance(stdout, str) else json.dumps(stdout)
    return {"reply": "command_output", "exit_code": exit_code, "stdout": text, "stderr": stderr}


def failed(kind, message):
    return {"reply": "failed", "kind": kind, "message": message}


WAITED = {"reply": "waited"}

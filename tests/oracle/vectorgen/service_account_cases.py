"""What a workload does in the name of a service account: ID tokens, signatures, signed URLs, people, less than all.

The signed URLs, and what has to be signed for them, are those of google-cloud-storage.
"""

import base64
import json
from datetime import datetime, timezone

from google.cloud.storage import _signing

from . import protocol, world
from .aws_transcript import ahead
from .exchange_failures import HTML
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import CLOUD_PLATFORM, WAITED, http, wait
from .token_exchange import TokenExchange
from .transcript import numbered
from .world import NOW, token_config

FILE = {"file": "/var/run/token"}
AUDIENCE = "https://service-abc.a.run.app/päth?a=1"
ID_TOKEN = world.jwt({"iss": "https://accounts.google.com", "aud": AUDIENCE, "exp": NOW + 3600})
KEY_ID = "90cce8ad9c8d4d3f8b2b0a1a0f5e7a3b2c1d0e9f"
SIGNATURE = bytes(range(3, 259 - 3)) + b"\x00\xff\x10"
DELEGATED_TOKEN = "ya29.delegated-token-example-0001"
DOWNSCOPED_TOKEN = "ya29.dr.downscoped-token-example-0001"
OAUTH2_URL = "https://oauth2.googleapis.com/token"
PERSON = "ada@example.com"
DRIVE = "https://www.googleapis.com/auth/drive.readonly"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
BUCKET = "//storage.googleapis.com/projects/_/buckets/bucket"
BOUNDARY = {
    "accessBoundaryRules": [
        {
            "availableResource": BUCKET,
            "availablePermissions": ["inRole:roles/storage.objectViewer"],
            "availabilityCondition": {"expression": "resource.name.startsWith('projects/_/buckets/bucket/objects/a')"},
        }
    ]
}


SIGNED_BLOB = {"keyId": KEY_ID, "signedBlob": base64.b64encode(SIGNATURE).decode()}
SIGNED_JWT = {"keyId": KEY_ID, "signedJwt": ID_TOKEN}
# As Google's OAuth 2.0 token endpoint words them.
TIMEFRAME = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
AUDIENCE_CHECK = "Invalid JWT: Failed audience check."


class Account(TokenExchange):
    """``goal`` is that of the exchange; its configuration names a service account."""

    def __init__(self, name, about, goal, *, impersonate=True, config=None, **whole):
        config = config or token_config(FILE, impersonate=impersonate)
        super().__init__(name, about, config=config, goal=goal, **whole)

    def reached(self):
        """Up to the federated token, which is all that the methods of the account need."""
        return self.file().sts()

    def call(self, ask_id, method, body, reply, attempt=1, token=world.FEDERATED_TOKEN, delegates=()):
        url = self.config["service_account_impersonation_url"].replace("generateAccessToken", method)
        request = protocol.impersonation_request(url=url, token=token, scopes=[])
        whole = {**({"delegates": list(delegates)} if delegates else {}), **body}
        request["body"] = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
        return self.round(({"id": numbered(ask_id, attempt), **request}, reply))

    def id_token(self, reply=None, attempt=1, include_email=True, **more):
        self.secret(ID_TOKEN)
        body = {"audience": AUDIENCE, "includeEmail": include_email}
        return self.call("id-token", "generateIdToken", body, reply or http(200, {"token": ID_TOKEN}), attempt, **more)

    def sign_blob(self, payload, reply=None, attempt=1, **more):
        body = {"payload": base64.b64encode(payload).decode()}
        return self.call("sign-blob", "signBlob", body, reply or http(200, SIGNED_BLOB), attempt, **more)

    def sign_jwt(self, claims, reply=None, attempt=1, **more):
        if reply is None:
            self.secret(ID_TOKEN)
        return self.call("sign-jwt", "signJwt", {"payload": claims}, reply or http(200, SIGNED_JWT), attempt, **more)

    def off_by(self, seconds):
        self.result["clock_skew_seconds"] = seconds
        return self

    def gets(self, goal, value, kind, expires_at):
        self.secret(value)
        return self.outcome(goal=goal, token={"value": value, "expires_at": expires_at, "kind": kind})


def exchanges():
    yield from _id_tokens()
    yield from _signatures()
    yield from _signed_urls()
    yield from _people()
    yield from _less()
    yield from _with_a_wrong_clock()


def failures():
    yield from _refusals_of_the_account()
    yield from _refusals_of_people()
    yield from _refusals_of_less()


def misuse():
    for name, goal in [
        ("id-token-without-audience", id_token(audience="")),
        ("claims-no-object", {"goal": "sign_jwt", "claims": "[]"}),
        ("claims-no-json", {"goal": "sign_jwt", "claims": "{"}),
        ("nobody", delegated(subject="")),
        ("no-scopes", delegated(scopes=[])),
        ("url-of-nothing", signed_url(object="")),
        ("url-of-no-bucket", signed_url(bucket="")),
        ("url-of-no-time", signed_url(expires_in=0)),
        ("url-of-too-much-time", signed_url(expires_in=604801)),
        ("url-with-odd-method", signed_url(method="PATCH")),
        ("url-with-bad-header", signed_url(headers=[["a b", "c"]])),
        ("url-with-line-break", signed_url(headers=[["a", "b\nc"]])),
        ("url-with-own-signature", signed_url(query=[["x-goog-date", "1"]])),
        ("url-of-path", signed_url(bucket_bound_host="https://cdn.example.com/path")),
        ("url-of-odd-bucket", signed_url(bucket="a/b", virtual_hosted=True)),
        ("url-of-no-host", signed_url(bucket_bound_host="cdn.example.com")),
    ]:
        case = Account(name, "What cannot be asked of a service account.", goal).reached()
        yield case.fails("invalid_argument", "misuse")
    rule = BOUNDARY["accessBoundaryRules"][0]
    for name, boundary in [
        ("text", "{"),
        ("list", []),
        ("empty", {}),
        ("no-rules", {"accessBoundaryRules": []}),
        ("eleven-rules", {"accessBoundaryRules": [rule] * 11}),
        ("rule-text", {"accessBoundaryRules": ["x"]}),
        ("no-resource", _boundary(availableResource=None)),
        ("too-long", _boundary(availabilityCondition={"expression": "x" * 2048})),
        ("other-resource", _boundary(availableResource="//compute.googleapis.com/projects/my-project")),
        ("nameless-bucket", _boundary(availableResource=BUCKET.removesuffix("bucket"))),
        ("object", _boundary(availableResource=BUCKET + "/objects/a")),
        ("no-permissions", _boundary(availablePermissions=[])),
        ("no-role", _boundary(availablePermissions=["storage.objects.get"])),
        ("permission-number", _boundary(availablePermissions=[1])),
        ("no-expression", _boundary(availabilityCondition={"title": "x"})),
    ]:
        text = boundary if isinstance(boundary, str) else json.dumps(boundary)
        case = Account(f"boundary-{name}", "A boundary is checked before anything is asked.", downscoped(text))
        yield case.fails("invalid_argument", "misuse")


def refusals():
    for name, goal in [
        ("id-token", id_token()),
        ("sign-blob", {"goal": "sign_blob", "payload": ""}),
        ("sign-url", signed_url()),
        ("delegated", delegated()),
    ]:
        case = Account(f"{name}-of-nobody", "There is no service account to act as.", goal, impersonate=False)
        field = "service_account_impersonation_url"
        yield case.fails("config_field_missing", "config", stage="config", field=field)
    case = Account(
        "delegated-elsewhere", "The JWT goes to Google only.", delegated(token_url="https://example.com/token")
    )
    yield case.fails("config_url_refused", "config", stage="config", field="token_url")


# Goals.


def id_token(audience=AUDIENCE, **more):
    return {"goal": "id_token", "audience": audience, **more}


def delegated(subject=PERSON, scopes=(DRIVE,), **more):
    return {"goal": "delegated_access_token", "subject": subject, "scopes": list(scopes), **more}


def downscoped(boundary, scopes=()):
    text = boundary if isinstance(boundary, str) else json.dumps(boundary, separators=(",", ":"))
    return {"goal": "downscoped_access_token", "scopes": list(scopes), "access_boundary": text}


def signed_url(bucket="bucket", object="folder/näme with ~ & spaces.txt", expires_in=3600, **more):
    return {"goal": "sign_url", "bucket": bucket, "object": object, "expires_in": expires_in, **more}


# What goes well.


def _id_tokens():
    case = Account("id-token", "An ID token needs the federated token only.", id_token())
    yield case.reached().id_token().gets("id_token", ID_TOKEN, "id_token", NOW + 3600)
    case = Account("id-token-without-email", "The address can be left out.", id_token(include_email=False))
    yield case.reached().id_token(include_email=False).gets("id_token", ID_TOKEN, "id_token", NOW + 3600)
    case = Account("id-token-opaque", "Of a token that tells no end, none is known.", id_token()).reached()
    case.id_token(http(200, {"token": "opaque-id-token-example"}))
    yield case.gets("id_token", "opaque-id-token-example", "id_token", NOW)
    case = Account("id-token-retried", "A server error is tried again.", id_token()).reached().id_token(http(503))
    case.wait("id-token-2", 1000)
    yield case.id_token(attempt=2).gets("id_token", ID_TOKEN, "id_token", NOW + 3600)
    inner = token_config(FILE, impersonate=True)
    outer_url = world.IMPERSONATION_URL.replace(world.SERVICE_ACCOUNT, "outer@my-project.iam.gserviceaccount.com")
    outer = {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": outer_url,
        "delegates": ["middle@my-project.iam.gserviceaccount.com"],
        "source_credentials": inner,
    }
    case = Account(
        "id-token-in-two-steps", "The account before asks, with delegates.", id_token(), config=inner
    ).reached()
    request = protocol.impersonation_request(
        url=world.IMPERSONATION_URL, token=world.FEDERATED_TOKEN, scopes=[CLOUD_PLATFORM]
    )
    case.round(({"id": "impersonate-source", **request}, http(200, world.service_account_answer())))
    case.secret(world.SERVICE_ACCOUNT_TOKEN).config = outer
    case.id_token(
        token=world.SERVICE_ACCOUNT_TOKEN,
        delegates=["projects/-/serviceAccounts/middle@my-project.iam.gserviceaccount.com"],
    )
    yield case.gets("id_token", ID_TOKEN, "id_token", NOW + 3600)


def _signatures():
    for name, payload in [("text", b"sign me"), ("bytes", bytes(range(256))), ("nothing", b"")]:
        goal = {"goal": "sign_blob", "payload": base64.b64encode(payload).decode()}
        case = Account(f"sign-blob-{name}", "Any bytes are signed.", goal).reached().sign_blob(payload)
        yield case.outcome(goal="sign_blob", key_id=KEY_ID, signature=base64.b64encode(SIGNATURE).decode())
    claims = '{"sub": "somebody", "näme": "ü\\n"}'
    case = Account("sign-jwt", "Claims are sent as they are.", {"goal": "sign_jwt", "claims": claims})
    yield case.reached().sign_jwt(claims).outcome(goal="sign_jwt", key_id=KEY_ID, jwt=ID_TOKEN)


class Signer:
    """Keeps what google-cloud-storage wants to be signed, and signs as the account does."""

    signer_email = world.SERVICE_ACCOUNT

    def sign_bytes(self, message):
        self.message = message
        return SIGNATURE


def of_google(goal, now=NOW):
    """What google-cloud-storage signs, and the URL that it gives."""
    style = {"method": goal.get("method", "GET")}
    quoted = _signing.urllib.parse.quote(goal["object"].encode(), safe=b"/~")
    endpoint, resource = "https://storage.googleapis.com", f"/{goal['bucket']}/{quoted}"
    if goal.get("virtual_hosted"):
        endpoint, resource = f"https://{goal['bucket']}.storage.googleapis.com", f"/{quoted}"
    if goal.get("bucket_bound_host"):
        endpoint, resource = goal["bucket_bound_host"], f"/{quoted}"
    signer = Signer()
    url = _signing.generate_signed_url_v4(
        signer_with_ensured_type(signer),
        resource,
        goal["expires_in"],
        api_access_endpoint=endpoint,
        headers=dict(goal.get("headers", [])),
        query_parameters=dict(goal.get("query", [])),
        _request_timestamp=datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%SZ"),
        **style,
    )
    return signer.message, url


def signer_with_ensured_type(signer):
    """google-cloud-storage takes nothing but a ``google.auth.credentials.Signing``."""
    _signing.google.auth.credentials.Signing.register(Signer)
    return signer


def _signed_urls():
    for name, more in [
        ("get", {}),
        ("put", {"method": "PUT", "headers": [["Content-Type", "text/plain"], ["x-goog-meta-a", " b   c "]]}),
        ("resumable", {"method": "RESUMABLE"}),
        ("query", {"query": [["generation", "17"], ["response-content-disposition", 'attachment; filename="ü.txt"']]}),
        ("virtual-hosted", {"virtual_hosted": True}),
        ("virtual-hosted-underscore", {"virtual_hosted": True, "bucket": "my_bucket.example"}),
        ("bucket-bound", {"bucket_bound_host": "https://cdn.example.com"}),
        ("bucket-bound-port", {"bucket_bound_host": "http://cdn.example.com:8080"}),
        ("payload", {"method": "PUT", "headers": [["X-Goog-Content-SHA256", "ab" * 32]]}),
        ("week", {"expires_in": 604800}),
        ("second", {"expires_in": 1, "object": "a"}),
    ]:
        goal = signed_url(**more)
        message, url = of_google(goal)
        case = Account(f"sign-url-{name}", "As google-cloud-storage signs it.", goal).reached().sign_blob(message)
        case.secret(url.rsplit("=", 1)[1])
        yield case.outcome(goal="sign_url", url=url, expires_at=NOW + goal["expires_in"])
    goal = signed_url()
    case = Account("sign-url-retried", "The date is that of the try that succeeded.", goal).reached()
    case.sign_blob(of_google(goal)[0], http(503)).wait("sign-blob-2", 1000)
    message, url = of_google(goal, NOW + 1)
    case.sign_blob(message, attempt=2).secret(url.rsplit("=", 1)[1])
    yield case.outcome(goal="sign_url", url=url, expires_at=NOW + 1 + 3600)


def _with_a_wrong_clock():
    for name, seconds in [("behind", 1200), ("ahead", -1200), ("a-minute", 60)]:
        goal = signed_url()
        case = Account(f"sign-url-clock-{name}", "What is signed names the time of Google's reply.", goal).reached()
        case.sign_blob(of_google(goal)[0], http(200, SIGNED_BLOB, ahead(seconds)))
        message, url = of_google(goal, NOW + seconds)
        case.sign_blob(message, http(200, SIGNED_BLOB, ahead(seconds)), "clock").secret(url.rsplit("=", 1)[1])
        case.outcome(goal="sign_url", url=url, expires_at=NOW + 3600)
        yield case.off_by(seconds)
        case = Account(f"delegated-clock-{name}", "The JWT names the time of Google's reply.", delegated()).reached()
        case.sign_jwt(claims(), http(200, SIGNED_JWT, ahead(seconds)))
        _delegate(case.sign_jwt(claims(NOW + seconds), attempt="clock"))
        case.gets("delegated_access_token", DELEGATED_TOKEN, "delegated", FEDERATED_EXPIRY)
        yield case.off_by(seconds)
    goal = signed_url()
    message, url = of_google(goal)
    for name, about, headers in [
        ("small-skew", "A clock that is right enough is left alone.", ahead(59)),
        ("odd-date", "A date that is none is no reason to sign again.", [("date", "yesterday")]),
        ("more-than-a-day", "A clock that is off by more than a day would let no TLS be spoken.", ahead(86401)),
    ]:
        case = Account(f"sign-url-clock-{name}", about, goal).reached()
        case.sign_blob(message, http(200, SIGNED_BLOB, headers)).secret(url.rsplit("=", 1)[1])
        yield case.outcome(goal="sign_url", url=url, expires_at=NOW + 3600)
    case = Account("sign-url-clock-twice", "It is signed again once only.", goal).reached()
    case.sign_blob(message, http(200, SIGNED_BLOB, ahead(1200)))
    message, url = of_google(goal, NOW + 1200)
    case.sign_blob(message, http(200, SIGNED_BLOB, ahead(2400)), "clock").secret(url.rsplit("=", 1)[1])
    # By the clock of the last reply, which is the best that is known.
    case.outcome(goal="sign_url", url=url, expires_at=NOW + 1200 + 3600 - 2400)
    yield case.off_by(1200)
    for goal, call in [
        (
            {"goal": "sign_blob", "payload": "YQ=="},
            lambda case: case.sign_blob(b"a", http(200, SIGNED_BLOB, ahead(1200))),
        ),
        ({"goal": "sign_jwt", "claims": "{}"}, lambda case: case.sign_jwt("{}", http(200, SIGNED_JWT, ahead(1200)))),
    ]:
        name = goal["goal"].replace("_", "-")
        case = Account(f"{name}-clock", "What the caller has written is no matter of the clock.", goal).reached()
        call(case)
        if name == "sign-jwt":
            yield case.secret(ID_TOKEN).outcome(goal="sign_jwt", key_id=KEY_ID, jwt=ID_TOKEN)
        else:
            yield case.outcome(goal="sign_blob", key_id=KEY_ID, signature=base64.b64encode(SIGNATURE).decode())


def claims(now=NOW, scopes=(DRIVE,), url=OAUTH2_URL):
    whole = {
        "aud": url,
        "exp": now + 3600,
        "iat": now,
        "iss": world.SERVICE_ACCOUNT,
        "scope": " ".join(scopes),
        "sub": PERSON,
    }
    return json.dumps(whole, separators=(",", ":"))


def _delegate(case, reply=None, attempt=1, url=OAUTH2_URL):
    fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", ID_TOKEN)]
    answer = {"access_token": DELEGATED_TOKEN, "expires_in": 3599, "token_type": "Bearer"}
    return case.round(
        ({"id": numbered("delegate", attempt), **protocol.google_form(url, fields)}, reply or http(200, answer))
    )


def _people():
    for name, scopes in [("", (DRIVE,)), ("-scopes", (DRIVE, CLOUD_PLATFORM))]:
        case = Account(f"delegated{name}", "The account acts for a person.", delegated(scopes=scopes))
        _delegate(case.reached().sign_jwt(claims(scopes=scopes)))
        yield case.gets("delegated_access_token", DELEGATED_TOKEN, "delegated", FEDERATED_EXPIRY)
    case = Account("delegated-retried", "A new try is no new JWT.", delegated()).reached().sign_jwt(claims())
    _delegate(case, http(503)).wait("delegate-2", 1000)
    _delegate(case, attempt=2)
    yield case.gets("delegated_access_token", DELEGATED_TOKEN, "delegated", FEDERATED_EXPIRY + 1)


def _downscope(case, token, boundary, reply=None):
    fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", ACCESS_TOKEN_TYPE),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN_TYPE),
        ("options", json.dumps({"accessBoundary": boundary}, separators=(",", ":"))),
    ]
    answer = {"access_token": DOWNSCOPED_TOKEN, "token_type": "Bearer", "expires_in": 1800}
    request = protocol.google_form(case.config["token_url"], fields)
    return case.round(({"id": "downscope", **request}, reply or http(200, answer)))


def _less():
    goal = "downscoped_access_token"
    case = Account("downscoped", "A service account's token, and then less.", downscoped(BOUNDARY))
    case.reached().impersonate()
    _downscope(case, world.SERVICE_ACCOUNT_TOKEN, BOUNDARY)
    yield case.gets(goal, DOWNSCOPED_TOKEN, "downscoped", NOW + 1800)
    case = Account(
        "downscoped-federated", "The workload's own token, and then less.", downscoped(BOUNDARY), impersonate=False
    )
    _downscope(case.reached(), world.FEDERATED_TOKEN, BOUNDARY)
    yield case.gets(goal, DOWNSCOPED_TOKEN, "downscoped", NOW + 1800)
    for name, answer in [
        ("unknown", {"access_token": DOWNSCOPED_TOKEN}),
        ("longer", {"access_token": DOWNSCOPED_TOKEN, "expires_in": 7200}),
    ]:
        case = Account(f"downscoped-{name}", "It ends no later than the whole one.", downscoped(BOUNDARY)).reached()
        _downscope(case.impersonate(), world.SERVICE_ACCOUNT_TOKEN, BOUNDARY, http(200, answer))
        yield case.gets(goal, DOWNSCOPED_TOKEN, "downscoped", IMPERSONATED_EXPIRY)


# What does not.


def _refusals_of_the_account():
    denied = {"error": {"code": 403, "message": "Permission denied.", "status": "PERMISSION_DENIED"}}
    told = {"status": 403, "error": "PERMISSION_DENIED", "error_description": "Permission denied."}
    blob = {"goal": "sign_blob", "payload": "YQ=="}
    jwt = {"goal": "sign_jwt", "claims": "{}"}
    for goal, stage, ask_id, call, hint in [
        (id_token(), "id_token", "id-token", Account.id_token, "workloadIdentityUser"),
        (
            blob,
            "sign",
            "sign-blob",
            lambda case, reply, attempt=1: case.sign_blob(b"a", reply, attempt),
            "TokenCreator",
        ),
        (jwt, "sign", "sign-jwt", lambda case, reply, attempt=1: case.sign_jwt("{}", reply, attempt), "TokenCreator"),
    ]:
        case = Account(f"{ask_id}-denied", "The workload may not.", goal).reached()
        call(case, http(403, denied))
        case.fails(f"{stage}_rejected", "remote", stage=stage, ask_id=ask_id, **told)
        case.result["error"]["hint_contains"] = hint
        yield case
        for name, body in [("html", HTML), ("empty", {})]:
            case = Account(f"{ask_id}-{name}", "A success that has nothing in it.", goal).reached()
            call(case, http(200, body))
            yield case.fails(f"{stage}_malformed", "remote", stage=stage, ask_id=ask_id, status=200)
        case = Account(f"{ask_id}-unavailable", "Three server errors are enough.", goal).reached()
        call(case, http(500))
        for attempt, pause in ((2, 1000), (3, 2000)):
            case.round((wait(f"{ask_id}-{attempt}-wait", pause), WAITED))
            call(case, http(500), attempt)
        ask_id = f"{ask_id}-3"
        yield case.fails(f"{stage}_unavailable", "remote", stage=stage, ask_id=ask_id, status=500, retryable=True)
    case = Account("sign-blob-no-base64", "The signature is in base64.", blob).reached()
    case.sign_blob(b"a", http(200, {"keyId": KEY_ID, "signedBlob": "!"}))
    yield case.fails("sign_malformed", "remote", stage="sign", ask_id="sign-blob", status=200)


def _refusals_of_people():
    for name, status, body, hint in [
        (
            "unauthorized",
            401,
            {"error": "unauthorized_client", "error_description": "Client is unauthorized."},
            "Admin console",
        ),
        ("unknown", 400, {"error": "invalid_grant", "error_description": "Invalid email or User ID"}, "subject"),
        ("too-late", 400, {"error": "invalid_grant", "error_description": TIMEFRAME}, "clock"),
        ("audience", 400, {"error": "invalid_grant", "error_description": AUDIENCE_CHECK}, "token_url"),
        ("scope", 400, {"error": "invalid_scope", "error_description": "Bad scope."}, "scopes"),
    ]:
        case = Account(f"delegated-{name}", "Google does not let it act for that person.", delegated()).reached()
        _delegate(case.sign_jwt(claims()), http(status, body))
        case.fails("delegation_rejected", "remote", stage="delegation", ask_id="delegate", status=status, **body)
        case.result["error"]["hint_contains"] = hint
        yield case
    case = Account("delegated-unavailable", "Three server errors are enough.", delegated()).reached()
    _delegate(case.sign_jwt(claims()), http(503))
    for attempt, pause in ((2, 1000), (3, 2000)):
        case.round((wait(f"delegate-{attempt}-wait", pause), WAITED))
        _delegate(case, http(503), attempt)
    yield case.fails(
        "delegation_unavailable", "remote", stage="delegation", ask_id="delegate-3", status=503, retryable=True
    )
    case = Account("delegated-html", "A success without a token.", delegated()).reached()
    _delegate(case.sign_jwt(claims()), http(200, HTML))
    yield case.fails("delegation_malformed", "remote", stage="delegation", ask_id="delegate", status=200)


def _refusals_of_less():
    refusal = {"error": "invalid_request", "error_description": "Invalid access boundary."}
    case = (
        Account("downscoped-refused", "Google does not like the boundary.", downscoped(BOUNDARY))
        .reached()
        .impersonate()
    )
    _downscope(case, world.SERVICE_ACCOUNT_TOKEN, BOUNDARY, http(400, refusal))
    case.fails("sts_rejected", "remote", stage="sts", ask_id="downscope", status=400, **refusal)
    case.result["error"]["hint_contains"] = "access boundary"
    yield case
    case = Account("downscoped-html", "A success without a token.", downscoped(BOUNDARY)).reached().impersonate()
    _downscope(case, world.SERVICE_ACCOUNT_TOKEN, BOUNDARY, http(200, HTML))
    yield case.fails("sts_malformed", "remote", stage="sts", ask_id="downscope", status=200)


def _boundary(**changes):
    rule = {**BOUNDARY["accessBoundaryRules"][0], **changes}
    return {"accessBoundaryRules": [{name: value for name, value in rule.items() if value is not None}]}

"""Exchanges with a token in a file, and what holds for every token: its form, and its time."""

import json

from . import world
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import failed, http
from .token_exchange import TOKEN, TokenExchange
from .world import NOW, jwt, token_config

PATH = "/var/run/secrets/tokens/gcp"
TEXT = {"file": PATH}
JSON = {"file": PATH, "format": {"type": "json", "subject_token_field_name": "id_token"}}
HINT = "credential_source.format"


def exchanges():
    yield from texts()
    yield from objects()
    yield from times()
    yield from broken()


def good(name, about, content, *, source=TEXT, proof=TOKEN, impersonate=False, token_type=world.JWT, **fields):
    config = token_config(source, impersonate=impersonate, token_type=token_type, **fields)
    case = TokenExchange(name, about, config=config, proof=proof).file(content).sts()
    return case.impersonate().token(IMPERSONATED_EXPIRY) if impersonate else case.token(FEDERATED_EXPIRY)


def texts():
    yield good("text", "A token in a file, as Kubernetes writes it.", TOKEN)
    yield good("impersonation", "A token in a file, and a service account.", TOKEN, impersonate=True)
    yield good("text-named", "The format text may be named.", TOKEN, source={**TEXT, "format": {"type": "text"}})
    yield good("text-format-empty", "A format without a type is text.", TOKEN, source={**TEXT, "format": {}})
    yield good("text-trimmed", "Blanks and line breaks around the token are taken away.", f"\n\t {TOKEN} \r\n")
    yield good("text-byte-order-mark", "So is a byte order mark, which some editors write.", f"\ufeff{TOKEN}\n")
    yield good("text-relative-path", "A path may be relative.", TOKEN, source={"file": "token.txt"})
    yield good("id-token", "An id_token is a JWT as well.", TOKEN, token_type=world.ID_TOKEN)
    saml = "PHNhbWxwOlJlc3BvbnNlPg+/example=="
    yield good("saml", "A SAML response goes as it is.", f"{saml}\n", proof=saml, token_type=world.SAML)
    yield good(
        "client-authentication",
        "A client that authenticates itself, with a token from a file.",
        TOKEN,
        client_id="client.apps.example",
        client_secret="client-secret-example",
    )


def objects():
    def written(name, about, body, **more):
        text = body if isinstance(body, str) else json.dumps(body)
        return good(name, about, text, source=JSON, **more)

    yield written("json", "The field of a JSON object.", {"id_token": TOKEN, "other": 7})
    yield written("json-byte-order-mark", "JSON after a byte order mark.", "\ufeff" + json.dumps({"id_token": TOKEN}))
    yield written("json-saml", "SAML in JSON.", {"id_token": "PHNhbWw+"}, proof="PHNhbWw+", token_type=world.SAML)
    dotted = {"file": PATH, "format": {"type": "json", "subject_token_field_name": "data.token"}}
    body = {"data": {"token": "another-token"}, "data.token": TOKEN}
    yield good("json-dotted-field", "The name of the field is one name, and no path.", json.dumps(body), source=dotted)


def times():
    for name, about, claims in [
        ("expires-in-a-second", "A JWT is good until the second of its exp.", {"exp": NOW + 1}),
        ("expires-in-a-fraction", "An exp may have a fraction.", {"exp": NOW + 1.5}),
        ("expires-in-exponents", "A number may be written with an exponent.", '{"exp":17041646.46e2}'),
        ("expires-never", "A JWT without exp is let through: Google decides.", {"sub": "workload"}),
        ("expires-text", "An exp that is not a number is let through.", {"exp": str(NOW - 1)}),
        ("expires-null", "So is one that is null.", {"exp": None}),
        ("expires-too-late", "A time that nobody lives to see.", '{"exp":1e300}'),
        ("claims-not-json", "Claims that are no JSON are let through.", "no json"),
        ("claims-a-list", "So is a list.", "[1]"),
    ]:
        token = jwt(claims)
        yield good(f"jwt-{name}", about, token, proof=token)
    for name, about, token in [
        ("opaque", "A token that is no JWT is let through.", "opaque-token-of-the-platform"),
        ("two-parts", "So is one of two parts.", TOKEN.rsplit(".", 1)[0]),
        ("not-base64", "So is one whose middle is no base64.", "eyJhbGciOiJub25lIn0.!!!.c2ln"),
    ]:
        yield good(f"token-{name}", about, token, proof=token)
    past = jwt({"exp": NOW - 86400})
    yield good(
        "saml-that-looks-expired",
        "Only in a JWT is an exp looked for.",
        past,
        proof=past,
        token_type=world.SAML,
    )
    for name, about, claims in [
        ("a-day-ago", "A JWT whose time is over is refused before any request.", {"exp": NOW - 86400}),
        ("now", "At the second of its exp a JWT is not good any more.", {"exp": NOW}),
        ("half-a-second-ago", "An exp with a fraction.", {"exp": NOW - 0.5}),
        ("before-1970", "An exp before the epoch.", {"exp": -1}),
        ("long-ago", "An exp before all time.", '{"exp":-1e300}'),
    ]:
        token = jwt(claims)
        case = TokenExchange(f"jwt-expired-{name}", about, config=token_config(TEXT), proof=token)
        yield case.file(token).fails("subject_token_expired", "config", stage="source", hint_contains="clock")
    token = jwt({"exp": NOW + 1})
    case = TokenExchange(
        "jwt-expired-before-the-second-try",
        "A JWT whose time is over when STS is tried again is not sent again.",
        config=token_config(TEXT),
        proof=token,
    )
    case.file(token).sts(http(503, "")).wait("sts-2", 1000)
    yield case.fails("subject_token_expired", "config", stage="source")


def broken():
    def asked(name, about, content, source=TEXT, **more):
        return TokenExchange(name, about, config=token_config(source)).file(content, **more)

    yield asked("missing", "There is no such file.", None).fails(
        "subject_token_missing",
        "config",
        stage="source",
        ask_id="subject-token",
        hint_contains="credential_source.file",
    )
    for kind, code in [("denied", "host_denied"), ("other", "host_failed"), ("unsupported", "host_unsupported")]:
        yield asked(f"host-{kind}", f"The host could not read: {kind}.", None, reply=failed(kind, "no")).fails(
            code, "host", stage="source", ask_id="subject-token", hint_contains="credential_source.file"
        )
    token = json.dumps({"id_token": TOKEN})
    for name, about, content, source in [
        ("empty", "An empty file holds no token.", "", TEXT),
        ("blank", "A file of blanks holds no token.", " \n\t", TEXT),
        ("json-not-json", "A text where JSON should be.", TOKEN, JSON),
        ("json-empty", "An empty file is no JSON.", "", JSON),
        ("json-list", "A list is no object.", f"[{token}]", JSON),
        ("json-two-objects", "Two objects are not one.", token + token, JSON),
        ("json-field-missing", "The field is not there.", json.dumps({"access_token": TOKEN}), JSON),
        ("json-field-other-case", "Upper and lower case differ.", json.dumps({"ID_TOKEN": TOKEN}), JSON),
        ("json-field-number", "The field is a number.", '{"id_token": 5}', JSON),
        ("json-field-object", "The field is an object.", json.dumps({"id_token": {"raw": TOKEN}}), JSON),
        ("json-field-list", "The field is a list.", json.dumps({"id_token": [TOKEN]}), JSON),
        ("json-field-null", "The field is null.", '{"id_token": null}', JSON),
        ("json-field-empty", "The field is empty.", '{"id_token": ""}', JSON),
    ]:
        yield asked(name, about, content, source).fails(
            "subject_token_invalid", "config", stage="source", ask_id="subject-token", hint_contains=HINT
        )
    yield (
        asked("sts-quotes-the-token", "A server that sends back the token in its refusal.", TOKEN)
        .sts(http(400, {"error": "invalid_grant", "error_description": f"The token {TOKEN} is not good."}))
        .fails(
            "sts_rejected",
            "remote",
            stage="sts",
            ask_id="sts",
            status=400,
            error="invalid_grant",
            error_description="The token [redacted] is not good.",
        )
    )

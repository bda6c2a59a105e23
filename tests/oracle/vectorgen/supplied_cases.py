"""Proofs that the calling program supplies, and who acts for the workload."""

import json
from pathlib import Path

import tomllib

from . import world
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import AWS4_REQUEST, ID_TOKEN, JWT
from .token_exchange import TOKEN, TokenExchange
from .world import token_config

FILE = {"file": "/var/run/token"}
CALLER = {"sanskey": {"platform": "caller"}}
ACTOR = world.jwt({"iss": "https://issuer.example", "sub": "agent", "exp": world.NOW + 600})
EXPIRED = world.jwt({"iss": "https://issuer.example", "sub": "agent", "exp": world.NOW - 1})
BOTH = {
    "type": "json",
    "subject_token_field_name": "subject",
    "actor_token_field_name": "actor",
}
VERSION = tomllib.loads((Path(__file__).parents[3] / "Cargo.toml").read_text())["workspace"]["package"]["version"]


class Supplied(TokenExchange):
    def __init__(self, name, about, *, source=CALLER, token=TOKEN, token_type=JWT, impersonate=False, **options):
        config = token_config(source, token_type=token_type, impersonate=impersonate)
        options = {"subject_token": token, **options}
        options = {option: value for option, value in options.items() if value is not None}
        super().__init__(name, about, config=config, proof=token or TOKEN, options=options)
        self.secret(options.get("actor_token"))

    def acting(self, token=ACTOR, token_type=JWT):
        self.sts_fields = {"actor_token": token, "actor_token_type": token_type}
        return self.secret(token)


def exchanges():
    case = Supplied("supplied", "The calling program has the token; nothing is asked of anybody.")
    yield case.sts().token(FEDERATED_EXPIRY)
    case = Supplied("supplied-impersonation", "And becomes a service account with it.", impersonate=True)
    yield case.sts().impersonate().token(IMPERSONATED_EXPIRY)
    case = Supplied("supplied-in-place-of-file", "It goes before the configured source.", source=FILE)
    yield case.sts().token(FEDERATED_EXPIRY)
    for name, token_type in [("id-token", ID_TOKEN), ("saml", world.SAML), ("aws", AWS4_REQUEST)]:
        token = TOKEN if name == "id-token" else "PHNhbWw+ example/opaque="
        case = Supplied(
            f"supplied-{name}", "Of any type that the configuration names.", token=token, token_type=token_type
        )
        yield case.sts().token(FEDERATED_EXPIRY)
    case = Supplied("supplied-actor", "With a proof of who acts.", actor_token=ACTOR, actor_token_type=ID_TOKEN)
    yield case.acting(token_type=ID_TOKEN).sts().token(FEDERATED_EXPIRY)
    yield from _actors()
    yield from _api_clients()


def failures():
    case = Supplied("not-supplied", "The configuration leaves the token to the caller.", token=None)
    yield case.fails("subject_token_missing", "config", stage="source")
    expired = world.jwt({"exp": world.NOW})
    case = Supplied("supplied-expired", "A JWT whose time is over.", token=expired)
    yield case.fails("subject_token_expired", "config", stage="source")
    case = Supplied("supplied-actor-expired", "So is that of who acts.", actor_token=EXPIRED, actor_token_type=JWT)
    yield case.fails("subject_token_expired", "config", stage="source")
    case = _file("file-actor-expired", "The actor's JWT in the file is over.")
    yield (
        case.file(json.dumps({"subject": TOKEN, "actor": EXPIRED}))
        .secret(EXPIRED)
        .fails("subject_token_expired", "config", stage="source")
    )
    for name, text in [
        ("missing", {"subject": TOKEN}),
        ("empty", {"subject": TOKEN, "actor": ""}),
        ("number", {"subject": TOKEN, "actor": 7}),
    ]:
        case = _file(f"file-actor-{name}", "The file does not say who acts.").file(json.dumps(text))
        yield case.fails("subject_token_invalid", "config", stage="source", ask_id="subject-token")


def misuse():
    for name, about, more in [
        ("supplied-empty", "An empty token is none.", {"token": ""}),
        ("supplied-actor-empty", "An empty token proves nobody.", {"actor_token": "", "actor_token_type": JWT}),
        (
            "bound-without-certificate",
            "Without a certificate there is nothing to bind to.",
            {"bind_to_certificate": True},
        ),
        (
            "supplied-beside-certificate",
            "The proof is the certificate.",
            {
                "source": {"certificate": {"use_default_certificate_config": True}},
                "token_type": world.MTLS,
            },
        ),
    ]:
        yield Supplied(name, about, **more).fails("invalid_argument", "misuse")


def refusals():
    def invalid(name, about, field, source, code="invalid", **fields):
        case = TokenExchange(name, about, config=token_config(source, **fields))
        return case.fails(f"config_field_{code}", "config", stage="config", field=field)

    field = "credential_source.format.actor_token_field_name"
    json_file = {**FILE, "format": BOTH}
    yield invalid("actor-without-type", "An actor token has a type.", "actor_token_type", json_file, "missing")
    yield invalid(
        "actor-of-saml", "It is a JWT or an ID token.", "actor_token_type", json_file, actor_token_type=world.SAML
    )
    yield invalid("actor-type-alone", "A type of nothing is no use.", "actor_token_type", FILE, actor_token_type=JWT)
    same = {**FILE, "format": {**BOTH, "actor_token_field_name": "subject"}}
    yield invalid("actor-is-subject", "They are two.", field, same, actor_token_type=JWT)
    text = {**FILE, "format": {"type": "text", "actor_token_field_name": "actor"}}
    yield invalid("actor-in-text", "A text has one token.", field, text, actor_token_type=JWT)
    program = {"executable": {"command": "/bin/program"}}
    yield invalid("actor-of-program", "A program gives one token.", "actor_token_type", program, actor_token_type=JWT)


def _file(name, about, **more):
    source = {**FILE, "format": BOTH}
    return TokenExchange(name, about, config=token_config(source, actor_token_type=JWT, **more))


def _actors():
    text = json.dumps({"subject": TOKEN, "actor": ACTOR})
    fields = {"actor_token": ACTOR, "actor_token_type": JWT}
    case = _file("file-actor", "A file with both tokens.").file(text).secret(ACTOR)
    case.sts_fields = fields
    yield case.sts().token(FEDERATED_EXPIRY)
    url = {"url": "http://169.254.169.254/tokens", "format": BOTH}
    case = TokenExchange("url-actor", "A server with both.", config=token_config(url, actor_token_type=JWT))
    case.url(text).secret(ACTOR).sts_fields = fields
    yield case.sts().token(FEDERATED_EXPIRY)


def _api_clients():
    """As google-auth's ``metrics.byoid_metrics_header`` has it, after the name and the version."""
    for name, source, impersonate, more, told in [
        ("file", FILE, False, {}, "source/file sa-impersonation/false config-lifetime/false"),
        (
            "lifetime",
            CALLER,
            True,
            {"service_account_impersonation": {"token_lifetime_seconds": 1200}},
            "source/programmatic sa-impersonation/true config-lifetime/true",
        ),
    ]:
        case = Supplied(
            f"api-client-{name}",
            "Google is told what asks, if the caller wants it to know.",
            source=source,
            impersonate=impersonate,
            api_client="gl-python/3.14.0",
        )
        case.config.update(more)
        case.sts_fields = {"api_client": f"gl-python/3.14.0 sanskey/{VERSION} google-byoid-sdk {told}"}
        case.sts()
        yield case.impersonate().token(IMPERSONATED_EXPIRY) if impersonate else case.token(FEDERATED_EXPIRY)

"""Exchanges with an X.509 certificate. The expected base64 is the standard library's."""

import base64
import hashlib
import json
import ssl

from . import protocol, world
from .certificates import INTERMEDIATE, LEAF, ROOT
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import failed, file
from .token_exchange import TOKEN, TokenExchange
from .world import token_config

NAMES = ["GOOGLE_API_CERTIFICATE_CONFIG", "CLOUDSDK_CONFIG", "APPDATA", "HOME"]
LOCATION = "/etc/workload/certificate_config.json"
PATHS = {"cert_path": "/etc/workload/cert.pem", "key_path": "/etc/workload/key.pem"}
CONFIG = json.dumps({"version": 1, "cert_configs": {"workload": PATHS}})
CHAIN = "/etc/workload/chain.pem"
EXPLICIT = {"certificate_config_location": LOCATION}
TOKEN_URL = "https://sts.mtls.googleapis.com/v1/token"


def proof(*certificates):
    return json.dumps(
        [base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode() for pem in certificates], separators=(",", ":")
    )


class Certificate(TokenExchange):
    def __init__(self, name, about, *, source=EXPLICIT, token=(LEAF,), impersonate=False, **whole):
        config = token_config(
            {"certificate": source}, token_type=world.MTLS, impersonate=impersonate, token_url=TOKEN_URL
        )
        super().__init__(name, about, config=config, proof=proof(*token), **whole)
        self.client_certificate = PATHS

    def place(self, content=CONFIG, path=LOCATION, reply=None):
        return self.read("certificate-config", path, content, reply)

    def files(self, leaf=LEAF, chain=None, leaf_reply=None, chain_reply=None):
        pairs = [(protocol.read_file("certificate", PATHS["cert_path"]), leaf_reply or file(leaf))]
        if "trust_chain_path" in self.config["credential_source"]["certificate"]:
            pairs.append((protocol.read_file("trust-chain", CHAIN), chain_reply or file(chain)))
        return self.round(*pairs)

    def done(self):
        return self.sts().token(FEDERATED_EXPIRY)


def exchanges():
    yield Certificate("explicit", "The file that names the certificate is given.").place().files().done()
    yield (
        Certificate("impersonation", "Both requests to Google are made with the certificate.", impersonate=True)
        .place()
        .files()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    fingerprint = base64.urlsafe_b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(LEAF)).digest()).decode().rstrip("=")
    case = Certificate("bound", "The token is bound to the certificate.", options={"bind_to_certificate": True})
    case.sts_fields = {"bind_cert_fingerprint": fingerprint}
    yield case.place().files().done()
    case = TokenExchange(
        "beside-file",
        "The proof is in a file, and Google is reached over mutual TLS.",
        config=token_config({"file": "/var/run/token", "certificate": EXPLICIT}, impersonate=True, token_url=TOKEN_URL),
    )
    case.client_certificate = PATHS
    proof_and_place = [
        (protocol.read_file("subject-token", "/var/run/token"), file(TOKEN)),
        (protocol.read_file("certificate-config", LOCATION), file(CONFIG)),
    ]
    yield case.round(*proof_and_place).sts().impersonate().token(IMPERSONATED_EXPIRY)
    default = {"use_default_certificate_config": True}
    everything = dict(zip(NAMES, [LOCATION, "/sdk/", "C:\\Users\\w\\AppData", "/home/w"], strict=True))
    for name, left_out, path in [
        ("variable", 0, LOCATION),
        ("gcloud", 1, "/sdk/certificate_config.json"),
        ("appdata", 2, "C:\\Users\\w\\AppData/gcloud/certificate_config.json"),
        ("home", 3, "/home/w/.config/gcloud/certificate_config.json"),
    ]:
        case = Certificate(f"default-{name}", "The usual places, in their order.", source=default)
        values = {key: everything[key] for key in NAMES[left_out:]}
        yield case.variables(NAMES, values).place(path=path).files().done()
    case = Certificate("default-home-is-root", "A home that is the root.", source=default)
    yield case.variables(NAMES, {"HOME": "/"}).place(path="/.config/gcloud/certificate_config.json").files().done()
    for name, text in [
        ("preamble", "subject=workload.example\n" + LEAF + "trailing text\n"),
        ("carriage-returns", LEAF.replace("\n", "\r\n")),
        ("several", LEAF + INTERMEDIATE + ROOT),
        ("key-before", "-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n" + LEAF),
    ]:
        yield Certificate(f"leaf-{name}", "The first certificate counts.").place().files(text).done()
    source = {**EXPLICIT, "trust_chain_path": CHAIN}
    for name, text, rest in [
        ("without-leaf", INTERMEDIATE + ROOT, (INTERMEDIATE, ROOT)),
        ("leaf-first", LEAF + INTERMEDIATE, (INTERMEDIATE,)),
        ("leaf-only", LEAF, ()),
        ("empty", "", ()),
        ("comments", "# one\n" + INTERMEDIATE + "# two\n" + ROOT, (INTERMEDIATE, ROOT)),
    ]:
        case = Certificate(
            f"chain-{name}", "The workload's certificate goes first, once.", source=source, token=(LEAF, *rest)
        )
        yield case.place().files(chain=text).done()
    yield from broken(source, default)


def broken(source, default):
    def invalid(case, ask_id):
        return case.fails("certificate_invalid", "config", stage="source", ask_id=ask_id)

    case = Certificate("default-nowhere", "No variable says where to look.", source=default)
    yield invalid(case.variables(NAMES, {"HOME": ""}), "env")
    for name, text in [
        ("missing", None),
        ("not-json", "workload"),
        ("list", "[]"),
        ("without-workload", '{"cert_configs": {}}'),
        ("without-key", json.dumps({"cert_configs": {"workload": {"cert_path": "/c"}}})),
        ("empty-path", json.dumps({"cert_configs": {"workload": {"cert_path": "", "key_path": "/k"}}})),
        ("number", json.dumps({"cert_configs": {"workload": {"cert_path": 1, "key_path": 2}}})),
    ]:
        case = Certificate(f"config-{name}", "The file does not name the certificate.")
        yield invalid(case.place(text), "certificate-config")
    begin, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
    broken = [
        ("not-base64", f"{begin}!!!!\n{end}"),
        ("cut-base64", f"{begin}AAAAA\n{end}"),
        ("without-end", LEAF.split("-----END")[0]),
        ("without-content", begin + end),
        ("no-block", "no certificate here"),
    ]
    for name, text in [("missing", None), ("empty", ""), *broken]:
        yield invalid(Certificate(f"leaf-{name}", "There is no certificate.").place().files(text), "certificate")
    for name, text in [
        ("missing", None),
        ("leaf-later", INTERMEDIATE + LEAF),
        ("leaf-twice", LEAF + INTERMEDIATE + LEAF),
        *broken,
    ]:
        case = Certificate(f"chain-{name}", "The chain is wrong.", source=source)
        yield invalid(case.place().files(chain=text), "trust-chain")
    for kind, code in [("denied", "host_denied"), ("unsupported", "host_unsupported")]:
        reply = failed(kind, "no")
        case = Certificate(f"config-{kind}", "The host could not read.").place(None, reply=reply)
        yield case.fails(code, "host", stage="source", ask_id="certificate-config", hint_contains="X.509")
        case = Certificate(f"leaf-{kind}", "The host could not read.").place().files(leaf_reply=reply)
        yield case.fails(code, "host", stage="source", ask_id="certificate", hint_contains="X.509")
    case = Certificate("tls-unsupported", "The host speaks no mutual TLS.").place().files()
    yield case.sts(failed("unsupported", "no")).fails("host_unsupported", "host", stage="sts", ask_id="sts")

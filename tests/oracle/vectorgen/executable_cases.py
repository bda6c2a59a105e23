"""Exchanges with a token that a program gives."""

import shlex

from . import world
from .exchange_success import FEDERATED_EXPIRY, IMPERSONATED_EXPIRY
from .protocol import command_output, failed
from .token_exchange import TOKEN, TokenExchange
from .world import NOW, token_config

GATE = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"
COMMAND = "/opt/token --for gcp"
CACHE = "/var/cache/token.json"


def answer(**changes):
    """The program's answer; a change to ``None`` leaves the member out."""
    whole = {"version": 1, "success": True, "token_type": world.JWT, "id_token": TOKEN, "expiration_time": NOW + 600}
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


REFUSAL = {"version": 1, "success": False, "code": "401", "message": "Caller not authorized."}


class Program(TokenExchange):
    def __init__(self, name, about, *, source=None, token_type=world.JWT, impersonate=False, **more):
        source = {"command": COMMAND, **(source or {})}
        config = token_config({"executable": source}, token_type=token_type, impersonate=impersonate)
        super().__init__(name, about, config=config, **more)
        self.source = source

    def allowed(self, value="1"):
        return self.variables([GATE], {} if value is None else {GATE: value})

    def cached(self, content, reply=None):
        text = command_output(content)["stdout"] if content is not None else None
        return self.read("executable-output-file", self.source["output_file"], text, reply)

    def runs(self, reply=None):
        env = {"AUDIENCE": self.config["audience"], "TOKEN_TYPE": self.config["subject_token_type"], "INTERACTIVE": "0"}
        if "service_account_impersonation_url" in self.config:
            env["IMPERSONATED_EMAIL"] = world.SERVICE_ACCOUNT
        if self.source.get("output_file"):
            env["OUTPUT_FILE"] = self.source["output_file"]
        env = {f"GOOGLE_EXTERNAL_ACCOUNT_{name}": value for name, value in env.items()}
        argv = shlex.split(self.source["command"])
        return self.run(argv, env, reply or command_output(answer()), self.source.get("timeout_millis", 30000))

    def done(self):
        return self.sts().token(FEDERATED_EXPIRY)


def exchanges():
    yield Program("jwt", "A program gives a JWT.").allowed().runs().done()
    yield (
        Program("impersonation", "The program is told which service account is meant.", impersonate=True)
        .allowed()
        .runs()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    saml = answer(token_type=world.SAML, id_token=None, saml_response="PHNhbWw+")
    case = Program("saml", "A SAML response.", token_type=world.SAML, proof="PHNhbWw+")
    yield case.allowed().runs(command_output(saml)).done()
    for name, about, body in [
        ("id-token", "An id_token where a jwt is configured.", answer(token_type=world.ID_TOKEN)),
        ("without-time", "Without an output file there need be no time.", answer(expiration_time=None)),
        ("fraction", "A time may have a fraction.", answer(expiration_time=NOW + 1.5)),
        ("a-second-left", "The last second.", answer(expiration_time=NOW + 1)),
        ("both-tokens", "The token_type says which token counts.", answer(saml_response="PHNhbWw+")),
    ]:
        yield Program(f"answer-{name}", about).allowed().runs(command_output(body)).done()
    case = Program("stderr-ignored", "What a program that succeeds complains about does not matter.")
    yield case.allowed().runs(command_output(answer(), stderr="a warning")).done()
    for timeout in (5000, 120000):
        case = Program(f"timeout-{timeout}", "A bound of the time.", source={"timeout_millis": timeout})
        yield case.allowed().runs().done()
    for name, command in [
        ("quotes", "/opt/token 'a b' \"c d\"e"),
        ("backslashes", r'/opt/to\ ken "a\"b\\c\d" \''),
        ("empty-word", "/opt/token '' \"\""),
        ("blanks", "  /opt/token\t a \n b "),
        ("no-shell", "/opt/token $HOME * ~ ; | && `id` #x"),
    ]:
        case = Program(f"words-{name}", "A command is split as POSIX says.", source={"command": command})
        yield case.allowed().runs().done()
    yield from gates()
    yield from caches()
    yield from broken()


def gates():
    for name, value in [("unset", None), ("empty", ""), ("zero", "0"), ("true", "true"), ("blank", "1 "), ("two", "2")]:
        case = Program(f"gate-{name}", "Nothing runs, and nothing is read.", source={"output_file": CACHE})
        yield case.allowed(value).fails(
            "executable_not_allowed", "config", stage="source", ask_id="env", hint_contains="set the variable to 1"
        )


def caches():
    source = {"output_file": CACHE}
    yield Program("cache-fresh", "The program need not run.", source=source).allowed().cached(answer()).done()
    for name, about, content in [
        ("missing", "There is no file yet.", None),
        ("empty", "The file is empty.", ""),
        ("blank", "The file is blank.", " \n"),
        ("expired", "The answer is out of date.", answer(expiration_time=NOW - 1)),
        ("expired-now", "The answer was good until now.", answer(expiration_time=NOW)),
        ("without-time", "Nobody knows how long the answer is good.", answer(expiration_time=None)),
        ("refusal", "The failure may have passed.", REFUSAL),
    ]:
        yield Program(f"cache-{name}", about, source=source).allowed().cached(content).runs().done()
    for name, content in [
        ("not-json", "garbage"),
        ("list", "[]"),
        ("version", answer(version=2)),
        ("token-type", answer(token_type=world.SAML)),
        ("without-token", answer(id_token=None)),
        ("refusal-without-code", {"version": 1, "success": False, "message": "no"}),
    ]:
        case = Program(f"cache-malformed-{name}", "A file with something else is an error.", source=source)
        yield (
            case.allowed()
            .cached(content)
            .fails("executable_malformed", "host", stage="source", ask_id="executable-output-file")
        )
    case = Program("cache-denied", "The file may not be read.", source=source).allowed()
    yield case.cached(None, failed("denied", "no")).fails(
        "host_denied", "host", stage="source", ask_id="executable-output-file"
    )
    case = Program("cache-needs-time", "With an output file there must be a time.", source=source).allowed()
    yield (
        case.cached(None)
        .runs(command_output(answer(expiration_time=None)))
        .fails("executable_malformed", "host", stage="source", ask_id="executable")
    )


def broken():
    at = {"stage": "source", "ask_id": "executable"}
    for name, body in [
        ("empty", ""),
        ("not-json", "garbage"),
        ("list", "[]"),
        ("two-objects", "{}{}"),
        ("version-0", answer(version=0)),
        ("version-2", answer(version=2)),
        ("version-text", answer(version="1")),
        ("version-missing", answer(version=None)),
        ("success-missing", answer(success=None)),
        ("success-text", answer(success="true")),
        ("token-type-missing", answer(token_type=None)),
        ("token-type-unknown", answer(token_type="urn:ietf:params:oauth:token-type:access_token")),
        ("token-type-other", answer(token_type=world.SAML, saml_response="PHNhbWw+")),
        ("token-missing", answer(id_token=None)),
        ("token-empty", answer(id_token="")),
        ("token-number", answer(id_token=7)),
        ("time-text", answer(expiration_time=str(NOW + 600))),
        ("time-past", answer(expiration_time=NOW - 1)),
        ("time-now", answer(expiration_time=NOW)),
        ("refusal-without-code", {"version": 1, "success": False, "message": "no"}),
        ("refusal-without-message", {"version": 1, "success": False, "code": "401"}),
    ]:
        case = Program(f"malformed-{name}", "An answer that is none.").allowed()
        yield case.runs(command_output(body)).fails("executable_malformed", "host", **at)
    for name, code, status in [("text", "401", 0), ("number", 401, 0), ("exit-code", "401", 1)]:
        case = Program(f"refusal-{name}", "The program's own code and words are kept.").allowed()
        yield case.runs(command_output({**REFUSAL, "code": code}, exit_code=status, stderr="more")).fails(
            "executable_rejected", "host", **at, error="401", error_description="Caller not authorized."
        )
    case = Program("refusal-quotes-the-token", "A refusal that holds a token.").allowed()
    yield case.runs(command_output({**REFUSAL, "id_token": TOKEN, "message": f"bad: {TOKEN}"})).fails(
        "executable_rejected", "host", **at, error="401", error_description="bad: [redacted]"
    )
    for name, about, output in [
        ("exit-code", "The program failed.", command_output("", exit_code=1, stderr="no network\nno token")),
        ("exit-code-with-token", "A program that fails gives no token.", command_output(answer(), exit_code=3)),
        ("killed", "A signal ended the program.", command_output("", exit_code=None)),
        ("stderr-quotes", "It complains about a token.", command_output("", exit_code=1, stderr=f"bad '{TOKEN}'")),
    ]:
        yield Program(f"failed-{name}", about).allowed().runs(output).fails("executable_failed", "host", **at)
    for kind, code in [
        ("timeout", "host_timeout"),
        ("denied", "host_denied"),
        ("other", "host_failed"),
        ("unsupported", "host_unsupported"),
    ]:
        case = Program(f"host-{kind}", f"The host could not run it: {kind}.").allowed()
        yield case.runs(failed(kind, "no")).fails(
            code, "host", **at, retryable=kind == "timeout", hint_contains="credential_source.executable.command"
        )
    old = world.jwt({"exp": NOW})
    case = Program("jwt-expired", "The JWT is older than the program says.", proof=old).allowed()
    yield case.runs(command_output(answer(id_token=old))).fails("subject_token_expired", "config", stage="source")

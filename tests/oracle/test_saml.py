"""SAML assertions that signxml signed go through sanskey, and are verified from the request that arrives."""

import base64
import copy
import json

import pytest
import saml_provider
import sanskey
from lxml import etree
from saml_provider import ENTITY_FORMAT, NAMES, PROVIDER, SAML2, assertion, encoded, instant, response

NAME = "token-of-ana@example.com"


@pytest.fixture(scope="module")
def idp():
    return saml_provider.IdentityProvider()


@pytest.fixture(scope="module")
def stranger():
    return saml_provider.IdentityProvider()


@pytest.fixture
def google(idp):
    """Trusts the identity provider's certificate, and another one that it once had."""
    service = saml_provider.TokenService([saml_provider.IdentityProvider().certificate, idp.certificate])
    yield service
    service.stop()


def fetch(google, source, env=None):
    config = {
        "type": "external_account",
        "audience": PROVIDER,
        "subject_token_type": SAML2,
        "token_url": f"{google.url}/v1/token",
        "credential_source": source,
    }
    return sanskey.fetch_token(config, endpoints="loopback", host=sanskey.SystemHost(env or {}))


@pytest.fixture
def exchange(google, tmp_path):
    """Gets a token for what stands in a file."""

    def fetch_for(text):
        path = tmp_path / "assertion"
        path.write_text(text)
        return fetch(google, {"file": str(path)})

    return fetch_for


def shapes(idp):
    signed_later = response(assertion())
    yield "an assertion", idp.sign(assertion())
    yield "a response with a signed assertion", response(idp.sign(assertion()))
    yield "a signed response", idp.sign(signed_later)
    yield "both signed", idp.sign(response(idp.sign(assertion())))


@pytest.mark.parametrize("index", range(4))
def test_signed_assertions_are_worth_a_token(idp, google, exchange, index):
    what, element = list(shapes(idp))[index]
    token = exchange(f"{encoded(element)}\n")
    assert token.value == NAME, what
    assert google.forms[-1]["subject_token"] == encoded(element), "it arrives as it was in the file"


def test_every_source_hands_it_over(idp, google, tmp_path):
    text = encoded(idp.sign(assertion()))
    (tmp_path / "saml.json").write_text(json.dumps({"assertion": text}))
    format_ = {"type": "json", "subject_token_field_name": "assertion"}
    assert fetch(google, {"file": str(tmp_path / "saml.json"), "format": format_}).value == NAME

    answer = {"version": 1, "success": True, "token_type": SAML2, "saml_response": text}
    program = tmp_path / "program.sh"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    allowed = {"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"}
    assert fetch(google, {"executable": {"command": str(program)}}, allowed).value == NAME


def test_the_issuer_may_be_named_as_an_entity(idp, exchange):
    element = assertion()
    find(element, "Issuer").set("Format", ENTITY_FORMAT)
    assert exchange(encoded(idp.sign(element))).value == NAME


# How an assertion can be wrong though it is signed.


def find(element, path):
    found = element.find(".//" + "/".join(f"saml:{step}" for step in path.split("/")), NAMES)
    assert found is not None, path
    return found


def without(path):
    def change(element):
        gone = find(element, path)
        gone.getparent().remove(gone)

    return change


def twice(path):
    def change(element):
        again = find(element, path)
        again.addnext(copy.deepcopy(again))

    return change


def text(path, value):
    def change(element):
        find(element, path).text = value

    return change


def attribute(path, name, value):
    """Sets it, or takes it away if there is no value."""

    def change(element):
        changed = element if path is None else find(element, path)
        changed.attrib.pop(name, None)
        if value is not None:
            changed.set(name, value() if callable(value) else value)

    return change


def second_restriction(element):
    restriction = find(element, "Conditions/AudienceRestriction")
    other = copy.deepcopy(restriction)
    find(other, "Audience").text = PROVIDER + "-other"
    restriction.addnext(other)


def second_session_is_over(element):
    login = find(element, "AuthnStatement")
    other = copy.deepcopy(login)
    other.set("SessionNotOnOrAfter", instant(-1))
    login.addnext(other)


CONFIRMATION = "Subject/SubjectConfirmation"
DATA = "Subject/SubjectConfirmation/SubjectConfirmationData"

BROKEN = [
    ("S5", "no issuer", without("Issuer")),
    ("S5", "another issuer", text("Issuer", "https://other.example.com")),
    (
        "S5",
        "an issuer that is no entity",
        attribute("Issuer", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
    ),
    ("S6", "no date of issue", attribute(None, "IssueInstant", None)),
    ("S6", "issued an hour ago", attribute(None, "IssueInstant", lambda: instant(-3601))),
    ("S7", "no subject", without("Subject")),
    ("S7", "no name", without("Subject/NameID")),
    ("S7", "no confirmation", without(CONFIRMATION)),
    ("S7", "two confirmations", twice(CONFIRMATION)),
    ("S7", "a key has to be shown", attribute(CONFIRMATION, "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")),
    ("S7", "a confirmation without data", without(DATA)),
    ("S7", "a confirmation without an end", attribute(DATA, "NotOnOrAfter", None)),
    ("S7", "a confirmation that is over", attribute(DATA, "NotOnOrAfter", lambda: instant(-1))),
    ("S7", "a confirmation with a beginning", attribute(DATA, "NotBefore", lambda: instant(-60))),
    ("S8", "no conditions", without("Conditions")),
    ("S8", "conditions of the future", attribute("Conditions", "NotBefore", lambda: instant(60))),
    ("S8", "conditions of the past", attribute("Conditions", "NotOnOrAfter", lambda: instant(-1))),
    ("S8", "no audience restriction", without("Conditions/AudienceRestriction")),
    ("S8", "another audience", text("Conditions/AudienceRestriction/Audience", PROVIDER + "-other")),
    ("S8", "a second restriction, to another audience", second_restriction),
    ("S9", "no login", without("AuthnStatement")),
    ("S9", "a session that is over", attribute("AuthnStatement", "SessionNotOnOrAfter", lambda: instant(-1))),
    ("S9", "a second session that is over", second_session_is_over),
]


def assert_refused(google, exchange, subject_token, rule):
    with pytest.raises(sanskey.RemoteError) as refused:
        exchange(subject_token)
    error = refused.value
    assert (error.code, error.status, error.error) == ("sts_rejected", 400, "invalid_grant")
    assert google.rules == [rule], "it was asked once"
    assert subject_token[:40] not in f"{error!r} {error} {error.hint}"


@pytest.mark.parametrize(
    ("rule", "change"), [pytest.param(rule, change, id=f"{rule} {what}") for rule, what, change in BROKEN]
)
def test_broken_assertions(idp, google, exchange, rule, change):
    element = assertion()
    change(element)
    assert_refused(google, exchange, encoded(idp.sign(element)), rule)


@pytest.mark.parametrize("change", [change for rule, _, change in BROKEN if rule == "S5"])
def test_broken_issuers_of_a_signed_response(idp, google, exchange, change):
    element = response(assertion())
    change(element)
    assert_refused(google, exchange, encoded(idp.sign(element)), "S3")


@pytest.mark.parametrize(
    "token", ["PHNhbWw+!", base64.b64encode(b"no XML").decode(), base64.b64encode(b"<a/>").decode()]
)
def test_what_is_no_assertion_at_all(google, exchange, token):
    assert_refused(google, exchange, token, "S1")


def failed(idp):
    element = response(idp.sign(assertion()))
    code = element.find("samlp:Status/samlp:StatusCode", NAMES)
    code.set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
    return element


@pytest.mark.parametrize(
    "element",
    [
        pytest.param(failed, id="no success"),
        pytest.param(lambda _: response(), id="no assertion"),
        pytest.param(lambda idp: response(idp.sign(assertion()), idp.sign(assertion())), id="two assertions"),
        pytest.param(lambda _: response(assertion()), id="not signed"),
    ],
)
def test_broken_responses(idp, google, exchange, element):
    assert_refused(google, exchange, encoded(element(idp)), "S2")


def test_an_assertion_is_signed(google, exchange):
    assert_refused(google, exchange, encoded(assertion()), "S4")


def test_another_key(stranger, google, exchange):
    assert_refused(google, exchange, encoded(stranger.sign(assertion())), "S4")


def test_another_key_in_a_response(idp, stranger, google, exchange):
    """Every signature has to verify, although one would do."""
    assert_refused(google, exchange, encoded(idp.sign(response(stranger.sign(assertion())))), "S2")


def test_a_change_after_signing(idp, google, exchange):
    element = idp.sign(assertion())
    find(element, "Subject/NameID").text = "eve@example.com"
    assert_refused(google, exchange, encoded(element), "S4")


def test_a_signature_of_something_else(idp, google, exchange):
    """The signed assertion is hidden in one that is not signed, and whose signature seems to be its own."""
    signed = idp.sign(assertion())
    signature = signed.find("ds:Signature", NAMES)
    forged = assertion(id=signed.get("ID"))
    find(forged, "Subject/NameID").text = "eve@example.com"
    stolen = copy.deepcopy(signature)
    forged.insert(1, stolen)
    holder = etree.SubElement(stolen, f"{{{NAMES['ds']}}}Object")
    holder.append(signed)
    assert_refused(google, exchange, encoded(forged), "S4")


def test_a_comment_does_not_cut_the_name(idp, google, exchange):
    """Canonicalization leaves comments out, so that one can be put in after signing."""
    element = idp.sign(assertion())
    xml = etree.tostring(element).replace(b"ana@example.com", b"ana@example.com<!-- -->.evil.example")
    assert_refused(google, exchange, base64.b64encode(xml).decode(), "S4")
    xml = etree.tostring(element).replace(b"ana@example.com", b"ana@<!-- -->example.com")
    assert exchange(base64.b64encode(xml).decode()).value == NAME

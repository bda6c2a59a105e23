"""An identity provider that signs SAML assertions, and a Security Token Service that verifies them, on loopback.

XML signatures are made and verified by signxml (with lxml and cryptography). What remains is ours: the rules that
Google documents for SAML providers ("Configure Workload Identity Federation with other identity providers", and the
reference of the STS method `token`). A refusal names its rule:

    S1  the subject token is base64 of a Response or of an Assertion
    S2  a Response reports success, has one Assertion, and is signed or has it signed
    S3  a signed Response names the identity provider as its issuer
    S4  an Assertion without a Response is signed
    S5  the Assertion names the identity provider as its issuer
    S6  it was issued within the last hour
    S7  it has a subject with a name, confirmed once, by bearer, for some time from now on, from the beginning
    S8  its conditions hold now, and every audience restriction has the provider's name
    S9  it tells of a login, and of no session that is over

Not looked at: encrypted assertions, the limits of a provider's metadata, and the validity of the signing certificate.
Only what a signature covers is read: the rest of a Response may be somebody else's.
"""

import base64
import datetime
import json
import threading
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml import SignatureConfiguration, XMLSigner, XMLVerifier
from signxml.exceptions import InvalidInput, InvalidSignature

ENTITY = "https://idp.example.com/saml"
PROVIDER = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/saml"
SAML2 = "urn:ietf:params:oauth:token-type:saml2"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

NAMES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
HOUR = datetime.timedelta(hours=1)

ASSERTION = """
<saml:Assertion xmlns:saml="{saml}" ID="{id}" Version="2.0" IssueInstant="{now}">
  <saml:Issuer>{entity}</saml:Issuer>
  <saml:Subject>
    <saml:NameID>ana@example.com</saml:NameID>
    <saml:SubjectConfirmation Method="{bearer}">
      <saml:SubjectConfirmationData NotOnOrAfter="{later}"/>
    </saml:SubjectConfirmation>
  </saml:Subject>
  <saml:Conditions NotBefore="{earlier}" NotOnOrAfter="{later}">
    <saml:AudienceRestriction><saml:Audience>{provider}</saml:Audience></saml:AudienceRestriction>
  </saml:Conditions>
  <saml:AuthnStatement AuthnInstant="{now}" SessionNotOnOrAfter="{later}">
    <saml:AuthnContext>
      <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:X509</saml:AuthnContextClassRef>
    </saml:AuthnContext>
  </saml:AuthnStatement>
</saml:Assertion>
"""

RESPONSE = """
<samlp:Response xmlns:samlp="{samlp}" xmlns:saml="{saml}" ID="{id}" Version="2.0" IssueInstant="{now}">
  <saml:Issuer>{entity}</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="{success}"/></samlp:Status>
</samlp:Response>
"""


class IdentityProvider:
    """Signs with a key of its own, drawn afresh."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example.com")])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number(), now, now + HOUR)
            .sign(self.key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
            .decode()
        )

    def sign(self, element):
        """The element with a signature of its own, in the place that the schema has for it: after the issuer."""
        placeholder = etree.Element(f"{{{NAMES['ds']}}}Signature", Id="placeholder", nsmap={"ds": NAMES["ds"]})
        issuer = element.find("saml:Issuer", NAMES)
        element.insert(0 if issuer is None else element.index(issuer) + 1, placeholder)
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        signer = XMLSigner(signature_algorithm="ecdsa-sha256", c14n_algorithm=EXCLUSIVE_C14N)
        return signer.sign(element, key=key, cert=self.certificate, reference_uri=element.get("ID"))


def assertion(**texts):
    """An assertion that keeps every rule but that it is not signed."""
    return _parsed(ASSERTION, texts)


def response(*assertions):
    """A response that reports success, not signed."""
    element = _parsed(RESPONSE, {})
    element.extend(assertions)
    return element


def instant(seconds=0):
    """A time so many seconds from now, as SAML writes it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def encoded(element):
    """What a client has to hand over."""
    return base64.b64encode(etree.tostring(element)).decode()


def _parsed(template, texts):
    known = {
        **NAMES,
        "id": f"_{uuid.uuid4().hex}",
        "entity": ENTITY,
        "provider": PROVIDER,
        "bearer": BEARER,
        "success": SUCCESS,
        "now": instant(),
        "earlier": instant(-60),
        "later": instant(300),
    }
    return etree.fromstring(template.format(**known | texts), etree.XMLParser(remove_blank_text=True))


class Refused(Exception):
    """The rule that was broken, and how."""

    def __init__(self, rule, detail):
        super().__init__(f"{rule}: {detail}")
        self.rule = rule


def verify(subject_token, certificates):
    """The name of the subject, if every rule is kept."""
    try:
        text = base64.b64decode(subject_token, validate=True)
        root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
    except (ValueError, etree.XMLSyntaxError):
        raise Refused("S1", "not base64 of XML") from None
    if root.tag == _tag("samlp:Response"):
        element = _assertion_of_response(root, certificates)
    elif root.tag == _tag("saml:Assertion"):
        if not _is_signed(root):
            raise Refused("S4", "the assertion is not signed")
        element = _covered(root, certificates, "S4")
    else:
        raise Refused("S1", "neither a Response nor an Assertion")
    _check_issuer(element, "S5")
    _check_dates_of_issue(element)
    name = _subject(element)
    _check_conditions(element)
    _check_logins(element)
    return name


def _assertion_of_response(root, certificates):
    is_signed = _is_signed(root)
    if is_signed:
        root = _covered(root, certificates, "S2")
        _check_issuer(root, "S3")
    codes = root.findall("samlp:Status/samlp:StatusCode", NAMES)
    if [code.get("Value") for code in codes] != [SUCCESS]:
        raise Refused("S2", "the response does not report success")
    assertions = root.findall("saml:Assertion", NAMES)
    if len(assertions) != 1:
        raise Refused("S2", "there is not exactly one assertion")
    if _is_signed(assertions[0]):
        return _covered(assertions[0], certificates, "S2")
    if not is_signed:
        raise Refused("S2", "neither the response nor the assertion is signed")
    return assertions[0]


def _is_signed(element):
    return element.find("ds:Signature", NAMES) is not None


def _covered(element, certificates, rule):
    """The element as its own signature covers it, by one of the certificates."""
    expected = SignatureConfiguration(location="./", expect_references=1)
    # Apart from the document that it stood in, so that no other element can have its ID.
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    for certificate in certificates:
        try:
            result = XMLVerifier().verify(alone, x509_cert=certificate, expect_config=expected, id_attribute="ID")
        except (InvalidSignature, InvalidInput):
            continue
        signed = result.signed_xml
        if signed is not None and (signed.tag, signed.get("ID")) == (element.tag, element.get("ID")):
            return signed
    raise Refused(rule, "the signature is not one of the identity provider over this element")


def _check_issuer(element, rule):
    issuers = element.findall("saml:Issuer", NAMES)
    if [issuer.text for issuer in issuers] != [ENTITY]:
        raise Refused(rule, "the issuer is not the identity provider")
    if issuers[0].get("Format") not in (None, ENTITY_FORMAT):
        raise Refused(rule, "the issuer is not named as an entity")


def _check_dates_of_issue(element):
    issued = _time(element, "IssueInstant", "S6")
    if issued is None or issued <= _now() - HOUR:
        raise Refused("S6", "the assertion was not issued within the last hour")


def _subject(element):
    subject = _one(element, "saml:Subject", "S7")
    name = _one(subject, "saml:NameID", "S7")
    confirmation = _one(subject, "saml:SubjectConfirmation", "S7")
    if confirmation.get("Method") != BEARER:
        raise Refused("S7", "the subject is not confirmed by bearer")
    data = _one(confirmation, "saml:SubjectConfirmationData", "S7")
    end = _time(data, "NotOnOrAfter", "S7")
    if end is None or end <= _now() or data.get("NotBefore") is not None:
        raise Refused("S7", "the confirmation has no end, is over, or has a beginning")
    return name.text


def _check_conditions(element):
    conditions = _one(element, "saml:Conditions", "S8")
    begin, end = _time(conditions, "NotBefore", "S8"), _time(conditions, "NotOnOrAfter", "S8")
    if (begin is not None and begin > _now()) or (end is not None and end <= _now()):
        raise Refused("S8", "the conditions do not hold now")
    restrictions = conditions.findall("saml:AudienceRestriction", NAMES)
    audiences = [[each.text for each in one.findall("saml:Audience", NAMES)] for one in restrictions]
    if not audiences or not all(PROVIDER in each for each in audiences):
        raise Refused("S8", "not every audience restriction has the provider")


def _check_logins(element):
    logins = element.findall("saml:AuthnStatement", NAMES)
    if not logins:
        raise Refused("S9", "there is no login")
    ends = [_time(login, "SessionNotOnOrAfter", "S9") for login in logins]
    if any(end is not None and end <= _now() for end in ends):
        raise Refused("S9", "a session is over")


def _one(element, path, rule):
    found = element.findall(path, NAMES)
    if len(found) != 1:
        raise Refused(rule, f"{len(found)} elements {path}")
    return found[0]


def _time(element, attribute, rule):
    text = element.get(attribute)
    try:
        return text and datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(rule, f"{attribute} is no time") from None


def _now():
    return datetime.datetime.now(datetime.timezone.utc)


def _tag(name):
    prefix, _, local = name.partition(":")
    return f"{{{NAMES[prefix]}}}{local}"


class TokenService:
    """Answers `POST /v1/token`, and remembers what it was asked and why it refused."""

    def __init__(self, certificates):
        self.forms = []
        self.rules = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
                status, answer = service.answer(self.path, form, certificates)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path, form, certificates):
        self.forms.append(form)
        if path != "/v1/token" or (form["audience"], form["subject_token_type"]) != (PROVIDER, SAML2):
            return 400, {"error": "invalid_request"}
        try:
            name = verify(form["subject_token"], certificates)
        except Refused as refusal:
            self.rules.append(refusal.rule)
            # How Google words it is not known.
            return 400, {"error": "invalid_grant", "error_description": str(refusal)}
        return 200, {
            "access_token": f"token-of-{name}",
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 3600,
        }

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

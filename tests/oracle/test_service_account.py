"""ID tokens and signatures that sanskey gets from the emulator are good for google-auth and for cryptography."""

import base64
import json
import time

import google.auth.iam
import google.auth.jwt
import pytest
import sanskey
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from google.oauth2 import id_token
from google_services import Transport, credentials

AUDIENCE = "https://service.example.com/päth?a=b"
ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"
ACCOUNT_ID = "109876543210987654321"


def certificates(emulator, account=ACCOUNT):
    return json.loads(emulator.http(f"/service_accounts/v1/metadata/x509/{account}"))


def public_key(emulator, key_id):
    certificate = x509.load_pem_x509_certificate(certificates(emulator)[key_id].encode())
    # A certificate that signs itself proves that its key is the private one's.
    certificate.verify_directly_issued_by(certificate)
    return certificate.public_key()


def federated_token(emulator, tmp_path):
    config = {**emulator.config}
    del config["service_account_impersonation_url"]
    file = tmp_path / "federated.json"
    file.write_text(json.dumps(config))
    return sanskey.fetch_token(file, endpoints="loopback").value


@pytest.mark.parametrize("include_email", [True, False])
def test_an_id_token_is_good_for_google_auth(emulator, include_email):
    services = emulator()
    before = int(time.time())
    token = sanskey.fetch_id_token(services.config_file, AUDIENCE, include_email=include_email, endpoints="loopback")

    # It asks for Google's certificates, at Google's address, and looks at the issuer, too.
    claims = id_token.verify_oauth2_token(token.value, Transport(services), AUDIENCE)

    assert claims["sub"] == claims["azp"] == ACCOUNT_ID
    assert claims.get("email") == (ACCOUNT if include_email else None)
    assert claims.get("email_verified") == (True if include_email else None)
    assert before <= claims["iat"] <= time.time()
    assert token.expires_at.timestamp() == claims["exp"] == claims["iat"] + 3600


def test_an_id_token_is_for_its_audience_and_of_its_issuer(emulator):
    services, elsewhere = emulator(), emulator()
    token = sanskey.fetch_id_token(services.config_file, AUDIENCE, endpoints="loopback").value

    with pytest.raises(ValueError, match="audience"):
        id_token.verify_oauth2_token(token, Transport(services), "https://other.example.com")
    with pytest.raises(ValueError, match="ertificate"):
        id_token.verify_oauth2_token(token, Transport(elsewhere), AUDIENCE)
    head, claims, signature = token.split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed["sub"] = "somebody else"
    claims = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    with pytest.raises(ValueError, match="signature"):
        id_token.verify_oauth2_token(f"{head}.{claims}.{signature}", Transport(services), AUDIENCE)


@pytest.mark.parametrize("payload", [b"a", bytes(range(256)), "text ä".encode()], ids=["byte", "bytes", "text"])
def test_a_signature_is_that_of_the_account(emulator, payload):
    services = emulator()
    signed = sanskey.sign_blob(services.config_file, payload, endpoints="loopback")

    key = public_key(services, signed.key_id)
    key.verify(signed.signature, payload, PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signed.signature, payload + b"a", PKCS1v15(), SHA256())


def test_a_signature_is_the_one_that_google_auth_gets(emulator, tmp_path):
    services = emulator()
    token = federated_token(services, tmp_path)
    theirs = google_signer(services, token).sign(b"payload")
    # PKCS #1 version 1.5 has no salt: a signature of the same bytes is the same.
    assert sanskey.sign_blob(services.config_file, b"payload", endpoints="loopback").signature == theirs


def google_signer(emulator, token):
    return google.auth.iam.Signer(Transport(emulator), credentials(token), ACCOUNT)


def test_a_jwt_is_that_of_the_account(emulator):
    services = emulator()
    now = int(time.time())
    claims = {"aud": "a", "iat": now, "exp": now + 60, "iss": ACCOUNT, "text": 'ä€🔑 "quoted"', "list": [1, 2.5, None]}
    signed = sanskey.sign_jwt(services.config_file, claims, endpoints="loopback")

    assert google_auth_claims(services, signed.jwt) == claims
    head, _claims, signature = signed.jwt.split(".")
    key_id = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    assert key_id == signed.key_id
    key = public_key(services, key_id)
    message = signed.jwt.rpartition(".")[0].encode()
    key.verify(base64.urlsafe_b64decode(signature + "=="), message, PKCS1v15(), SHA256())
    with pytest.raises(ValueError, match="signature"):
        google_auth_claims(services, signed.jwt, "/oauth2/v1/certs", key_id)


def google_auth_claims(emulator, jwt, path=f"/service_accounts/v1/metadata/x509/{ACCOUNT}", key_id=None):
    certs = json.loads(emulator.http(path))
    if key_id is not None:
        certs = {key_id: next(iter(certs.values()))}
    return google.auth.jwt.decode(jwt, certs=certs, audience="a")


def test_a_jwt_ends_within_twelve_hours(emulator):
    services = emulator()
    claims = {"exp": int(time.time()) + 12 * 3600 + 60}
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.sign_jwt(services.config_file, claims, endpoints="loopback")
    assert (error.value.code, error.value.status, error.value.error) == ("sign_rejected", 400, "INVALID_ARGUMENT")


REFUSALS = {
    "id token": (
        lambda file: sanskey.fetch_id_token(file, "a", endpoints="loopback"),
        "id_token_rejected",
        "getOpenIdToken",
    ),
    "blob": (lambda file: sanskey.sign_blob(file, b"a", endpoints="loopback"), "sign_rejected", "signBlob"),
    "jwt": (lambda file: sanskey.sign_jwt(file, {}, endpoints="loopback"), "sign_rejected", "signJwt"),
    "url": (lambda file: sanskey.sign_url(file, "bucket", "a", 60, endpoints="loopback"), "sign_rejected", "signBlob"),
    "person": (
        lambda file: sanskey.fetch_delegated_token(file, "ana@example.com", "scope", endpoints="loopback"),
        "sign_rejected",
        "signJwt",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_without_the_role_there_is_none(emulator, name):
    services = emulator("--token-creator", "off", "--workload-identity-user", "off")
    call, code, permission = REFUSALS[name]
    with pytest.raises(sanskey.RemoteError) as error:
        call(services.config_file)
    assert (error.value.code, error.value.status, error.value.error) == (code, 403, "PERMISSION_DENIED")
    text = f"Permission 'iam.serviceAccounts.{permission}' denied on resource (or it may not exist)."
    assert error.value.error_description == text


def test_the_role_of_a_user_is_enough_for_an_id_token_only(emulator):
    services = emulator("--token-creator", "off")
    assert sanskey.fetch_id_token(services.config_file, "a", endpoints="loopback").value
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.sign_blob(services.config_file, b"a", endpoints="loopback")
    assert "roles/iam.serviceAccountTokenCreator" in error.value.hint

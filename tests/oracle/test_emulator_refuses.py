"""The emulator refuses what Google and AWS would refuse, from Google's client and from sanskey alike."""

import time
from urllib.parse import quote, unquote

import google.auth.exceptions
import google_client
import pytest
import requests
import sanskey

SIXTEEN_MINUTES = 16 * 60
MADE_UP_SECRET = "a-secret-that-nobody-issued"
OTHER_ACCOUNT = "999999999999"


def refusal_of_google_auth(emulator, keys, monkeypatch, *, now=None):
    """What the emulator says to google-auth with these keys."""
    set_environment(monkeypatch, keys)
    with google_client.at(now or time.time()), pytest.raises(google.auth.exceptions.OAuthError) as refusal:
        google_client.access_token(emulator.config_file)
    return str(refusal.value)


def refusal_of_sanskey(emulator, keys, _monkeypatch=None, *, now=None, target=None):
    """What the emulator says to a subject token that sanskey made of these keys."""
    status, answer = exchanged(emulator, subject_token(keys, target or emulator.config["audience"], now))
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.parse_sts_response(status, answer, time.time())
    assert error.value.code == "sts_rejected"
    return f"{error.value.error}: {error.value.error_description}"


@pytest.fixture(params=[refusal_of_google_auth, refusal_of_sanskey], ids=["google-auth", "sanskey"])
def refused(request, monkeypatch):
    return lambda emulator, keys, **how: request.param(emulator, keys, monkeypatch, **how)


def test_a_wrong_signature(emulator, refused):
    aws_and_google = emulator()
    keys = {**aws_and_google.role_credentials(), "SecretAccessKey": MADE_UP_SECRET}
    assert "SignatureDoesNotMatch" in refused(aws_and_google, keys)


def test_a_wrong_session_token(emulator, refused):
    aws_and_google = emulator()
    keys = {**aws_and_google.role_credentials(), "Token": "a-token-that-nobody-issued"}
    assert "invalid_grant" in refused(aws_and_google, keys)


def test_an_unknown_key(emulator, refused):
    aws_and_google = emulator()
    keys = {**aws_and_google.role_credentials(), "AccessKeyId": "ASIANOBODYISSUEDTHIS"}
    assert "InvalidClientTokenId" in refused(aws_and_google, keys)


def test_an_old_date(emulator, refused):
    aws_and_google = emulator()
    assert "Signature expired" in refused(
        aws_and_google, aws_and_google.role_credentials(), now=time.time() - SIXTEEN_MINUTES
    )


def test_a_future_date(emulator, refused):
    aws_and_google = emulator()
    assert "Signature not yet current" in refused(
        aws_and_google, aws_and_google.role_credentials(), now=time.time() + SIXTEEN_MINUTES
    )


def test_a_wrong_account(emulator, refused):
    aws_and_google = emulator("--provider-account", OTHER_ACCOUNT)
    assert "does not match the expected account" in refused(aws_and_google, aws_and_google.role_credentials())


def test_a_wrong_target_resource(emulator):
    """A proof that was made for another provider."""
    aws_and_google = emulator()
    keys = aws_and_google.role_credentials()
    other = aws_and_google.config["audience"].replace("/providers/", "/providers/another-")
    assert "AWS request has invalid format." in refusal_of_sanskey(aws_and_google, keys, target=other)


def test_a_proof_that_was_changed_to_name_another_provider(emulator, monkeypatch):
    """What signing the target is for: sanskey's proof cannot be turned to another provider, google-auth's can."""
    aws_and_google = emulator()
    keys = aws_and_google.role_credentials()
    audience = aws_and_google.config["audience"]
    other = audience.replace("/providers/", "/providers/another-")
    set_environment(monkeypatch, keys)
    ours = subject_token(keys, other)
    theirs = google_client.subject_token({**aws_and_google.config, "audience": other}, time.time())

    status, answer = exchanged(aws_and_google, retargeted(ours, other, audience))
    assert status == 400
    assert "SignatureDoesNotMatch" in answer
    status, _answer = exchanged(aws_and_google, retargeted(theirs, other, audience))
    assert status == 200


def test_an_attribute_condition(emulator, refused):
    aws_and_google = emulator("--allowed-role", "another-role")
    assert "unauthorized_client" in refused(aws_and_google, aws_and_google.role_credentials())


def test_a_wrong_audience(emulator, tmp_path):
    aws_and_google = emulator()
    config_file = tmp_path / "other.json"
    config_file.write_text(aws_and_google.config_file.read_text().replace("/providers/", "/providers/another-"))
    with pytest.raises(google.auth.exceptions.OAuthError, match="invalid_target"):
        google_client.access_token(config_file)
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.fetch_token(config_file, endpoints="loopback")
    assert (error.value.code, error.value.error) == ("sts_rejected", "invalid_target")


def test_metadata_without_a_session(emulator, tmp_path):
    aws_and_google = emulator("--imds-v1", "off")
    config_file = tmp_path / "imds-v1.json"
    config_file.write_text(aws_and_google.config_file.read_text().replace("imdsv2_session_token_url", "ignored"))
    with pytest.raises(google.auth.exceptions.RefreshError):
        google_client.access_token(config_file)
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.fetch_token(config_file, endpoints="loopback")
    assert (error.value.code, error.value.status) == ("imds_rejected", 401)


def test_a_service_account_of_somebody_else(emulator, tmp_path):
    aws_and_google = emulator()
    config_file = tmp_path / "other.json"
    text = aws_and_google.config_file.read_text()
    config_file.write_text(text.replace("sanskey-demo@", "somebody-else@"))
    with pytest.raises(google.auth.exceptions.RefreshError, match=r"iam\.serviceAccounts\.getAccessToken"):
        google_client.access_token(config_file)
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.fetch_token(config_file, endpoints="loopback")
    assert (error.value.code, error.value.error) == ("impersonation_rejected", "PERMISSION_DENIED")


def subject_token(keys, target, now=None):
    credentials = sanskey.AwsCredentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
    return sanskey.caller_identity_token(credentials, "us-east-1", target, now)


def retargeted(token, target, other):
    assert target in unquote(token)
    return quote(unquote(token).replace(target, other), safe="")


def exchanged(emulator, subject_token):
    """Status and body of the emulator's answer to a subject token."""
    config = emulator.config
    request = sanskey.sts_request(
        token_url=config["token_url"],
        audience=config["audience"],
        subject_token=subject_token,
        subject_token_type=config["subject_token_type"],
        scopes=[google_client.CLOUD_PLATFORM],
    )
    answer = requests.request(request.method, request.url, headers=dict(request.headers), data=request.body, timeout=10)
    return answer.status_code, answer.text


def set_environment(monkeypatch, keys):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys["Token"])

"""Google's own Python client gets a token from the emulator with the configuration that sanskey uses."""

import google_client
import pytest
import sanskey

IMDS_V2_ONLY = ("--imds-v1", "off")
STORAGE = "https://www.googleapis.com/auth/devstorage.read_only"


def clients():
    def google_auth(config_file):
        return google_client.access_token(config_file)

    def ours(config_file):
        return sanskey.fetch_token(config_file, endpoints="loopback").value

    return [pytest.param(google_auth, id="google-auth"), pytest.param(ours, id="sanskey")]


@pytest.mark.parametrize("access_token", clients())
def test_with_impersonation(emulator, access_token):
    aws_and_google = emulator(*IMDS_V2_ONLY)
    holder = aws_and_google.whoami(access_token(aws_and_google.config_file))
    assert holder["kind"] == "service_account"
    assert holder["scopes"] == [google_client.CLOUD_PLATFORM]
    assert 3590 <= holder["expires_in"] <= 3600


@pytest.mark.parametrize("access_token", clients())
def test_without_impersonation(emulator, access_token):
    aws_and_google = emulator(*IMDS_V2_ONLY, "--no-impersonation")
    holder = aws_and_google.whoami(access_token(aws_and_google.config_file))
    assert holder["kind"] == "federated"


@pytest.mark.parametrize("access_token", clients())
def test_without_a_metadata_session(emulator, access_token, tmp_path):
    aws_and_google = emulator()
    config_file = tmp_path / "imds-v1.json"
    config_file.write_text(aws_and_google.config_file.read_text().replace("imdsv2_session_token_url", "ignored"))
    aws_and_google.whoami(access_token(config_file))
    assert all(path != "/latest/api/token" for _method, path, _status in aws_and_google.requests())


@pytest.mark.parametrize("access_token", clients())
def test_with_keys_in_the_environment(emulator, access_token, monkeypatch):
    aws_and_google = emulator(*IMDS_V2_ONLY)
    keys = aws_and_google.role_credentials()
    before = len(aws_and_google.requests())
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys["Token"])
    aws_and_google.whoami(access_token(aws_and_google.config_file))
    assert [path for _method, path, _status in aws_and_google.requests()][before:][0] == "/v1/token"


def test_sanskey_needs_six_requests_where_google_auth_needs_seven(emulator):
    aws_and_google = emulator(*IMDS_V2_ONLY)
    sanskey.fetch_token(aws_and_google.config_file, endpoints="loopback")
    ours = aws_and_google.requests()
    assert len(ours) == 6
    assert {status for _method, _path, status in ours} == {200}
    google_client.access_token(aws_and_google.config_file)
    theirs = aws_and_google.requests()[len(ours) :]
    assert len(theirs) == 7
    # The same places; google-auth opens a second metadata session.
    assert {path for _method, path, _status in theirs} == {path for _method, path, _status in ours}


def test_scopes_reach_the_token(emulator):
    aws_and_google = emulator()
    token = sanskey.fetch_token(aws_and_google.config_file, scopes=[STORAGE], endpoints="loopback")
    theirs = google_client.access_token(aws_and_google.config_file, [STORAGE])
    assert aws_and_google.whoami(token.value)["scopes"] == aws_and_google.whoami(theirs)["scopes"] == [STORAGE]

"""Tokens for people: the emulator takes the grant of sanskey and that of google-auth, and refuses both alike."""

import json
import time
import urllib.request

import google.auth.exceptions
import google.auth.iam
import pytest
import requests
import sanskey
from google.oauth2 import service_account
from google_services import Transport, credentials
from test_service_account import ACCOUNT, federated_token

CALENDAR = "https://www.googleapis.com/auth/calendar.readonly"
DRIVE = "https://www.googleapis.com/auth/drive.readonly"
PERSON = "ana@example.com"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
UNAUTHORIZED = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."


def ours(emulator, subject, scopes, _tmp_path):
    """The token that sanskey gets, or the error that it raises as `(error, description)`."""
    token_url = f"{emulator.url}/token"
    try:
        token = sanskey.fetch_delegated_token(
            emulator.config_file, subject, scopes, token_url=token_url, endpoints="loopback"
        )
    except sanskey.RemoteError as error:
        return error.error, error.error_description
    return token.value


def theirs(emulator, subject, scopes, tmp_path):
    """The same from google-auth, which has a JWT signed with `signBlob` and so cannot name its key."""
    signer = google.auth.iam.Signer(Transport(emulator), credentials(federated_token(emulator, tmp_path)), ACCOUNT)
    person = service_account.Credentials(
        signer, ACCOUNT, "https://oauth2.googleapis.com/token", scopes=scopes, subject=subject
    )
    try:
        person.refresh(Transport(emulator))
    except google.auth.exceptions.RefreshError as error:
        answer = error.args[1]
        return answer["error"], answer["error_description"]
    return person.token


@pytest.fixture(params=[ours, theirs], ids=["sanskey", "google-auth"])
def token_or_error(request, tmp_path):
    return lambda emulator, subject=PERSON, scopes=(CALENDAR,): request.param(emulator, subject, list(scopes), tmp_path)


def test_a_person_whom_the_account_acts_for(emulator, token_or_error):
    services = emulator()
    holder = services.whoami(token_or_error(services, scopes=(CALENDAR, DRIVE)))
    assert (holder["kind"], holder["email"], holder["scopes"]) == ("person", PERSON, [CALENDAR, DRIVE])
    assert 3590 <= holder["expires_in"] <= 3600


def test_a_person_who_is_not_there(emulator, token_or_error):
    services = emulator("--person", "bo@example.org", "--person", "cy@example.org")
    assert token_or_error(services) == ("invalid_grant", "Invalid email or User ID")
    assert services.whoami(token_or_error(services, "cy@example.org"))["email"] == "cy@example.org"


def test_scopes_that_are_not_allowed(emulator, token_or_error):
    services = emulator("--delegated-scope", DRIVE)
    for scopes in [(CALENDAR,), (DRIVE, CALENDAR)]:
        assert token_or_error(services, scopes=scopes) == ("unauthorized_client", UNAUTHORIZED)
    assert services.whoami(token_or_error(services, scopes=(DRIVE,)))["scopes"] == [DRIVE]


def test_nothing_is_allowed(emulator, token_or_error):
    services = emulator("--delegated-scope", "")
    assert token_or_error(services) == ("unauthorized_client", UNAUTHORIZED)


def test_the_error_says_what_to_do(emulator):
    services = emulator("--delegated-scope", "")
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.fetch_delegated_token(
            services.config_file, PERSON, CALENDAR, token_url=f"{services.url}/token", endpoints="loopback"
        )
    assert (error.value.code, error.value.status) == ("delegation_rejected", 401)
    assert error.value.error == "unauthorized_client"
    assert "Admin console" in error.value.hint


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"iss": "other@sanskey-demo.iam.gserviceaccount.com"}, "Invalid grant: account not found"),
        ({"aud": "https://example.com/token"}, "Invalid JWT: Failed audience check."),
        ({"sub": "somebody@example.com"}, "Invalid email or User ID"),
        ({"exp": 2 * 3600}, "Invalid JWT: Token must be a short-lived token (60 minutes)"),
        ({"iat": 1800, "exp": 3600}, "Invalid JWT: Token must be a short-lived token (60 minutes)"),
        ({}, None),
    ],
)
def test_the_claims_have_to_be_right(emulator, changes, description):
    services = emulator()
    now = int(time.time())
    changes = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    claims = {
        "aud": f"{services.url}/token",
        "exp": now + 3600,
        "iat": now,
        "iss": ACCOUNT,
        "scope": CALENDAR,
        "sub": PERSON,
        **changes,
    }
    jwt = sanskey.sign_jwt(services.config_file, claims, endpoints="loopback").jwt
    answer = requests.post(f"{services.url}/token", {"grant_type": JWT_BEARER, "assertion": jwt}, timeout=10).json()
    if description is None:
        assert services.whoami(answer["access_token"])["email"] == PERSON
    else:
        assert answer["error"] == "invalid_grant"
        assert answer["error_description"].startswith(description), json.dumps(answer)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_wrong(emulator, hours):
    """The claims have the time of the workload, and Google has its own."""
    services = emulator()
    request = urllib.request.Request(f"{services.url}/emulator/clock", f"{hours * 3600}".encode(), method="PUT")
    claims = {"aud": f"{services.url}/token", "exp": int(time.time()) + 3600, "iat": int(time.time())}
    claims |= {"iss": ACCOUNT, "scope": CALENDAR, "sub": PERSON}
    jwt = sanskey.sign_jwt(services.config_file, claims, endpoints="loopback").jwt
    urllib.request.urlopen(request, timeout=10).close()
    answer = requests.post(f"{services.url}/token", {"grant_type": JWT_BEARER, "assertion": jwt}, timeout=10).json()
    assert "reasonable timeframe" in answer["error_description"]

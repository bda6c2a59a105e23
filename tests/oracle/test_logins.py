"""Google's own Python client and sanskey refresh and end the same logins of people."""

import pytest
import requests
import sanskey
from google.auth import exceptions, external_account_authorized_user
from google.auth.transport.requests import Request
from sanskey import CredentialConfig


class Theirs:
    """A login in google-auth."""

    def __init__(self, file):
        self.credentials = external_account_authorized_user.Credentials.from_file(str(file))

    def access_token(self):
        with requests.Session() as session:
            self.credentials.refresh(Request(session))
        return self.credentials.token

    def revoke(self):
        with requests.Session() as session:
            self.credentials.revoke(Request(session))


class Ours:
    """A login in sanskey."""

    def __init__(self, file):
        self.config = CredentialConfig.from_file(str(file))

    def access_token(self):
        token = sanskey.fetch_token(self.config, endpoints="loopback")
        self.config = self.config.with_refresh_token(token.refresh_token)
        return token.value

    def revoke(self):
        sanskey.revoke_login(self.config, endpoints="loopback")


@pytest.fixture
def login(emulator, tmp_path):
    """The emulator, and the file of a person who has logged in."""
    file = tmp_path / "user.json"
    return emulator("--authorized-user-config-out", str(file)), file


@pytest.mark.parametrize("client", [Theirs, Ours])
def test_one_refresh_after_the_other(login, client):
    google, file = login
    user = client(file)
    holders = [google.whoami(user.access_token()) for _ in range(3)]
    assert {holder["subject"].rpartition("/")[2] for holder in holders} == {"ana@example.com"}
    assert google.requests() == [("POST", "/v1/oauthtoken", 200)] * 3


@pytest.mark.parametrize("client", [Theirs, Ours])
def test_the_end_of_a_login(login, client):
    google, file = login
    client(file).revoke()
    assert google.requests() == [("POST", "/v1/revoke", 200)]
    with pytest.raises(exceptions.OAuthError, match="invalid_grant"):
        Theirs(file).access_token()
    with pytest.raises(sanskey.RemoteError) as refused:
        Ours(file).access_token()
    assert refused.value.error == "invalid_grant"


@pytest.mark.parametrize(("first", "second"), [(Theirs, Ours), (Ours, Theirs)])
def test_each_takes_the_others_refresh_token(login, first, second, tmp_path):
    google, file = login
    user = first(file)
    user.access_token()
    kept = user.config.to_json() if first is Ours else user.credentials.to_json()
    (tmp_path / "kept.json").write_text(kept)
    holder = google.whoami(second(tmp_path / "kept.json").access_token())
    assert holder["kind"] == "federated"

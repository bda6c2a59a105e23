"""Google's own Python client and sanskey show the same certificates for the same configuration, over mutual TLS."""

import json
import urllib.parse

import google_client
import pytest
import requests
import sanskey
from google.auth import exceptions, identity_pool
from google.auth.transport.requests import Request

SUBJECT = (
    "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool"
    "/subject/sanskey-workload"
)


class Workload:
    """The emulator, and the files that it wrote for a workload with a certificate."""

    def __init__(self, emulator, folder):
        self.emulator = emulator
        self.folder = folder

    def file(self, name):
        return str(self.folder / name)

    def rotate(self, query):
        made = json.loads(self.emulator.http(f"/emulator/client-certificate{query}"))
        for name, part in [("client.pem", "certificate"), ("client-key.pem", "key"), ("chain.pem", "chain")]:
            (self.folder / name).write_text(made[part])


@pytest.fixture
def workload(emulator, tmp_path, monkeypatch):
    folder = tmp_path / "workload"
    started = emulator("--mtls-out", str(folder))
    # What requests reads, and what Python's ssl reads.
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, str(folder / "ca.pem"))
    return Workload(started, folder)


def google_auth(workload, name):
    credentials = identity_pool.Credentials.from_file(workload.file(name), scopes=[google_client.CLOUD_PLATFORM])
    with requests.Session() as session:
        credentials.refresh(Request(session))
    return credentials.token


def ours(workload, name):
    return sanskey.fetch_token(workload.file(name), endpoints="loopback").value


CLIENTS = [pytest.param(google_auth, id="google-auth"), pytest.param(ours, id="sanskey")]


@pytest.mark.parametrize("access_token", CLIENTS)
@pytest.mark.parametrize("query", ["?depth=1", "?key=rsa", "?key=p384&depth=3"])
def test_federated_tokens(workload, access_token, query):
    workload.rotate(query)
    holder = workload.emulator.whoami(access_token(workload, "credentials-federated.json"))
    assert (holder["kind"], holder["subject"]) == ("federated", SUBJECT)


@pytest.mark.parametrize("access_token", CLIENTS)
def test_tokens_of_service_accounts(workload, access_token):
    holder = workload.emulator.whoami(access_token(workload, "credentials.json"))
    assert holder["kind"] == "service_account"
    assert len(workload.emulator.requests()) == 2


@pytest.mark.parametrize(
    ("query", "error"),
    [("?foreign", "invalid_grant"), ("?end=34560000", "invalid_grant"), ("?cn=", "unauthorized_client")],
)
def test_the_same_refusals(workload, query, error):
    workload.rotate(query)
    with pytest.raises(exceptions.OAuthError) as theirs:
        google_auth(workload, "credentials-federated.json")
    with pytest.raises(sanskey.RemoteError) as refused:
        ours(workload, "credentials-federated.json")
    assert refused.value.error == error
    assert error in str(theirs.value)
    assert refused.value.error_description in str(theirs.value)


@pytest.mark.parametrize("leaf_first", [False, True])
def test_the_same_subject_token(workload, leaf_first):
    workload.rotate("?depth=3")
    if leaf_first:
        chain = workload.folder / "chain.pem"
        chain.write_text((workload.folder / "client.pem").read_text() + chain.read_text())
    name = workload.file("credentials-federated.json")
    theirs = json.loads(identity_pool.Credentials.from_file(name).retrieve_subject_token(None))

    class Recording(sanskey.SystemHost):
        def http(self, request):
            self.form = dict(urllib.parse.parse_qsl(request.body))
            return super().http(request)

    host = Recording()
    sanskey.fetch_token(name, endpoints="loopback", host=host)
    assert json.loads(host.form["subject_token"]) == theirs
    assert len(theirs) == 4

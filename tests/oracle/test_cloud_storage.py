"""Signed URLs and downscoped tokens of sanskey and of Google's clients are good for what they say, and for nothing else."""

import datetime
import json
import string
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import google.auth.iam
import pytest
import requests
import sanskey
import sanskey.google_auth
from draws import Draw
from google.auth import downscoped
from google.cloud import storage
from google.oauth2 import service_account
from google_services import Sent, Transport, credentials, with_token
from test_service_account import ACCOUNT, federated_token

BUCKET, OTHER = "sanskey-demo-bucket", "sanskey-other-bucket"
CONTENT = bytes(range(256))
DRAWS = 40
CHARACTERS = string.ascii_letters + string.digits + string.punctuation + " äßÿ€漢字🔑"
A_MINUTE = 60
VIEWER, CREATOR, ADMIN = "objectViewer", "objectCreator", "objectAdmin"


def with_sanskey(emulator, _tmp_path, name, method="GET", headers=(), **more):
    return sanskey.sign_url(
        emulator.config_file, BUCKET, name, A_MINUTE, method=method, headers=headers, endpoints="loopback", **more
    ).url


def with_google(emulator, tmp_path, name, method="GET", headers=(), **more):
    """google-cloud-storage, whose signer asks the emulator."""
    token = federated_token(emulator, tmp_path)
    signer = google.auth.iam.Signer(Transport(emulator), credentials(token), ACCOUNT)
    account = service_account.Credentials(signer, ACCOUNT, "https://oauth2.googleapis.com/token")
    client = storage.Client(project="sanskey-demo", credentials=account)
    return (
        client.bucket(BUCKET)
        .blob(name)
        .generate_signed_url(
            version="v4",
            expiration=datetime.timedelta(seconds=A_MINUTE),
            method=method,
            headers=dict(headers) or None,
            query_parameters=dict(more.get("query", ())) or None,
        )
    )


def with_credentials(emulator, _tmp_path, name, method="GET", headers=(), **more):
    """google-cloud-storage with credentials of sanskey: its whole way, and no key."""
    made = sanskey.google_auth.Credentials(emulator.config_file, endpoints="loopback")
    blob = storage.Client(project="sanskey-demo", credentials=made).bucket(BUCKET).blob(name)
    return blob.generate_signed_url(
        version="v4",
        expiration=datetime.timedelta(seconds=A_MINUTE),
        method=method,
        headers=dict(headers) or None,
        query_parameters=dict(more.get("query", ())) or None,
    )


@pytest.fixture(
    params=[with_sanskey, with_google, with_credentials],
    ids=["sanskey", "google-cloud-storage", "google-cloud-storage with sanskey's credentials"],
)
def signed(request, tmp_path):
    return lambda emulator, *arguments, **options: request.param(emulator, tmp_path, *arguments, **options)


def test_an_object_is_written_and_read(emulator, signed):
    services = emulator()
    assert Sent(services, signed(services, "folder/a b.txt")).code == "NoSuchKey"
    headers = {"content-type": "image/png"}
    put = signed(services, "folder/a b.txt", method="PUT", headers=headers)
    assert Sent(services, put, "PUT", headers, CONTENT).status == 200
    read = Sent(services, signed(services, "folder/a b.txt"))
    assert (read.status, read.content, read.headers["content-type"]) == (200, CONTENT, "image/png")
    head = Sent(services, signed(services, "folder/a b.txt", method="HEAD"), "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, "256")
    assert Sent(services, signed(services, "folder/a b.txt", method="DELETE"), "DELETE").status == 204
    assert Sent(services, signed(services, "folder/a b.txt")).code == "NoSuchKey"


def test_a_resumable_upload(emulator, signed):
    services = emulator()
    begun = Sent(services, signed(services, "a", method="RESUMABLE"), "POST", {"x-goog-resumable": "start"})
    assert begun.status == 201
    assert Sent(services, begun.headers["location"], "PUT", body=CONTENT).status == 200
    assert Sent(services, signed(services, "a")).content == CONTENT


def changed(url, **parameters):
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **parameters}
    return parts._replace(query=urlencode(query, quote_via=quote)).geturl()


CHANGES = {
    "nothing": (lambda url: changed(url), {}, "GET", None),
    "path": (lambda url: url.replace("/object?", "/another?"), {}, "GET", "SignatureDoesNotMatch"),
    "bucket": (lambda url: url.replace(BUCKET, OTHER), {}, "GET", "SignatureDoesNotMatch"),
    "host": (
        lambda url: url.replace(f"storage.googleapis.com/{BUCKET}", f"{BUCKET}.storage.googleapis.com"),
        {},
        "GET",
        "SignatureDoesNotMatch",
    ),
    "method": (lambda url: url, {}, "PUT", "SignatureDoesNotMatch"),
    "expiry": (lambda url: changed(url, **{"X-Goog-Expires": "3600"}), {}, "GET", "SignatureDoesNotMatch"),
    "date": (lambda url: changed(url, **{"X-Goog-Date": "20010101T000000Z"}), {}, "GET", "MalformedSecurityHeader"),
    "over": (lambda url: changed(url, **past()), {}, "GET", "ExpiredToken"),
    "account": (
        lambda url: url.replace("sanskey-demo%40", "another%40"),
        {},
        "GET",
        "MalformedSecurityHeader",
    ),
    "parameter": (lambda url: changed(url, generation="1"), {}, "GET", "SignatureDoesNotMatch"),
    "value of a header": (lambda url: url, {"x-goog-meta-a": "c"}, "GET", "SignatureDoesNotMatch"),
    "no header": (lambda url: url, {"x-goog-meta-a": None}, "GET", "MalformedSecurityHeader"),
    "one more header": (lambda url: url, {"x-goog-meta-b": "b"}, "GET", "MalformedSecurityHeader"),
    "signed headers": (
        lambda url: changed(url, **{"X-Goog-SignedHeaders": "host"}),
        {"x-goog-meta-a": None},
        "GET",
        "SignatureDoesNotMatch",
    ),
    "signature": (lambda url: changed(url, **{"X-Goog-Signature": "00" * 256}), {}, "GET", "SignatureDoesNotMatch"),
    "no signature": (lambda url: url.partition("&X-Goog-Signature")[0], {}, "GET", "AccessDenied"),
}


def past():
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    return {
        "X-Goog-Date": f"{moment:%Y%m%dT%H%M%SZ}",
        "X-Goog-Credential": f"{ACCOUNT}/{moment:%Y%m%d}/auto/storage/goog4_request",
    }


@pytest.mark.parametrize("name", CHANGES)
def test_a_url_that_was_changed_is_refused(emulator, signed, name):
    services = emulator()
    put = with_sanskey(services, None, "object", method="PUT")
    assert Sent(services, put, "PUT", body=CONTENT).status == 200
    change, headers, method, code = CHANGES[name]
    sent = {"x-goog-meta-a": "b", **headers}
    sent = {name: value for name, value in sent.items() if value is not None}
    url = signed(services, "object", headers={"x-goog-meta-a": "b"})
    assert code is None or name in ("method", "value of a header", "no header", "one more header") or change(url) != url

    answer = Sent(services, change(url), method, sent)

    if code is None:
        assert (answer.status, answer.content) == (200, CONTENT)
    else:
        assert answer.code == code, answer.content


def test_a_url_of_another_account_is_refused(emulator, signed):
    """Each emulator draws a key of its own for its service account."""
    services, elsewhere = emulator(), emulator()
    assert Sent(services, signed(elsewhere, "object")).code == "SignatureDoesNotMatch"


def test_drawn_objects_headers_and_parameters(emulator, seed):
    """Whatever the names are, what one URL writes the other reads, in every form of the URL."""
    services = emulator()
    forms = [{}, {"virtual_hosted": True}, {"bucket_bound_host": services.url}]
    for number in range(DRAWS):
        draw = Draw(seed, number)
        name = draw.of(CHARACTERS, 1, 60)
        query = {draw.of(CHARACTERS, 1, 10): draw.of(CHARACTERS, 0, 20) for _ in range(draw.random.randint(0, 3))}
        query.pop("upload_id", None)
        headers = {"X-Goog-Meta-A": f" {draw.of(string.ascii_letters, 1, 9)}   b ", "content-type": "text/plain"}
        form, other = draw.random.choice(forms), draw.random.choice(forms)
        put = with_sanskey(services, None, name, "PUT", headers, query=query, **form)
        content = f"{number}".encode()
        answer = Sent(services, put, "PUT", headers, content)
        assert answer.status == 200, (put, answer.content)
        read = Sent(services, with_sanskey(services, None, name, **other))
        assert (read.status, read.content) == (200, content), put
        delete = with_sanskey(services, None, name, "DELETE")
        assert Sent(services, delete, "DELETE").status == 204


def boundary(*roles, bucket=BUCKET, prefix=None):
    rule = {
        "availableResource": f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        "availablePermissions": [f"inRole:roles/storage.{role}" for role in roles],
    }
    if prefix is not None:
        start = f"projects/_/buckets/{bucket}/objects/{prefix}"
        rule["availabilityCondition"] = {"expression": f"resource.name.startsWith('{start}')"}
    return {"accessBoundaryRules": [rule]}


def weaker_by_sanskey(emulator, _tmp_path, rules, impersonate):
    config = emulator.config
    if not impersonate:
        del config["service_account_impersonation_url"]
    return sanskey.fetch_downscoped_token(config, rules, endpoints="loopback").value


def weaker_by_google(emulator, tmp_path, rules, impersonate):
    token = federated_token(emulator, tmp_path)
    if impersonate:
        token = sanskey.fetch_token(emulator.config_file, endpoints="loopback").value
    rule = rules["accessBoundaryRules"][0]
    condition = rule.get("availabilityCondition")
    rule = downscoped.AccessBoundaryRule(
        rule["availableResource"],
        rule["availablePermissions"],
        condition and downscoped.AvailabilityCondition(condition["expression"]),
    )
    source = credentials(token)
    weaker = downscoped.Credentials(source, downscoped.CredentialAccessBoundary([rule]))
    weaker.refresh(Transport(emulator))
    return weaker.token


@pytest.fixture(
    params=[(weaker_by_sanskey, True), (weaker_by_sanskey, False), (weaker_by_google, True), (weaker_by_google, False)],
    ids=["sanskey-account", "sanskey-federated", "google-auth-account", "google-auth-federated"],
)
def weaker(request, tmp_path):
    get, impersonate = request.param
    return lambda emulator, rules: get(emulator, tmp_path, rules, impersonate)


def sent_with(emulator, token, method, path, body=None):
    return Sent(emulator, f"https://storage.googleapis.com{path}", method, with_token(token), body)


@pytest.fixture
def filled(emulator, tmp_path):
    """An emulator with two objects in each bucket."""
    services = emulator()
    whole = federated_token(services, tmp_path)
    for bucket in (BUCKET, OTHER):
        for name in ("public/a", "private/a"):
            assert sent_with(services, whole, "PUT", f"/{bucket}/{name}", CONTENT).status == 200
    return services


def test_a_weaker_token_reads_what_it_may(filled, weaker):
    token = weaker(filled, boundary(VIEWER))
    assert filled.whoami(token)["access_boundary"] == boundary(VIEWER)
    for name in ("public/a", "private/a"):
        assert sent_with(filled, token, "GET", f"/{BUCKET}/{name}").content == CONTENT
        assert sent_with(filled, token, "GET", f"/{OTHER}/{name}").code == "AccessDenied"
        assert sent_with(filled, token, "PUT", f"/{BUCKET}/{name}", b"").code == "AccessDenied"
        assert sent_with(filled, token, "DELETE", f"/{BUCKET}/{name}").code == "AccessDenied"


def test_a_weaker_token_reads_under_its_prefix(filled, weaker):
    token = weaker(filled, boundary(VIEWER, prefix="public/"))
    assert sent_with(filled, token, "GET", f"/{BUCKET}/public/a").content == CONTENT
    assert sent_with(filled, token, "GET", f"/{BUCKET}/private/a").code == "AccessDenied"


def test_a_weaker_token_writes_what_it_may(filled, weaker):
    creator, admin = weaker(filled, boundary(CREATOR)), weaker(filled, boundary(ADMIN, bucket=OTHER))
    assert sent_with(filled, creator, "PUT", f"/{BUCKET}/new", CONTENT).status == 200
    assert sent_with(filled, creator, "PUT", f"/{BUCKET}/new", CONTENT).code == "AccessDenied"
    assert sent_with(filled, creator, "GET", f"/{BUCKET}/new").code == "AccessDenied"
    assert sent_with(filled, admin, "PUT", f"/{OTHER}/public/a", b"new").status == 200
    assert sent_with(filled, admin, "GET", f"/{OTHER}/public/a").content == b"new"
    assert sent_with(filled, admin, "PUT", f"/{BUCKET}/public/a", b"new").code == "AccessDenied"


def test_a_weaker_token_ends_with_the_one_it_was_made_of(filled):
    config = {**filled.config, "service_account_impersonation": {"token_lifetime_seconds": 600}}
    token = sanskey.fetch_downscoped_token(config, boundary(VIEWER), endpoints="loopback")
    left = (token.expires_at - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 580 <= left <= 600
    assert filled.whoami(token.value)["expires_in"] <= 600


def test_a_weaker_token_has_its_scopes(filled):
    scope = "https://www.googleapis.com/auth/devstorage.read_only"
    token = sanskey.fetch_downscoped_token(
        filled.config_file, boundary(ADMIN), scopes=scope, endpoints="loopback"
    ).value
    assert filled.whoami(token)["scopes"] == [scope]
    assert sent_with(filled, token, "GET", f"/{BUCKET}/public/a").content == CONTENT
    assert sent_with(filled, token, "PUT", f"/{BUCKET}/public/a", b"").code == "AccessDenied"


def test_a_boundary_that_google_would_not_take(emulator):
    services = emulator()
    rules = boundary(VIEWER, prefix="') && true || resource.name.startsWith('")
    with pytest.raises(sanskey.RemoteError) as error:
        sanskey.fetch_downscoped_token(services.config_file, rules, endpoints="loopback")
    assert (error.value.code, error.value.error) == ("sts_rejected", "invalid_request")
    assert "access boundary" in error.value.hint


@pytest.mark.parametrize("bucket", ["a/objects/b", "", "b" * 2048])
def test_a_boundary_that_neither_google_nor_sanskey_takes(filled, bucket):
    rules = boundary(VIEWER, bucket=bucket)
    with pytest.raises(sanskey.MisuseError) as error:
        sanskey.fetch_downscoped_token(filled.config_file, rules, endpoints="loopback")
    assert error.value.code == "invalid_argument"
    fields = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": sanskey.fetch_token(filled.config_file, endpoints="loopback").value,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "options": json.dumps({"accessBoundary": rules}),
    }
    answer = requests.post(f"{filled.url}/v1/token", fields, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

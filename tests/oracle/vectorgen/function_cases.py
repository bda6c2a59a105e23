"""Vectors of the functions that take no exchange: signing, and the single Google requests."""

import json
from urllib.parse import urlsplit

from . import protocol, world
from .protocol import AWS4_REQUEST, CLOUD_PLATFORM
from .signing import caller_identity_token, sign
from .transcript import error
from .world import LONG_TERM, NOW, TEMPORARY

STANDARD_URL = "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
FIPS_URL = "https://sts-fips.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
TARGET = ("x-goog-cloud-target-resource", world.AUDIENCE)
INVALID_ARGUMENT = error("invalid_argument", "misuse")


def signatures():
    yield from _reference_signatures()
    yield from _other_requests()
    yield from _caller_identity_tokens()
    yield from _unsignable()


def _reference_signatures():
    """The GetCallerIdentity request as the existing clients sign it, and as AIP-4117 describes it."""
    for name, about, url, target, credentials, service in [
        (
            "caller-identity-long-term-unsigned-target",
            "Long-term key; the target resource is added after signing, as google-auth does.",
            STANDARD_URL,
            False,
            LONG_TERM,
            "sts",
        ),
        (
            "caller-identity-long-term-signed-target",
            "Long-term key; the target resource is signed, as AIP-4117 shows.",
            STANDARD_URL,
            True,
            LONG_TERM,
            "sts",
        ),
        (
            "caller-identity-temporary-unsigned-target",
            "Temporary key; the target resource is added after signing.",
            STANDARD_URL,
            False,
            TEMPORARY,
            "sts",
        ),
        (
            "caller-identity-temporary-signed-target",
            "Temporary key; the target resource is signed.",
            STANDARD_URL,
            True,
            TEMPORARY,
            "sts",
        ),
        (
            "caller-identity-fips-service-sts",
            "A FIPS host belongs to the service sts.",
            FIPS_URL,
            False,
            TEMPORARY,
            "sts",
        ),
        (
            "caller-identity-fips-service-of-host",
            "The same with the service name sts-fips, which some clients take from the host: another signature.",
            FIPS_URL,
            False,
            TEMPORARY,
            "sts-fips",
        ),
    ]:
        headers = [TARGET] if target else []
        yield _signature(name, about, "POST", url, headers, "", credentials, "us-east-1", service)


def _other_requests():
    json_type = ("Content-Type", "application/x-amz-json-1.0")
    for name, about, method, url, headers, body in [
        ("plain-get", "The smallest request.", "GET", "https://example.amazonaws.com/", [], ""),
        (
            "json-post",
            "A request with a body and two headers.",
            "POST",
            "https://dynamodb.us-east-1.amazonaws.com/",
            [json_type, ("X-Amz-Target", "DynamoDB_20120810.ListTables")],
            '{"Limit": 10}',
        ),
        (
            "header-white-space",
            "Values are trimmed, and every run of spaces inside becomes one.",
            "GET",
            "https://example.amazonaws.com/",
            [("X-Padded", "  a   b  c  "), ("x-empty", ""), ("x-spaces", "   ")],
            "",
        ),
        (
            "header-repeated",
            "Values of a repeated header are joined by a comma, in their order.",
            "GET",
            "https://example.amazonaws.com/",
            [("X-List", "b, c"), ("x-list", "a"), ("X-LIST", " d ")],
            "",
        ),
        (
            "header-non-ascii",
            "Header values are signed as UTF-8.",
            "GET",
            "https://example.amazonaws.com/",
            [("x-name", "Zoë Ünïcode 東京 🦀")],
            "",
        ),
        (
            "query-sorted",
            "Parameters are sorted by name, then by value; one without a value gets an empty one.",
            "GET",
            "https://example.amazonaws.com/?b=2&a=2&a=1&a-b=3&A=0&flag",
            [],
            "",
        ),
        (
            "query-encoded",
            "Encoded parameters stay as they are.",
            "GET",
            "https://example.amazonaws.com/?path=%2Fa%20b%2F&plus=%2B&name=%E6%9D%B1&tilde=~._-",
            [],
            "",
        ),
        (
            "path-encoded-twice",
            "A path that is already encoded is encoded once more.",
            "GET",
            "https://example.amazonaws.com/a%20b/%E6%9D%B1/c+d@e",
            [],
            "",
        ),
        (
            "path-normalized",
            "Dot segments and repeated slashes are resolved.",
            "GET",
            "https://example.amazonaws.com//a/./b/../c//d/",
            [],
            "",
        ),
        (
            "port-in-host",
            "A port other than the default one is part of the host.",
            "PUT",
            "http://localhost:8080/bucket",
            [],
            "payload",
        ),
        (
            "body-non-ascii",
            "The body is hashed as UTF-8.",
            "POST",
            "https://example.amazonaws.com/",
            [("content-type", "text/plain; charset=utf-8")],
            "naïve ✓ 🦀\r\n",
        ),
        (
            "user-agent-unsigned",
            "A user-agent is sent, but not signed: it may be changed on the way.",
            "GET",
            "https://example.amazonaws.com/",
            [("User-Agent", "sanskey-test/1.0"), ("x-signed", "yes")],
            "",
        ),
    ]:
        yield _signature(name, about, method, url, headers, body, LONG_TERM, "us-east-1", "service")
    yield _signature(
        "session-token",
        "The session token is signed as a header.",
        "GET",
        "https://example.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        [],
        "",
        world.INSTANCE,
        "eu-west-1",
        "iam",
    )
    for name, now in [("before-1970", -1), ("leap-day", 1709164800), ("year-2100", 4107542399)]:
        yield _signature(
            f"time-{name}",
            "The date of the signature is UTC.",
            "GET",
            "https://example.amazonaws.com/",
            [],
            "",
            LONG_TERM,
            "us-east-1",
            "service",
            now,
        )


def _caller_identity_tokens():
    for name, about, credentials, region in [
        ("token-long-term", "The subject token of a long-term key.", LONG_TERM, "us-east-1"),
        ("token-temporary", "The subject token of a temporary key.", TEMPORARY, "us-east-1"),
        ("token-gov-region", "The subject token of a GovCloud region.", TEMPORARY, "us-gov-west-1"),
    ]:
        token = caller_identity_token(credentials, region, world.AUDIENCE, NOW)
        yield _vector(
            name,
            about,
            "caller_identity_token",
            {**credentials._asdict(), "region": region, "audience": world.AUDIENCE, "now": NOW},
            {"text": token},
            credentials[1:],
        )
    china = "https://sts.{region}.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15"
    yield _vector(
        "token-china-region",
        "Regions in China have a domain of their own.",
        "caller_identity_token",
        {**LONG_TERM._asdict(), "region": "cn-north-1", "audience": world.AUDIENCE, "now": NOW},
        {"text": caller_identity_token(LONG_TERM, "cn-north-1", world.AUDIENCE, NOW, china)},
        LONG_TERM[1:],
    )


def _unsignable():
    good = {
        "method": "GET",
        "url": "https://example.amazonaws.com/",
        "headers": [],
        "body": "",
        **LONG_TERM._asdict(),
        "region": "us-east-1",
        "service": "service",
        "now": NOW,
    }
    for name, about, changes in [
        ("url-without-scheme", "A URL has a scheme.", {"url": "example.amazonaws.com/"}),
        ("url-without-host", "A URL has a host.", {"url": "https:///path"}),
        ("url-with-user", "A URL with user information has two readings.", {"url": "https://a@b.example/"}),
        ("method-with-space", "A method is one word.", {"method": "GET /"}),
        ("header-with-line-break", "A header value has one line.", {"headers": [["x-a", "b\r\nx-c: d"]]}),
        ("header-name-with-colon", "A header name is a token.", {"headers": [["x-a:", "b"]]}),
        ("region-empty", "There is no scope without a region.", {"region": ""}),
        ("service-with-slash", "A slash would make another scope.", {"service": "sts/aws4_request"}),
        ("secret-empty", "An empty secret signs nothing.", {"secret_access_key": ""}),
        ("token-with-line-break", "A session token has one line.", {"session_token": "a\nb"}),
    ]:
        yield _vector(f"refused-{name}", about, "sign_request", {**good, **changes}, INVALID_ARGUMENT, LONG_TERM[1:2])
    for name, about, changes in [
        ("region-of-another-host", "The region becomes part of a host name.", {"region": "evil.com/"}),
        ("audience-with-line-break", "The audience becomes a header value.", {"audience": "a\r\nb: c"}),
    ]:
        params = {**LONG_TERM._asdict(), "region": "us-east-1", "audience": world.AUDIENCE, "now": NOW, **changes}
        yield _vector(f"refused-{name}", about, "caller_identity_token", params, INVALID_ARGUMENT, LONG_TERM[1:2])


def _signature(name, about, method, url, headers, body, credentials, region, service, now=NOW):
    signed = sign(method, url, headers, body.encode(), credentials, region, service, now)
    added = {key.lower(): value for key, value in signed if key.lower() not in {n.lower() for n, _ in headers}}
    params = {
        "method": method,
        "url": url,
        "headers": [list(pair) for pair in headers],
        "body": body,
        **credentials._asdict(),
        "region": region,
        "service": service,
        "now": now,
    }
    result = {"headers": {"host": urlsplit(url).netloc, **added}}
    return _vector(name, about, "sign_request", params, result, credentials[1:])


BOUNDARY = json.dumps(
    {
        "accessBoundaryRules": [
            {
                "availableResource": "//storage.googleapis.com/projects/_/buckets/bücket",
                "availablePermissions": ["inRole:roles/storage.objectViewer"],
            }
        ]
    },
    separators=(",", ":"),
    ensure_ascii=False,
)


def sts():
    full = {
        "token_url": world.TOKEN_URL,
        "audience": world.AUDIENCE,
        "subject_token": "%7B%22url%22%3A%22https%3A%2F%2Fexample%22%7D",
        "subject_token_type": world.AWS4_REQUEST,
        "scopes": [CLOUD_PLATFORM],
        "client_id": None,
        "client_secret": None,
        "user_project": None,
    }
    for name, about, changes in [
        ("aws", "A subject token that is percent-encoded already is encoded again by the form.", {}),
        (
            "jwt",
            "A JWT as subject token, and two scopes.",
            {
                "subject_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "scopes": ["https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"],
            },
        ),
        (
            "reserved-characters",
            "Everything but letters, digits and -._~ is percent-encoded, a space as %20.",
            {"subject_token": "a b+c&d=e/f?g%h*i~j-k_l.m'n(o)p!q\"r é✓🦀"},
        ),
        (
            "client-authentication",
            "Client authentication goes into the authorization header.",
            {"client_id": "clïent", "client_secret": "s?>e:пароль"},
        ),
        (
            "user-project",
            "A workforce pool's user project goes into options, which is encoded once.",
            {
                "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/prov",
                "user_project": "my-project",
            },
        ),
        (
            "actor",
            "Who acts for the subject.",
            {"actor_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiIn0.c2lnMg", "actor_token_type": protocol.ID_TOKEN},
        ),
        (
            "options",
            "All that options may hold, encoded once.",
            {"access_boundary": BOUNDARY, "bind_cert_fingerprint": "A" * 43, "user_project": 'prüj"ct'},
        ),
        ("api-client", "What asks.", {"api_client": "gl-python/3.14.0 sanskey/1.0.0"}),
        (
            "json",
            "A JSON body, in which names are in camelCase and options a text.",
            {
                "body_format": "json",
                "subject_token": 'a b+c&d=e/f?g%h"i\\j é✓🦀\n\u0001',
                "actor_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiIn0.c2lnMg",
                "actor_token_type": protocol.JWT,
                "access_boundary": BOUNDARY,
                "client_id": "client",
                "client_secret": "client-secret-example",
            },
        ),
    ]:
        params = {**full, **changes}
        secrets = [params["subject_token"], params.get("actor_token")]
        if params["client_secret"]:
            secrets.append(params["client_secret"])
            basic = protocol.basic_authorization(params["client_id"], params["client_secret"])
            secrets.append(basic.removeprefix("Basic "))
        yield _vector(
            f"request-{name}", about, "sts_request", params, {"request": protocol.sts_request(**params)}, secrets
        )
    yield _vector(
        "request-default-scope",
        "Without scopes the request is for cloud-platform.",
        "sts_request",
        {**full, "scopes": []},
        {"request": protocol.sts_request(**full)},
        [full["subject_token"]],
    )
    yield _vector(
        "refused-token-url",
        "A token_url has a scheme and a host.",
        "sts_request",
        {**full, "token_url": "sts.googleapis.com/v1/token"},
        INVALID_ARGUMENT,
        [full["subject_token"]],
    )
    for name, change in [
        ("access-boundary", {"access_boundary": "[]"}),
        ("access-boundary-text", {"access_boundary": "{"}),
        ("api-client", {"api_client": "a\nb"}),
        ("actor-without-type", {"actor_token": "example-actor-token"}),
        ("body-format", {"body_format": "xml"}),
    ]:
        params = {**full, **change}
        about = "What cannot be sent."
        yield _vector(f"refused-{name}", about, "sts_request", params, INVALID_ARGUMENT, [full["subject_token"]])
    answer = world.federated_answer
    for name, about, changes, lifetime in [
        ("number", "expires_in as a number.", {}, 3599),
        ("text", "expires_in as a number in a string.", {"expires_in": "59"}, 59),
        ("missing", "Without expires_in the token is expired at once.", {"expires_in": None}, 0),
        ("negative", "A negative expires_in is over already.", {"expires_in": -5}, 0),
        ("fraction", "A fraction of a second is dropped.", {"expires_in": 59.9}, 59),
        ("unreadable", "An expires_in that is no number is unknown.", {"expires_in": "soon"}, 0),
    ]:
        yield _vector(
            f"response-expiry-{name}",
            about,
            "parse_sts_response",
            {"status": 200, "body": protocol.http(200, answer(**changes))["body"], "now": NOW},
            {"token": {"value": world.FEDERATED_TOKEN, "expires_at": NOW + lifetime, "kind": "federated"}},
            [world.FEDERATED_TOKEN],
        )
    yield from _refused_answers(
        "parse_sts_response",
        "sts",
        [
            (
                "oauth-error",
                "An OAuth error.",
                400,
                {"error": "invalid_grant", "error_description": "AWS request has invalid format."},
                {"error": "invalid_grant", "error_description": "AWS request has invalid format."},
            ),
            ("html", "An error that is not JSON.", 403, "<html></html>", {}),
            ("server-error", "A server error may pass.", 503, "", {"retryable": True}),
            (
                "quota",
                "Too many requests.",
                429,
                {"error": "quota_exceeded"},
                {"retryable": True, "error": "quota_exceeded"},
            ),
            ("not-json", "A success that is not JSON.", 200, "{", {}),
            ("without-token", "A success without a token.", 200, {}, {}),
        ],
    )


def impersonation():
    full = {
        "url": world.IMPERSONATION_URL,
        "token": world.FEDERATED_TOKEN,
        "scopes": [CLOUD_PLATFORM],
        "lifetime_seconds": 3600,
        "delegates": [],
    }
    for name, about, changes in [
        ("plain", "One scope, one hour.", {}),
        (
            "scopes-and-lifetime",
            "Two scopes and twelve hours.",
            {
                "scopes": ["https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"],
                "lifetime_seconds": 43200,
            },
        ),
        (
            "delegates",
            "A chain of delegates.",
            {"delegates": ["projects/-/serviceAccounts/middle@my-project.iam.gserviceaccount.com"]},
        ),
    ]:
        params = {**full, **changes}
        yield _vector(
            f"request-{name}",
            about,
            "impersonation_request",
            params,
            {"request": protocol.impersonation_request(**params)},
            [world.FEDERATED_TOKEN],
        )
    yield _vector(
        "request-default-scope",
        "Without scopes the request is for cloud-platform.",
        "impersonation_request",
        {**full, "scopes": []},
        {"request": protocol.impersonation_request(**full)},
        [world.FEDERATED_TOKEN],
    )
    for seconds in (599, 43201):
        yield _vector(
            f"refused-lifetime-{seconds}",
            f"A lifetime of {seconds} seconds is out of the range from 600 to 43200.",
            "impersonation_request",
            {**full, "lifetime_seconds": seconds},
            INVALID_ARGUMENT,
            [world.FEDERATED_TOKEN],
        )
    for name, about, expire_time, expires_at in [
        ("utc", "A time in UTC.", "2024-01-02T04:04:05Z", NOW + 3600),
        ("fraction", "A fraction of a second is dropped.", "2024-01-02T04:04:05.123456789Z", NOW + 3600),
        ("offset", "An offset from UTC.", "2024-01-01T22:04:05-06:00", NOW + 3600),
        ("lower-case", "RFC 3339 allows lower case.", "2024-01-02t04:04:05z", NOW + 3600),
        ("past", "A time in the past is kept.", "2024-01-02T02:04:05Z", NOW - 3600),
        ("missing", "Without expireTime the token is expired at once.", None, NOW),
    ]:
        yield _vector(
            f"response-expiry-{name}",
            about,
            "parse_impersonation_response",
            {
                "status": 200,
                "body": protocol.http(200, world.service_account_answer(expireTime=expire_time))["body"],
                "now": NOW,
            },
            {
                "token": {
                    "value": world.SERVICE_ACCOUNT_TOKEN,
                    "expires_at": expires_at,
                    "kind": "service_account",
                }
            },
            [world.SERVICE_ACCOUNT_TOKEN],
        )
    denied = {"error": {"code": 403, "message": "Permission denied.", "status": "PERMISSION_DENIED"}}
    answer = world.service_account_answer
    yield from _refused_answers(
        "parse_impersonation_response",
        "impersonation",
        [
            (
                "google-error",
                "An error of a Google API.",
                403,
                denied,
                {"error": "PERMISSION_DENIED", "error_description": "Permission denied."},
            ),
            ("empty", "An error without a body.", 404, "", {}),
            ("server-error", "A server error may pass.", 500, "", {"retryable": True}),
            ("not-json", "A success that is not JSON.", 200, "null", {}),
            ("without-token", "A success without a token.", 200, answer(accessToken=None), {}),
            ("bad-expiry", "A day that does not exist.", 200, answer(expireTime="2024-02-30T00:00:00Z"), {}),
        ],
    )


def descriptions():
    nothing = {
        "issuer": None,
        "subject": None,
        "audiences": [],
        "issued_at": None,
        "expires_at": None,
        "access_key_id": None,
        "region": None,
        "principals": [],
    }
    pool = world.AUDIENCE.partition("/providers/")[0]
    everybody = f"principalSet:{pool}/*"
    whole = {"iss": "https://issuer.example", "sub": "job", "aud": "pool", "iat": NOW, "exp": NOW + 600}
    told = {"issuer": whole["iss"], "subject": "job", "audiences": ["pool"], "issued_at": NOW, "expires_at": NOW + 600}
    by_name = {"principals": [f"principal:{pool}/subject/job", everybody]}
    signed = caller_identity_token(TEMPORARY, "eu-west-1", world.AUDIENCE, NOW, STANDARD_URL)
    of_aws = {
        "audiences": [world.AUDIENCE],
        "issued_at": NOW,
        "expires_at": NOW + 900,
        "access_key_id": TEMPORARY.access_key_id,
        "region": "eu-west-1",
        "principals": [everybody],
    }
    for name, about, token, token_type, audience, description in [
        ("jwt", "The claims of a JWT.", world.jwt(whole), protocol.JWT, world.AUDIENCE, told | by_name),
        ("id-token", "Of an ID token, too.", world.jwt(whole), protocol.ID_TOKEN, world.AUDIENCE, told | by_name),
        ("no-audience", "Without a provider, no principals.", world.jwt(whole), protocol.JWT, "", told),
        (
            "odd-claims",
            "What has another type than it should is left out.",
            world.jwt({"iss": 1, "sub": None, "aud": ["a", 2, "b\n"], "exp": 1.5, "iat": "x"}),
            protocol.JWT,
            "",
            {"audiences": ["a", "b "], "expires_at": 1},
        ),
        ("aws", "The key, the region and the date of a signed request.", signed, AWS4_REQUEST, world.AUDIENCE, of_aws),
        ("opaque", "Of other tokens nothing is said.", "opaque-token", protocol.JWT, "", {}),
        ("saml", "Nor of SAML.", "PHNhbWw+", world.SAML, "", {}),
        ("not-aws", "A text that is no signed request.", "%7B%7D", AWS4_REQUEST, "", {}),
    ]:
        params = {"token": token, "token_type": token_type, "audience": audience}
        result = {"description": nothing | description}
        secrets = [token, TEMPORARY.session_token] if name == "aws" else [token]
        yield _vector(name, about, "describe_subject_token", params, result, secrets)


def headers():
    token = "ya29.example-token-of-headers"
    bearer = ["authorization", f"Bearer {token}"]
    for name, project, result in [
        ("token", None, [bearer]),
        ("quota-project", "billed", [bearer, ["x-goog-user-project", "billed"]]),
    ]:
        params = {"token": token, "quota_project_id": project}
        yield _vector(name, "What a request to an API of Google carries.", "request_headers", params, {"pairs": result})


def freshness():
    for name, seconds_left, expected in [
        ("long", 3600, "fresh"),
        ("just-fresh", 241, "fresh"),
        ("first-stale", 240, "stale"),
        ("last-stale", 11, "stale"),
        ("almost-over", 10, "expired"),
        ("over", -1, "expired"),
    ]:
        yield _vector(
            name,
            f"A token with {seconds_left} seconds left is {expected}.",
            "token_freshness",
            {"expires_at": NOW + seconds_left, "now": NOW},
            {"freshness": expected},
        )


def _refused_answers(function, stage, cases):
    for name, about, status, body, members in cases:
        kind = "malformed" if status == 200 else "unavailable" if members.get("retryable") else "rejected"
        yield _vector(
            f"refused-{name}",
            about,
            function,
            {"status": status, "body": protocol.http(status, body)["body"], "now": NOW},
            error(f"{stage}_{kind}", "remote", stage=stage, status=status, **members),
        )


def _vector(name, about, function, params, result, secrets=()):
    return {
        "name": name,
        "about": about,
        "function": function,
        "params": params,
        "result": result,
        "secrets": [secret for secret in secrets if secret],
    }

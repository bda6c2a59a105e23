"""Exchanges that end with a token, one folder entry each: ``exchange/aws``."""

from . import world
from .protocol import WAITED, failed, http, imds_get, wait
from .transcript import Exchange
from .world import INSTANCE, LONG_TERM, NOW, TEMPORARY, config, environment

HOUR = 3600
FEDERATED_EXPIRY = NOW + 3599
IMPERSONATED_EXPIRY = NOW + HOUR


def exchanges():
    yield from whole_flows()
    yield from regions()
    yield from credential_sources()
    yield from endpoints()
    yield from google_requests()
    yield from answers()
    yield from retries()


def whole_flows():
    yield (
        Exchange(
            "ec2-imdsv2-impersonation",
            "An EC2 instance with IMDSv2 gets a service account token: six requests in five HTTP rounds.",
            config=config(impersonate=True),
        )
        .env()
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        Exchange("ec2-imdsv2-federated", "Without impersonation the federated token is the result.", config=config())
        .env()
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "ec2-imdsv1-impersonation",
            "Without imdsv2_session_token_url the metadata is asked for without a session.",
            config=config(imds_v2=False, impersonate=True),
        )
        .env()
        .region_and_role()
        .role_credentials()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        Exchange(
            "lambda-impersonation",
            "On Lambda keys and region are in the environment, and no metadata request is made.",
            config=config(impersonate=True),
        )
        .env(environment(TEMPORARY, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1"))
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    yield (
        Exchange(
            "lambda-without-metadata-urls",
            "Metadata URLs may be missing from the configuration where the environment has everything.",
            config=config(imds_v2=False, without=["region_url", "url"]),
        )
        .env(environment(TEMPORARY, AWS_REGION="eu-central-1"))
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    case = Exchange(
        "replies-in-reverse-order",
        "The role may be answered before the region that was asked for first.",
        config=config(),
    )
    case.env().session().region_and_role().role_credentials().sts().token(FEDERATED_EXPIRY)
    case.rounds[2]["replies"].reverse()
    yield case
    yield (
        Exchange(
            "supplied-credentials-and-region",
            "A caller that supplies credentials and region is asked for nothing but the two Google requests.",
            config=config(impersonate=True),
            credentials=TEMPORARY,
            region="ap-southeast-2",
        )
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )


def regions():
    for name, about, values in [
        (
            "region-from-default-variable",
            "AWS_DEFAULT_REGION is read when AWS_REGION is not set.",
            {"AWS_DEFAULT_REGION": "sa-east-1"},
        ),
        (
            "region-first-variable-wins",
            "AWS_REGION goes before AWS_DEFAULT_REGION.",
            {"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "us-east-1"},
        ),
        (
            "region-empty-variable-is-unset",
            "An empty AWS_REGION counts as not set.",
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": "ca-central-1"},
        ),
    ]:
        yield (
            Exchange(name, about, config=config()).env(environment(LONG_TERM, **values)).sts().token(FEDERATED_EXPIRY)
        )
    for name, zone, region in [
        ("availability-zone", "us-east-2b", "us-east-2"),
        ("zone-with-newline", "eu-north-1c\n", "eu-north-1"),
        ("local-zone", "us-west-2-lax-1a", "us-west-2"),
        ("wavelength-zone", "us-east-1-wl1-bos-wlz-1", "us-east-1"),
        ("gov-zone", "us-gov-west-1a", "us-gov-west-1"),
        ("iso-zone", "us-iso-east-1b", "us-iso-east-1"),
        ("bare-region", "us-east-1", "us-east-1"),
    ]:
        yield (
            Exchange(
                f"region-from-{name}",
                f"The zone {zone.strip()} lies in the region {region}; with keys in the environment only the region is asked for.",
                config=config(),
            )
            .env(environment(LONG_TERM, AWS_REGION="", AWS_DEFAULT_REGION=""))
            .session()
            .region_and_role(zone=zone, region=region)
            .sts()
            .token(FEDERATED_EXPIRY)
        )


def credential_sources():
    yield (
        Exchange(
            "env-keys-without-session-token",
            "Long-term keys have no session token, and none is signed.",
            config=config(),
        )
        .env(environment(LONG_TERM, AWS_REGION="us-east-1"))
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "env-empty-session-token-is-absent",
            "An empty AWS_SESSION_TOKEN counts as not set.",
            config=config(),
        )
        .env(environment(LONG_TERM, AWS_REGION="us-east-1", AWS_SESSION_TOKEN=""))
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "env-region-instance-credentials",
            "With the region in the environment, only the credentials come from the metadata.",
            config=config(),
        )
        .env({"AWS_REGION": "us-east-1"})
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "env-empty-keys-are-unset",
            "Two empty key variables count as not set, and the instance's credentials are used.",
            config=config(),
        )
        .env({"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "supplied-credentials-region-from-env",
            "Supplied credentials go before those of the environment, which still gives the region.",
            config=config(),
            credentials=LONG_TERM,
        )
        .env(environment(INSTANCE, AWS_REGION="us-east-1"))
        .sts()
        .token(FEDERATED_EXPIRY)
        .secret(*INSTANCE[1:])
    )
    yield (
        Exchange(
            "supplied-credentials-region-from-metadata",
            "Supplied credentials, and a region that only the metadata knows.",
            config=config(),
            credentials=LONG_TERM,
        )
        .env()
        .session()
        .region_and_role()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "supplied-region-env-credentials",
            "A supplied region goes before that of the environment, which still gives the credentials.",
            config=config(),
            region="ap-south-1",
        )
        .env(environment(TEMPORARY, AWS_REGION="us-east-1"))
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "role-name-encoded-and-trimmed",
            "The role name is trimmed and percent-encoded into the path.",
            config=config(),
        )
        .env({"AWS_REGION": "us-east-1"})
        .session()
        .region_and_role(role=" role+a@b,c=d._-\r\n")
        .role_credentials(path="role%2Ba%40b%2Cc%3Dd._-")
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        Exchange(
            "role-url-with-trailing-slash",
            "A slash at the end of credential_source.url is not doubled.",
            config=config(source={"url": world.ROLE_URL + "/"}),
        )
        .env({"AWS_REGION": "us-east-1"})
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    without_token = world.role_credentials(LONG_TERM)
    without_token["Token"] = ""
    yield (
        Exchange(
            "instance-credentials-empty-token", "An empty Token of the metadata counts as absent.", config=config()
        )
        .env({"AWS_REGION": "us-east-1"})
        .session()
        .region_and_role()
        .role_credentials(credentials=LONG_TERM._replace(session_token=""))
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def endpoints():
    fips = "https://sts-fips.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    china = "https://sts.{region}.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15"
    legacy = "https://sts.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    for name, about, url, region in [
        ("fips", "A FIPS host is signed for the service sts, not sts-fips.", fips, "us-east-1"),
        ("china", "The China partition has a host of its own.", china, "cn-north-1"),
        ("global", "The global host has no region, but the signature has one.", legacy, "us-east-1"),
    ]:
        yield (
            Exchange(
                f"aws-sts-{name}-host",
                about,
                config=config(source={"regional_cred_verification_url": url}),
            )
            .env(environment(TEMPORARY, AWS_REGION=region))
            .sts()
            .token(FEDERATED_EXPIRY)
        )
    for name, about, changes in [
        (
            "google-sts-regional-host",
            "A regional Google STS endpoint is used as configured.",
            {"token_url": "https://sts.us-east4.rep.googleapis.com/v1/token"},
        ),
        (
            "google-sts-mtls-host",
            "The mTLS host of Google STS is accepted.",
            {"token_url": "https://sts.mtls.googleapis.com/v1/token"},
        ),
        (
            "universe-domain",
            "In another universe the hosts lie under its domain; the audience keeps iam.googleapis.com.",
            {
                "universe_domain": "s3nsapis.fr",
                "token_url": "https://sts.s3nsapis.fr/v1/token",
                "service_account_impersonation_url": world.IMPERSONATION_URL.replace("googleapis.com", "s3nsapis.fr"),
            },
        ),
    ]:
        case = Exchange(name, about, config=config(**changes)).env(environment(TEMPORARY, AWS_REGION="us-east-1")).sts()
        if "service_account_impersonation_url" in changes:
            yield case.impersonate().token(IMPERSONATED_EXPIRY)
        else:
            yield case.token(FEDERATED_EXPIRY)
    ipv6 = {
        "region_url": world.REGION_URL.replace("169.254.169.254", "[fd00:ec2::254]"),
        "url": world.ROLE_URL.replace("169.254.169.254", "[fd00:ec2::254]"),
        "imdsv2_session_token_url": world.SESSION_URL.replace("169.254.169.254", "[fd00:ec2::254]"),
    }
    yield (
        Exchange("metadata-over-ipv6", "The metadata service also has an IPv6 address.", config=config(source=ipv6))
        .env()
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    local = "http://127.0.0.1:8080"
    yield (
        Exchange(
            "loopback-endpoints",
            "The loopback policy allows an emulator on this machine; the signed AWS URL stays AWS's.",
            config=config(
                impersonate=True,
                token_url=f"{local}/v1/token",
                service_account_impersonation_url=f"{local}/v1/projects/-/serviceAccounts/{world.SERVICE_ACCOUNT}:generateAccessToken",
                source={
                    "region_url": f"{local}/latest/meta-data/placement/availability-zone",
                    "url": "http://localhost:8080/latest/meta-data/iam/security-credentials",
                    "imdsv2_session_token_url": "http://[::1]:8080/latest/api/token",
                },
            ),
            endpoints="loopback",
        )
        .env()
        .session()
        .region_and_role()
        .role_credentials()
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    elsewhere = "https://proxy.example.net:8443"
    yield (
        Exchange(
            "any-endpoints",
            "The policy for any endpoint allows a host that is neither Google's nor local.",
            config=config(token_url=f"{elsewhere}/sts/v1/token"),
            endpoints="any",
        )
        .env(environment(TEMPORARY, AWS_REGION="us-east-1"))
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def google_requests():
    scopes = [
        "https://www.googleapis.com/auth/devstorage.read_only",
        "https://www.googleapis.com/auth/bigquery",
    ]

    def on_lambda(name, about, asked=(), **changes):
        return Exchange(name, about, config=config(**changes), scopes=asked).env(
            environment(TEMPORARY, AWS_REGION="us-east-1")
        )

    yield (
        on_lambda("scopes-federated", "The caller's scopes go to STS, separated by a space.", scopes)
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        on_lambda(
            "scopes-impersonation",
            "With impersonation STS is asked for cloud-platform, generateAccessToken for the caller's scopes.",
            scopes,
            impersonate=True,
        )
        .sts()
        .impersonate()
        .token(IMPERSONATED_EXPIRY)
    )
    for seconds in (600, 43200):
        expires = {"expireTime": "2024-01-02T03:14:05Z" if seconds == 600 else "2024-01-02T15:04:05Z"}
        yield (
            on_lambda(
                f"lifetime-{seconds}",
                f"A token lifetime of {seconds} seconds, an end of the allowed range, is sent as configured.",
                impersonate=True,
                service_account_impersonation={"token_lifetime_seconds": seconds},
            )
            .sts()
            .impersonate(http(200, world.service_account_answer(**expires)))
            .token(NOW + seconds)
            .secret(world.SERVICE_ACCOUNT_TOKEN)
        )
    yield (
        on_lambda(
            "client-authentication",
            "client_id and client_secret become Basic authentication in the padded standard alphabet.",
            client_id="client.apps.example",
            client_secret="s?>e/+secret",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        on_lambda(
            "client-authentication-non-ascii",
            "Client authentication is the base64 of the UTF-8 bytes.",
            client_id="clïent",
            client_secret="пароль-✓",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        on_lambda(
            "client-authentication-without-secret",
            "A client_id alone is sent with an empty password.",
            client_id="client.apps.example",
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )
    yield (
        on_lambda(
            "unknown-fields",
            "Members that are not known are tolerated at every level.",
            source={"future_field": {"a": [1]}},
            another_future_field=True,
        )
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def answers():
    def federated(name, about, expires_at, **changes):
        return (
            Exchange(name, about, config=config())
            .env(environment(TEMPORARY, AWS_REGION="us-east-1"))
            .sts(http(200, world.federated_answer(**changes)))
            .token(expires_at)
            .secret(world.FEDERATED_TOKEN)
        )

    yield federated(
        "expires-in-missing",
        "STS leaves expires_in out for tokens that are nearly over: such a token is expired at once.",
        NOW,
        expires_in=None,
    )
    yield federated("expires-in-text", "expires_in may be a number in a string.", NOW + 598, expires_in="598")
    yield federated("expires-in-unreadable", "An expires_in that is no number is unknown.", NOW, expires_in="soon")
    yield federated("expires-in-zero", "expires_in may be zero.", NOW, expires_in=0)
    yield (
        Exchange(
            "expires-in-counts-from-the-answer",
            "expires_in counts from the poll that first saw the answer.",
            config=config(),
        )
        .env(environment(TEMPORARY, AWS_REGION="us-east-1"))
        .sts()
        .at(NOW + 4)
        .token(NOW + 4 + 3599)
    )
    yield federated(
        "sts-answer-minimal",
        "Of the STS answer only access_token and expires_in are needed.",
        FEDERATED_EXPIRY,
        issued_token_type=None,
        token_type=None,
    )

    def impersonated(name, about, expire_time, expires_at):
        return (
            Exchange(name, about, config=config(impersonate=True))
            .env(environment(TEMPORARY, AWS_REGION="us-east-1"))
            .sts()
            .impersonate(http(200, world.service_account_answer(expireTime=expire_time)))
            .token(expires_at)
            .secret(world.SERVICE_ACCOUNT_TOKEN)
        )

    yield impersonated(
        "expire-time-with-fraction",
        "expireTime may have a fraction of a second, which is dropped.",
        "2024-01-02T04:04:05.999999999Z",
        IMPERSONATED_EXPIRY,
    )
    yield impersonated("expire-time-missing", "Without expireTime the token is expired at once.", None, NOW)
    yield impersonated(
        "expire-time-with-offset",
        "expireTime may have an offset from UTC.",
        "2024-01-02T13:34:05+09:30",
        IMPERSONATED_EXPIRY,
    )


def retries():
    unavailable = http(503, "upstream connect error")

    def on_lambda(name, about, **changes):
        return Exchange(name, about, config=config(**changes)).env(environment(TEMPORARY, AWS_REGION="us-east-1"))

    yield (
        on_lambda("retry-sts-unavailable", "After a 503 the request is signed again with the later time.")
        .sts(unavailable)
        .wait("sts-2", 1000)
        .sts(attempt=2)
        .token(NOW + 1 + 3599)
    )
    yield (
        on_lambda("retry-sts-twice", "The third try is the last one; the second wait is twice as long.")
        .sts(http(500, {"error": "internal_error"}))
        .wait("sts-2", 1000)
        .sts(http(504), attempt=2)
        .wait("sts-3", 2000)
        .sts(attempt=3)
        .token(NOW + 3 + 3599)
    )
    yield (
        on_lambda("retry-sts-after-seconds", "A Retry-After in seconds that is longer than the wait is obeyed.")
        .sts(http(429, {"error": "quota_exceeded"}, [("Retry-After", "7")]))
        .wait("sts-2", 7000)
        .sts(attempt=2)
        .token(NOW + 7 + 3599)
    )
    yield (
        on_lambda("retry-sts-after-date", "A Retry-After may be an HTTP date.")
        .sts(http(503, "", [("retry-after", "Tue, 02 Jan 2024 03:04:17 GMT")]))
        .wait("sts-2", 12000)
        .sts(attempt=2)
        .token(NOW + 12 + 3599)
    )
    yield (
        on_lambda("retry-sts-short-retry-after", "A Retry-After that is shorter than the wait changes nothing.")
        .sts(http(503, "", [("retry-after", "0")]))
        .wait("sts-2", 1000)
        .sts(attempt=2)
        .token(NOW + 1 + 3599)
    )
    yield (
        on_lambda("retry-sts-timeout", "A timeout is tried again; the time that it took shows in the new signature.")
        .sts(failed("timeout", "no answer within 10 s"))
        .at(NOW + 10)
        .wait("sts-2", 1000)
        .sts(attempt=2)
        .token(NOW + 11 + 3599)
    )
    yield (
        on_lambda("retry-sts-unreachable", "A connection that could not be made is tried again.")
        .sts(failed("unreachable", "connection refused"))
        .wait("sts-2", 1000)
        .sts(attempt=2)
        .token(NOW + 1 + 3599)
    )
    yield (
        on_lambda(
            "retry-impersonation", "Impersonation is tried again with the same federated token.", impersonate=True
        )
        .sts()
        .impersonate(http(503, ""))
        .wait("impersonate-2", 1000)
        .impersonate(attempt=2)
        .token(IMPERSONATED_EXPIRY)
    )
    instance = {"AWS_REGION": "us-east-1"}
    yield (
        Exchange(
            "retry-metadata-session", "The metadata service is tried again after a tenth of a second.", config=config()
        )
        .env(instance)
        .session(failed("timeout", "no answer within 1 s"))
        .at(NOW + 1)
        .round((_wait_100ms("imds-session-2"), WAITED))
        .session(attempt=2)
        .region_and_role()
        .role_credentials()
        .sts()
        .token(NOW + 1 + 3599)
    )
    case = Exchange(
        "retry-metadata-region",
        "Only the request that failed is made again; meanwhile the other one goes on.",
        config=config(),
    )
    case.env().session().region_and_role(zone_reply=http(500, "")).role_credentials()
    beside_credentials = case.rounds[-1]
    wait = {**_wait_100ms("aws-region-2"), "step": "aws-region", "attempt": 2}
    beside_credentials["asks"].insert(0, wait)
    beside_credentials["replies"].insert(0, {"id": "aws-region-2-wait", **WAITED})
    yield case.region_again(2, http(200, "us-east-1a")).sts().token(FEDERATED_EXPIRY)
    yield (
        Exchange("retry-metadata-region-and-role", "Two requests that failed together wait together.", config=config())
        .env()
        .session()
        .region_and_role(zone_reply=http(503, ""), role_reply=http(429, ""))
        .round(
            (_wait_100ms("aws-region-2"), WAITED),
            (_wait_100ms("aws-role-2"), WAITED),
        )
        .round(
            _pair("aws-region-2", world.REGION_URL, http(200, "us-east-1a")),
            _pair("aws-role-2", world.ROLE_URL, http(200, world.ROLE)),
        )
        .role_credentials()
        .sts()
        .token(FEDERATED_EXPIRY)
    )


def _wait_100ms(ask_id):
    return wait(f"{ask_id}-wait", 100)


def _pair(ask_id, url, reply):
    return imds_get(ask_id, url, world.IMDS_SESSION), reply

"""AWS signatures by botocore, at a time that the caller chooses."""

import datetime
import functools
import json
import re
from typing import NamedTuple
from unittest import mock
from urllib.parse import quote, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.loaders

VERIFICATION_URL = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def sign(method, url, headers, body, credentials, region, service, now):
    """The header pairs of the request after botocore signed it. ``now`` is in seconds."""
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*credentials), service, region)
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        signer.add_auth(request)
    return list(request.headers.items())


def caller_identity_token(credentials, region, audience, now, verification_url=VERIFICATION_URL):
    """The AWS subject token of AIP-4117: a signed GetCallerIdentity request as percent-encoded JSON."""
    url = in_partition(verification_url.replace("{region}", region), region)
    named = [("host", urlsplit(url).netloc), ("x-goog-cloud-target-resource", audience)]
    signed = sign("POST", url, named, b"", credentials, region, "sts", now)
    headers = sorted((name.lower(), value) for name, value in signed)
    envelope = {
        "url": url,
        "method": "POST",
        "headers": [{"key": name, "value": value} for name, value in headers],
        "body": "",
    }
    return percent_encode(json.dumps(envelope, separators=(",", ":"), ensure_ascii=False))


def in_partition(url, region):
    """The URL with the suffix of the region's partition, where it has that of the standard one."""
    suffix = next(
        (each["outputs"]["dnsSuffix"] for each in _partitions() if re.fullmatch(each["regionRegex"], region)),
        "amazonaws.com",
    )
    return url.replace(f".{region}.amazonaws.com?", f".{region}.{suffix}?")


@functools.cache
def _partitions():
    return botocore.loaders.create_loader().load_data("partitions")["partitions"]


def signature_of(authorization):
    """The hex digits at the end of an ``authorization`` value."""
    return authorization.rsplit("Signature=", 1)[1]


def percent_encode(text):
    """RFC 3986: everything but the unreserved characters becomes %XX."""
    return quote(text, safe="")

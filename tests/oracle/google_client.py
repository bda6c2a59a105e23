"""google-auth at a chosen time and with a transport of the test's choice."""

import datetime
import json
from unittest import mock

import google.auth.aws
import requests
from google.auth.transport.requests import Request

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


def access_token(config_file, scopes=(CLOUD_PLATFORM,)):
    """The token that google-auth gets with the configuration file, over HTTP."""
    credentials = google.auth.aws.Credentials.from_file(str(config_file), scopes=list(scopes))
    with requests.Session() as session:
        credentials.refresh(Request(session))
    return credentials.token


def at(now):
    """Within it, google-auth signs at ``now``, in seconds."""
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).replace(tzinfo=None)
    return mock.patch("google.auth._helpers.utcnow", return_value=moment)


def subject_token(config, now):
    """The subject token that google-auth makes from the environment's AWS keys and region."""
    credentials = google.auth.aws.Credentials.from_info(config)
    with at(now):
        return credentials.retrieve_subject_token(None)


def google_requests(config, scopes, now):
    """What google-auth sends to Google: the arguments of each call of its transport, with answers made up."""
    calls = []

    def transport(url, method="GET", body=None, headers=None, **_others):
        calls.append({"url": url, "method": method, "body": body, "headers": headers})
        answer = {
            "access_token": "federated-token",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": 3600,
            "accessToken": "service-account-token",
            "expireTime": "2100-01-01T00:00:00Z",
        }
        return mock.Mock(status=200, data=json.dumps(answer).encode(), headers={})

    credentials = google.auth.aws.Credentials.from_info(config, scopes=scopes)
    with at(now):
        credentials.refresh(transport)
    return calls

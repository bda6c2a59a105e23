"""google-auth at a chosen time and with a transport of the test's choice."""

import datetime
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


def seconds(moment):
    """One of google-auth's times, which are in UTC and do not say so, since the epoch."""
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()

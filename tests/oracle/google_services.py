"""What Google's own clients need to take the emulator for Google, and requests as they leave a client."""

import datetime
import http.client
import json
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests
from google.auth.transport import Response
from google.oauth2.credentials import Credentials

TIMEOUT_SECONDS = 10
AN_HOUR = datetime.timedelta(hours=1)


class Transport:
    """A transport of google-auth that asks the emulator for everything that Google's hosts are asked."""

    def __init__(self, emulator):
        self.url = emulator.url

    def __call__(self, url, method="GET", body=None, headers=None, timeout=None, **_more):
        parts = urlsplit(url)
        assert parts.hostname.endswith(".googleapis.com"), url
        query = f"?{parts.query}" if parts.query else ""
        answer = requests.request(
            method, self.url + parts.path + query, data=body, headers=headers, timeout=timeout or TIMEOUT_SECONDS
        )
        return TransportResponse(answer)


class TransportResponse(Response):
    def __init__(self, answer):
        self._answer = answer

    @property
    def status(self):
        return self._answer.status_code

    @property
    def headers(self):
        return self._answer.headers

    @property
    def data(self):
        return self._answer.content


def credentials(token):
    """Credentials of google-auth that are this token."""

    def hand_over(_request, scopes=None):  # noqa: ARG001 - google-auth names it
        return token, datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + AN_HOUR

    return Credentials(token, refresh_handler=hand_over)


class Sent:
    """The answer to a request that was sent as it is, but to the emulator; its host stands in the header alone."""

    def __init__(self, emulator, url, method="GET", headers=None, body=None):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=TIMEOUT_SECONDS)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body, headers={"Host": parts.netloc, **(headers or {})})
        response = connection.getresponse()
        self.status, self.headers, self.content = response.status, response.headers, response.read()
        connection.close()

    @property
    def code(self):
        """Cloud Storage's word for what is wrong."""
        return ElementTree.fromstring(self.content).findtext("Code")

    @property
    def json(self):
        return json.loads(self.content)


def with_token(token, **headers):
    return {"authorization": f"Bearer {token}", **headers}

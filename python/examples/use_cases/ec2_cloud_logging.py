"""Central logging: a program on EC2 writes the lines that it reads to Cloud Logging.

Needs
    on AWS      an instance profile with a role; the role needs no policy
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with roles/logging.logWriter on the project
    GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret

Run
    journalctl --output=cat --since=-1h | python ec2_cloud_logging.py my-project journal
"""

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from itertools import islice
from urllib.parse import quote

import sanskey

API = os.environ.get("GOOGLE_API_URL", "https://logging.googleapis.com")
LINES_PER_REQUEST = 500


def ship(lines: Iterable[str], project: str, log: str) -> None:
    token = sanskey.fetch_token(
        sanskey.CredentialConfig.from_env(), scopes="https://www.googleapis.com/auth/logging.write"
    )
    common = {
        "logName": f"projects/{project}/logs/{quote(log, safe='')}",
        "resource": {
            "type": "generic_node",
            "labels": {"location": "global", "namespace": "ec2", "node_id": socket.gethostname()},
        },
    }
    rest = iter(lines)
    while batch := list(islice(rest, LINES_PER_REQUEST)):
        entries = [{"textPayload": line.rstrip("\n")} for line in batch]
        post(f"{API}/v2/entries:write", token, {**common, "entries": entries})


def post(url: str, token: sanskey.Token, body: object) -> None:
    headers = {"authorization": f"Bearer {token.value}", "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            response.read()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url} answered {error.code}: {error.read().decode()}") from None


if __name__ == "__main__":
    ship(sys.stdin, *sys.argv[1:3])

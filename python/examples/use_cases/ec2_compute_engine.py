"""Inventory across clouds: a program on EC2 lists the virtual machines of a Google Cloud project.

Needs
    on AWS      an instance profile with a role; the role needs no policy
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with roles/compute.viewer on the project
    GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret

Run
    python ec2_compute_engine.py my-project
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import sanskey

API = os.environ.get("GOOGLE_API_URL", "https://compute.googleapis.com")


def instances(project: str) -> Iterator[dict[str, Any]]:
    token = sanskey.fetch_token(
        sanskey.CredentialConfig.from_env(), scopes="https://www.googleapis.com/auth/compute.readonly"
    )
    page: dict[str, Any] = {"nextPageToken": ""}
    while "nextPageToken" in page:
        query = f"returnPartialSuccess=true&pageToken={quote(page['nextPageToken'], safe='')}"
        page = get(f"{API}/compute/v1/projects/{project}/aggregated/instances?{query}", token)
        for zone in page["items"].values():
            yield from zone.get("instances", [])


def get(url: str, token: sanskey.Token) -> Any:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token.value}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url} answered {error.code}: {error.read().decode()}") from None


if __name__ == "__main__":
    for instance in instances(sys.argv[1]):
        zone, kind = (instance[field].rpartition("/")[2] for field in ("zone", "machineType"))
        print(instance["name"], zone, kind, instance["status"])

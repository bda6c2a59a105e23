"""Deploying: a build in CodeBuild puts a new image into a service of Cloud Run, and waits until it runs.

Needs
    on AWS      a project of CodeBuild; its service role needs no policy for this
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with roles/run.developer on the service (or roles/run.admin) and roles/iam.serviceAccountUser on the
                account that the service runs as
    GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret

Run (in buildspec.yml)
    python codebuild_cloud_run.py projects/my-project/locations/europe-west1/services/shop \\
        europe-west1-docker.pkg.dev/my-project/images/shop:$CODEBUILD_RESOLVED_SOURCE_VERSION
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import sanskey

API = os.environ.get("GOOGLE_API_URL", "https://run.googleapis.com")
SECONDS_BETWEEN_LOOKS = 2
SECONDS_IN_ALL = 600


def deploy(service: str, image: str) -> str:
    """Gives the name of the revision that serves the image."""
    token = sanskey.fetch_token(sanskey.CredentialConfig.from_env())
    wanted = call("GET", f"{API}/v2/{service}", token)
    wanted["template"]["containers"][0]["image"] = image
    wanted["template"].pop("revision", None)  # Cloud Run names the new one.
    operation = call("PATCH", f"{API}/v2/{service}", token, wanted)
    deadline = time.monotonic() + SECONDS_IN_ALL
    while not operation.get("done"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{operation['name']} is not done after {SECONDS_IN_ALL} s")
        time.sleep(SECONDS_BETWEEN_LOOKS)
        operation = call("GET", f"{API}/v2/{operation['name']}", token)
    if "error" in operation:
        raise RuntimeError(f"Cloud Run could not deploy: {operation['error']['message']}")
    return str(operation["response"]["latestReadyRevision"])


def call(method: str, url: str, token: sanskey.Token, body: object = None) -> Any:
    headers = {"authorization": f"Bearer {token.value}", "content-type": "application/json"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url} answered {error.code}: {error.read().decode()}") from None


if __name__ == "__main__":
    print(deploy(*sys.argv[1:3]))

"""Sync and backup: a program on EC2 copies a folder to a bucket of Cloud Storage.

A file is sent if the bucket lacks it, or holds another content under its name. Nothing is deleted.

Needs
    on AWS      an instance profile with a role; the role needs no policy
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with roles/storage.objectAdmin on the bucket
    GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret

Run
    python ec2_cloud_storage.py /var/backups my-bucket
"""

import base64
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sanskey

API = os.environ.get("GOOGLE_API_URL", "https://storage.googleapis.com")


def sync(folder: Path, bucket: str) -> None:
    token = sanskey.fetch_token(sanskey.CredentialConfig.from_env())
    there = checksums(bucket, token)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content, name = path.read_bytes(), path.relative_to(folder).as_posix()
            checksum = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
            if there.get(name) != checksum:
                upload = f"{API}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(name, safe='')}"
                call("POST", upload, token, content)
                print("sent", name)


def checksums(bucket: str, token: sanskey.Token) -> dict[str, str]:
    """The MD5 of every object, as Cloud Storage gives it; objects that were composed of others have none."""
    found: dict[str, str] = {}
    page: dict[str, Any] = {"nextPageToken": ""}
    while "nextPageToken" in page:
        query = f"fields=nextPageToken,items(name,md5Hash)&pageToken={quote(page['nextPageToken'], safe='')}"
        page = call("GET", f"{API}/storage/v1/b/{bucket}/o?{query}", token)
        found |= {item["name"]: item.get("md5Hash", "") for item in page.get("items", [])}
    return found


def call(method: str, url: str, token: sanskey.Token, content: bytes | None = None) -> Any:
    headers = {"authorization": f"Bearer {token.value}", "content-type": "application/octet-stream"}
    request = urllib.request.Request(url, content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url} answered {error.code}: {error.read().decode()}") from None


if __name__ == "__main__":
    sync(Path(sys.argv[1]), sys.argv[2])

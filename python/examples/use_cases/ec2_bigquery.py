"""Data analytics: a program on EC2 asks BigQuery.

Needs
    on AWS      an instance profile with a role; the role needs no policy
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with roles/bigquery.jobUser on the project and roles/bigquery.dataViewer on the data
    GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret

Run
    python ec2_bigquery.py my-project 'SELECT name, SUM(number) AS n FROM dataset.names GROUP BY name'
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

API = os.environ.get("GOOGLE_API_URL", "https://bigquery.googleapis.com")


def rows(project: str, sql: str) -> Iterator[dict[str, Any]]:
    token = sanskey.fetch_token(sanskey.CredentialConfig.from_env())
    jobs = f"{API}/bigquery/v2/projects/{project}/queries"
    page = call("POST", jobs, token, {"query": sql, "useLegacySql": False})
    job = page["jobReference"]
    results = f"{jobs}/{job['jobId']}?location={job['location']}"
    while not page["jobComplete"]:
        page = call("GET", results, token)
    names = [field["name"] for field in page["schema"]["fields"]]
    while True:
        for row in page.get("rows", []):
            yield dict(zip(names, [cell["v"] for cell in row["f"]]))
        if "pageToken" not in page:
            return
        page = call("GET", f"{results}&pageToken={quote(page['pageToken'], safe='')}", token)


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
    for row in rows(*sys.argv[1:3]):
        print(json.dumps(row))

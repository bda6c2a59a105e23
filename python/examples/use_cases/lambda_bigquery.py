"""Event processing: a Lambda function writes what happens in S3 to a table of BigQuery.

Needs
    on AWS      a function with the handler `lambda_bigquery.handler`, for the events of a bucket of S3; its role needs
                no policy for this
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with roles/bigquery.dataEditor on the table: its columns are event, bucket, object (STRING),
                size (INTEGER) and time (TIMESTAMP)
    in the function's environment
                GOOGLE_APPLICATION_CREDENTIALS, the credential configuration, which is deployed beside this file and
                holds no secret; TABLE, such as projects/my-project/datasets/events/tables/s3

Lambda gives the function its role's keys as environment variables, so nothing is asked of any metadata service.
"""

import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote_plus

import sanskey

API = os.environ.get("GOOGLE_API_URL", "https://bigquery.googleapis.com")

# Outlives an invocation: a warm function asks for a token about once an hour.
kept: sanskey.Token | None = None


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    rows = [row(record) for record in event["Records"]]
    answer = post(f"{API}/bigquery/v2/{os.environ['TABLE']}/insertAll", {"rows": rows})
    if "insertErrors" in answer:
        raise RuntimeError(f"BigQuery refused rows: {answer['insertErrors']}")
    return {"written": len(rows)}


def row(record: dict[str, Any]) -> dict[str, Any]:
    thing = record["s3"]["object"]
    return {
        # Lambda may deliver an event twice. BigQuery drops a row whose id it has just seen.
        "insertId": record["responseElements"]["x-amz-request-id"] + thing["key"],
        "json": {
            "event": record["eventName"],
            "bucket": record["s3"]["bucket"]["name"],
            "object": unquote_plus(thing["key"]),
            "size": thing.get("size"),
            "time": record["eventTime"],
        },
    }


def token() -> sanskey.Token:
    global kept
    if kept is None or kept.freshness() != "fresh":
        kept = sanskey.fetch_token(sanskey.CredentialConfig.from_env())
    return kept


def post(url: str, body: object) -> Any:
    headers = {"authorization": f"Bearer {token().value}", "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url} answered {error.code}: {error.read().decode()}") from None

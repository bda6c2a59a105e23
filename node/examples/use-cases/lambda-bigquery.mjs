// Event processing: a Lambda function writes what happens in S3 to a table of BigQuery.
//
// Needs
//   on AWS      a function with the handler `lambda-bigquery.handler`, for the events of a bucket of S3; its role needs
//               no policy for this
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with roles/bigquery.dataEditor on the table: its columns are event, bucket, object (STRING),
//               size (INTEGER) and time (TIMESTAMP)
//   in the function's environment
//               GOOGLE_APPLICATION_CREDENTIALS, the credential configuration, which is deployed beside this file and
//               holds no secret; TABLE, such as projects/my-project/datasets/events/tables/s3
//
// Lambda gives the function its role's keys as environment variables, so nothing is asked of any metadata service.

import { CredentialConfig, fetchToken } from "sanskey";

const API = process.env.GOOGLE_API_URL ?? "https://bigquery.googleapis.com";

export async function handler(event) {
  const rows = event.Records.map(row);
  const answer = await post(`${API}/bigquery/v2/${process.env.TABLE}/insertAll`, { rows });
  if (answer.insertErrors) throw new Error(`BigQuery refused rows: ${JSON.stringify(answer.insertErrors)}`);
  return { written: rows.length };
}

function row({ eventName, eventTime, responseElements, s3: { bucket, object } }) {
  return {
    // Lambda may deliver an event twice. BigQuery drops a row whose id it has just seen.
    insertId: responseElements["x-amz-request-id"] + object.key,
    json: {
      event: eventName,
      bucket: bucket.name,
      object: decodeURIComponent(object.key.replaceAll("+", " ")),
      size: object.size,
      time: eventTime,
    },
  };
}

// Outlives an invocation: a warm function asks for a token about once an hour.
let kept;

async function token() {
  if (kept?.freshness() !== "fresh") kept = await fetchToken(CredentialConfig.fromEnv());
  return kept;
}

async function post(url, body) {
  const headers = { authorization: `Bearer ${(await token()).value}`, "content-type": "application/json" };
  const signal = AbortSignal.timeout(30_000);
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

// Data analytics: a program on EC2 asks BigQuery.
//
// Needs
//   on AWS      an instance profile with a role; the role needs no policy
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with roles/bigquery.jobUser on the project and roles/bigquery.dataViewer on the data
//   GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret
//
// Run
//   node ec2-bigquery.mjs my-project 'SELECT name, SUM(number) AS n FROM dataset.names GROUP BY name'

import { CredentialConfig, fetchToken } from "sanskey";

const API = process.env.GOOGLE_API_URL ?? "https://bigquery.googleapis.com";

async function* rows(project, sql) {
  const token = await fetchToken(CredentialConfig.fromEnv());
  const jobs = `${API}/bigquery/v2/projects/${project}/queries`;
  let page = await call("POST", jobs, token, { query: sql, useLegacySql: false });
  const { jobId, location } = page.jobReference;
  const results = `${jobs}/${jobId}?location=${location}`;
  while (!page.jobComplete) page = await call("GET", results, token);
  const names = page.schema.fields.map((field) => field.name);
  for (;;) {
    for (const { f: cells } of page.rows ?? []) {
      yield Object.fromEntries(names.map((name, index) => [name, cells[index].v]));
    }
    if (!page.pageToken) return;
    page = await call("GET", `${results}&pageToken=${encodeURIComponent(page.pageToken)}`, token);
  }
}

async function call(method, url, token, body) {
  const headers = { authorization: `Bearer ${token.value}`, "content-type": "application/json" };
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

for await (const row of rows(process.argv[2], process.argv[3])) console.log(JSON.stringify(row));

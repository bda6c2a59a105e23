// Central logging: a program on EC2 writes the lines that it reads to Cloud Logging.
//
// Needs
//   on AWS      an instance profile with a role; the role needs no policy
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with roles/logging.logWriter on the project
//   GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret
//
// Run
//   journalctl --output=cat --since=-1h | node ec2-cloud-logging.mjs my-project journal

import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { CredentialConfig, fetchToken } from "sanskey";

const API = process.env.GOOGLE_API_URL ?? "https://logging.googleapis.com";
const LINES_PER_REQUEST = 500;

async function ship(input, project, log) {
  const scopes = ["https://www.googleapis.com/auth/logging.write"];
  const token = await fetchToken(CredentialConfig.fromEnv(), { scopes });
  const common = {
    logName: `projects/${project}/logs/${encodeURIComponent(log)}`,
    resource: { type: "generic_node", labels: { location: "global", namespace: "ec2", node_id: hostname() } },
  };
  for await (const batch of batches(input)) {
    const entries = batch.map((textPayload) => ({ textPayload }));
    await post(`${API}/v2/entries:write`, token, { ...common, entries });
  }
}

async function* batches(input) {
  let batch = [];
  for await (const line of createInterface({ input })) {
    if (batch.push(line) < LINES_PER_REQUEST) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function post(url, token, body) {
  const headers = { authorization: `Bearer ${token.value}`, "content-type": "application/json" };
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
}

await ship(process.stdin, process.argv[2], process.argv[3]);

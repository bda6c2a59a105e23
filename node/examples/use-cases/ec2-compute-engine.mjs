// Inventory across clouds: a program on EC2 lists the virtual machines of a Google Cloud project.
//
// Needs
//   on AWS      an instance profile with a role; the role needs no policy
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with roles/compute.viewer on the project
//   GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret
//
// Run
//   node ec2-compute-engine.mjs my-project

import { CredentialConfig, fetchToken } from "sanskey";

const API = process.env.GOOGLE_API_URL ?? "https://compute.googleapis.com";

async function* instances(project) {
  const scopes = ["https://www.googleapis.com/auth/compute.readonly"];
  const token = await fetchToken(CredentialConfig.fromEnv(), { scopes });
  let pageToken = "";
  do {
    const query = `returnPartialSuccess=true&pageToken=${encodeURIComponent(pageToken)}`;
    const page = await get(`${API}/compute/v1/projects/${project}/aggregated/instances?${query}`, token);
    for (const zone of Object.values(page.items)) yield* zone.instances ?? [];
    pageToken = page.nextPageToken;
  } while (pageToken);
}

async function get(url, token) {
  const headers = { authorization: `Bearer ${token.value}` };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

const lastPart = (url) => url.split("/").at(-1);

for await (const { name, zone, machineType, status } of instances(process.argv[2])) {
  console.log(name, lastPart(zone), lastPart(machineType), status);
}

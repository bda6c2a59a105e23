// Deploying: a build in CodeBuild puts a new image into a service of Cloud Run, and waits until it runs.
//
// Needs
//   on AWS      a project of CodeBuild; its service role needs no policy for this
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with roles/run.developer on the service (or roles/run.admin) and roles/iam.serviceAccountUser on the
//               account that the service runs as
//   GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret
//
// Run (in buildspec.yml)
//   node codebuild-cloud-run.mjs projects/my-project/locations/europe-west1/services/shop \
//     europe-west1-docker.pkg.dev/my-project/images/shop:$CODEBUILD_RESOLVED_SOURCE_VERSION

import { setTimeout as wait } from "node:timers/promises";
import { CredentialConfig, fetchToken } from "sanskey";

const API = process.env.GOOGLE_API_URL ?? "https://run.googleapis.com";
const MS_BETWEEN_LOOKS = 2000;
const MS_IN_ALL = 600_000;

/** Gives the name of the revision that serves the image. */
async function deploy(service, image) {
  const token = await fetchToken(CredentialConfig.fromEnv());
  const wanted = await call("GET", `${API}/v2/${service}`, token);
  wanted.template.containers[0].image = image;
  delete wanted.template.revision; // Cloud Run names the new one.
  let operation = await call("PATCH", `${API}/v2/${service}`, token, wanted);
  const deadline = Date.now() + MS_IN_ALL;
  while (!operation.done) {
    if (Date.now() > deadline) throw new Error(`${operation.name} is not done after ${MS_IN_ALL / 1000} s`);
    await wait(MS_BETWEEN_LOOKS);
    operation = await call("GET", `${API}/v2/${operation.name}`, token);
  }
  if (operation.error) throw new Error(`Cloud Run could not deploy: ${operation.error.message}`);
  return operation.response.latestReadyRevision;
}

async function call(method, url, token, body) {
  const headers = { authorization: `Bearer ${token.value}`, "content-type": "application/json" };
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

console.log(await deploy(process.argv[2], process.argv[3]));

// Microservice: a pod on EKS takes orders over HTTP and publishes them to Pub/Sub.
//
// Needs
//   on AWS      an OIDC provider for the cluster, and a role that trusts the pod's service account (IRSA); the role
//               needs no policy. EKS then sets AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE in the pod
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with roles/pubsub.publisher on the topic
//   GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret
//
// Run
//   TOPIC=projects/my-project/topics/orders PORT=8080 node eks-pubsub.mjs
//   curl --data '{"item": 7}' http://localhost:8080/orders

import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { CredentialConfig, fetchToken } from "sanskey";

const API = process.env.GOOGLE_API_URL ?? "https://pubsub.googleapis.com";
const { TOPIC, HOST, PORT = "8080" } = process.env;
const config = CredentialConfig.fromEnv();

// One token for all requests. While the next one is fetched, all wait for the same promise.
let kept;
let coming;

async function token() {
  if (kept?.freshness() === "fresh") return kept;
  coming ??= fetchToken(config).finally(() => (coming = undefined));
  return (kept = await coming);
}

/** Gives the id of the message. */
async function publish(data) {
  const headers = { authorization: `Bearer ${(await token()).value}`, "content-type": "application/json" };
  const body = JSON.stringify({ messages: [{ data: data.toString("base64") }] });
  const signal = AbortSignal.timeout(30_000);
  const response = await fetch(`${API}/v1/${TOPIC}:publish`, { method: "POST", headers, body, signal });
  if (!response.ok) throw new Error(`Pub/Sub answered ${response.status}: ${await response.text()}`);
  return (await response.json()).messageIds[0];
}

const server = createServer(async (request, response) => {
  try {
    const message = await publish(await buffer(request));
    response.writeHead(202).end(message);
  } catch (error) {
    console.error(String(error));
    response.writeHead(503).end();
  }
});
server.listen(Number(PORT), HOST, () => console.log(`listening on port ${server.address().port}`));

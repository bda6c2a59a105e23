// Workloads in containers, with the emulator in the place of the agents of ECS and EKS.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fetchToken, nodeHost } from "sanskey";
import { startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const TASK = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24";
const POD = "/v1/credentials";

const start = (t, ...options) => startEmulator(t, "--no-impersonation", ...options);
const fetchIn = (env, config) => fetchToken(config, { endpoints: "loopback", host: nodeHost({ env }) });
const subject = async (url, token) => (await whoami(url, token)).subject;

const requests = async (url) => {
  const listed = await (await fetch(`${url}/emulator/requests`)).json();
  return listed.map(({ method, path, status }) => `${method} ${path} ${status}`);
};

test("a task asks its agent, and not the instance", async (t) => {
  const { url, config } = await start(t);
  assert.ok(config.credential_source.url && config.credential_source.region_url);
  const token = await fetchIn({ AWS_REGION: "us-east-1", AWS_CONTAINER_CREDENTIALS_FULL_URI: url + TASK }, config);
  assert.match(await subject(url, token), /assumed-role\/sanskey-task-role\//);
  assert.deepEqual(await requests(url), [`GET ${TASK} 200`, "POST /v1/token 200"]);
});

test("a task asks the instance for nothing but the region", async (t) => {
  const { url, config } = await start(t, "--imds-v1", "off", "--region-zone", "eu-west-1b");
  const token = await fetchIn({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url + TASK }, config);
  assert.match(await subject(url, token), /assumed-role\/sanskey-task-role\//);
  const [session, ...others] = await requests(url);
  assert.equal(session, "PUT /latest/api/token 200");
  assert.deepEqual(others.sort(), [
    "GET /latest/meta-data/placement/availability-zone 200", `GET ${TASK} 200`, "POST /v1/token 200",
  ]);
});

test("a token file that was replaced is read anew", async (t) => {
  const { url, config, configPath } = await start(t, "--container-token", "first-token");
  const file = join(dirname(configPath), "token");
  const env = {
    AWS_REGION: "us-east-1",
    AWS_CONTAINER_CREDENTIALS_FULL_URI: url + POD,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    // The file goes before the variable, whose content cannot be replaced.
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "first-token-of-all",
  };
  writeFileSync(file, "first-token");
  assert.match(await subject(url, await fetchIn(env, config)), /assumed-role\/sanskey-pod-role\//);

  const replaced = await fetch(`${url}/emulator/container-token`, { method: "PUT", body: "second-token" });
  assert.equal(replaced.status, 204);
  const refused = { code: "aws_container_rejected", askId: "container-credentials", status: 400, fault: "remote" };
  await assert.rejects(fetchIn(env, config), refused);

  writeFileSync(file, "second-token");
  assert.match(await subject(url, await fetchIn(env, config)), /assumed-role\/sanskey-pod-role\//);
  assert.deepEqual(await requests(url), [
    `GET ${POD} 200`, "POST /v1/token 200", `GET ${POD} 400`, `GET ${POD} 200`, "POST /v1/token 200",
  ]);

  writeFileSync(file, "second-token\n");
  await assert.rejects(fetchIn(env, config), { code: "aws_container_token_invalid", fault: "config" });
  rmSync(file);
  await assert.rejects(fetchIn(env, config), { code: "aws_container_token_invalid", askId: "container-token" });
  assert.equal((await requests(url)).length, 5);
});

test("a refusal keeps the agent's words, and falls through to nobody", async (t) => {
  const { url, config } = await start(t, "--task-credentials-id", "of-another-task");
  await assert.rejects(fetchIn({ AWS_REGION: "us-east-1", AWS_CONTAINER_CREDENTIALS_FULL_URI: url + TASK }, config), {
    code: "aws_container_rejected",
    stage: "source",
    error: "InvalidIdInRequest",
    errorDescription: "CredentialsV2Request: Credentials not found",
  });
  assert.deepEqual(await requests(url), [`GET ${TASK} 400`]);
});

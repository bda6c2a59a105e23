// People of a workforce pool, with the emulator as their identity provider and as Google.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fetchToken, nodeHost } from "sanskey";
import { startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const PERSON = "principal://iam.googleapis.com/locations/global/workforcePools/sanskey-workforce/subject/ana@example.com";
const CLIENT = { client_id: "sanskey-client", client_secret: "emulator-client-secret" };

/** The emulator, the configuration that it wrote for a person, and what to ask for with it. */
async function start(t, ...options) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "workforce.json");
  const { url } = await startEmulator(t, "--workforce-config-out", file, ...options);
  const config = JSON.parse(readFileSync(file, "utf8"));
  return {
    url,
    config,
    token: (changes) => fetchToken({ ...config, ...changes }, { endpoints: "loopback", host: nodeHost({ env: {} }) }),
    subject: async (token) => (await whoami(url, token)).subject,
  };
}

test("with a project, with an OAuth client, or both", async (t) => {
  const { config, token, subject } = await start(t);
  assert.equal(config.workforce_pool_user_project, "sanskey-billing");
  for (const changes of [{}, { workforce_pool_user_project: undefined, ...CLIENT }, CLIENT]) {
    assert.equal(await subject(await token(changes)), PERSON);
  }
});

test("people impersonate, too", async (t) => {
  const { url, token } = await start(t);
  const email = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com";
  const service_account_impersonation_url = `${url}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`;
  assert.equal((await whoami(url, await token({ service_account_impersonation_url }))).email, email);
});

test("refused clients", async (t) => {
  const { token } = await start(t);
  const without = { workforce_pool_user_project: undefined };
  const unknown = { code: "sts_rejected", status: 401, error: "invalid_client" };
  await assert.rejects(token({ ...without, ...CLIENT, client_secret: "guess" }), unknown);
  await assert.rejects(token({ ...without, ...CLIENT, client_id: "another" }), unknown);
  await assert.rejects(token(without), { code: "sts_rejected", status: 400, error: "invalid_request" });
});

test("tokens that are not for the pool", async (t) => {
  const { url, token, config } = await start(t);
  const source = (query) => ({ credential_source: { url: `${url}/emulator/web-identity-token?${query}` } });
  await assert.rejects(token(source("sub=ana@example.com")), { code: "sts_rejected", error: "invalid_grant" });
  await assert.rejects(token({ audience: `${config.audience}2` }), { code: "sts_rejected", error: "invalid_target" });
});

test("a project is for people only", async (t) => {
  const { token } = await start(t);
  const audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci";
  await assert.rejects(token({ audience }), { code: "config_field_invalid", field: "workforce_pool_user_project" });
  await assert.rejects(token({ workforce_pool_user_project: "p".repeat(33) }), { code: "sts_rejected" });
});

test("nobody acts where an actor is needed", async (t) => {
  const { token } = await start(t, "--demand-actor");
  await assert.rejects(token(), { code: "sts_rejected", error: "invalid_request" });
});

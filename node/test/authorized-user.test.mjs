// People who have logged in, with the emulator as Google: refresh, rotation, introspection, revocation.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { CredentialConfig, fetchToken, introspectToken, nodeHost, revokeLogin, SanskeyError } from "sanskey";
import { startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const PERSON = "principal://iam.googleapis.com/locations/global/workforcePools/sanskey-workforce/subject/ana@example.com";
const ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com";
const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";
const options = { endpoints: "loopback", host: nodeHost({ env: {} }) };

/** The emulator, and the configuration of a person who has logged in there. */
async function start(t) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "login.json");
  const { url } = await startEmulator(t, "--authorized-user-config-out", file);
  const fields = JSON.parse(readFileSync(file, "utf8"));
  const ofAccount = CredentialConfig.fromObject({
    type: "impersonated_service_account",
    service_account_impersonation_url: `${url}/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
    source_credentials: fields,
  });
  return { url, file, fields, config: CredentialConfig.fromFile(file), ofAccount };
}

const over = { code: "sts_rejected", status: 400, error: "invalid_grant", retryable: false, hint: /gcloud auth application-default login/ };

test("a token for a person", async (t) => {
  const { url, config } = await start(t);
  assert.deepEqual([config.type, config.source], ["external_account_authorized_user", "authorized_user"]);
  const steps = [];
  const token = await fetchToken(config, { ...options, onStep: (step) => steps.push(step.askId) });
  assert.equal((await whoami(url, token)).subject, PERSON);
  assert.equal(token.kind, "federated");
  assert.ok(Math.abs(token.expiresAt - Date.now() - 3_600_000) < 60_000);
  assert.deepEqual(steps, ["refresh"]);
});

test("each refresh token works once: what came is kept, and used the next time", async (t) => {
  let { config, fields } = await start(t);
  for (let i = 0; i < 3; i += 1) {
    const { refreshToken } = await fetchToken(config, options);
    const { refresh_token: used } = JSON.parse(config.toJson());
    assert.ok(refreshToken && refreshToken !== used);
    const error = await fetchToken(config, options).catch((thrown) => thrown);
    await assert.rejects(Promise.reject(error), over);
    assert.ok(!inspect(error, { depth: 9 }).includes(used));
    config = config.withRefreshToken(refreshToken);
  }
  const after = JSON.parse(config.toJson());
  assert.equal(JSON.stringify(after), JSON.stringify({ ...fields, refresh_token: after.refresh_token }));
});

test("what a token is worth, by the configuration in any form", async (t) => {
  const { file, fields, config, ofAccount } = await start(t);
  const token = await fetchToken(config, options);
  const info = await introspectToken(config, token, options);
  assert.deepEqual({ ...info, expiresAt: null }, {
    active: true, username: PERSON, scopes: [CLOUD_PLATFORM], clientId: config.clientId, subject: PERSON,
    issuer: "https://sts.googleapis.com/", expiresAt: null, issuedAt: null,
  });
  assert.ok(Math.abs(info.expiresAt - token.expiresAt) <= 5000);
  for (const form of [file, pathToFileURL(file), fields, JSON.stringify(fields)]) {
    assert.deepEqual(await introspectToken(form, token.value, options), info);
  }
  assert.equal((await introspectToken(config, "ya29.of-nobody", options)).active, false);
  // The token of a service account is none of that service's.
  const account = await fetchToken(ofAccount.withRefreshToken(token.refreshToken), options);
  assert.equal((await introspectToken(config, account, options)).active, false);
});

test("a client that is not that of the login", async (t) => {
  const { fields, config } = await start(t);
  const wrong = { ...fields, client_secret: "a-wrong-secret" };
  const calls = [() => fetchToken(wrong, options), () => introspectToken(wrong, "a-token", options), () => revokeLogin(wrong, options)];
  for (const attempt of calls) {
    const error = await attempt().catch((thrown) => thrown);
    assert.ok(error instanceof SanskeyError);
    assert.deepEqual([error.code, error.status, error.error], ["sts_rejected", 401, "invalid_client"]);
    assert.doesNotMatch(inspect(error, { depth: 9 }), /a-wrong-secret/);
  }
  assert.equal((await fetchToken(config, options)).kind, "federated");
});

test("the end of a login", async (t) => {
  const { file, config } = await start(t);
  const renewed = config.withRefreshToken((await fetchToken(config, options)).refreshToken);
  const steps = [];
  assert.equal(await revokeLogin(renewed, { ...options, onStep: ({ askId, status }) => steps.push([askId, status]) }), undefined);
  assert.deepEqual(steps, [["revoke", 200]]);
  await assert.rejects(fetchToken(renewed, options), over);
  // What is over can be ended (RFC 7009 section 2.2); and a path will do.
  await revokeLogin(renewed, options);
  await revokeLogin(file, options);
});

test("people impersonate, too", async (t) => {
  const { url, ofAccount } = await start(t);
  const token = await fetchToken(ofAccount, { ...options, scopes: "https://www.googleapis.com/auth/devstorage.read_only" });
  assert.equal((await whoami(url, token)).email, ACCOUNT);
  assert.equal(token.kind, "service_account");
  await assert.rejects(fetchToken(ofAccount, options), over);
  assert.equal((await fetchToken(ofAccount.withRefreshToken(token.refreshToken), options)).kind, "service_account");
});

test("without a host they use Node's", async (t) => {
  const { config } = await start(t);
  const { value } = await fetchToken(config, { endpoints: "loopback" });
  assert.equal((await introspectToken(config, value, { endpoints: "loopback" })).active, true);
  assert.equal(await revokeLogin(config, { endpoints: "loopback" }), undefined);
});

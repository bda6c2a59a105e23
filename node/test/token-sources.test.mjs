// Tokens of files, URLs, programs and CI systems, with the emulator as a cluster's issuer and as Google.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fetchToken, nodeHost } from "sanskey";
import { startEmulator } from "../../wasm/test/support/emulator.mjs";

const ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9";
const AUDIENCE =
  "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-oidc";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
const ALLOWED = { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1" };

/** A provider that trusts the issuer of a cluster, that issuer's tokens, and a place for files. */
async function start(t) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { url } = await startEmulator(t, "--oidc-issuer", ISSUER, "--oidc-allowed-audience", "sts.amazonaws.com");
  const config = { type: "external_account", audience: AUDIENCE, subject_token_type: JWT, token_url: `${url}/v1/token` };
  return {
    url,
    issued: async (query = "") => (await fetch(`${url}/emulator/web-identity-token${query}`)).text(),
    put: (name, text, mode) => {
      writeFileSync(join(folder, name), text, { mode });
      return join(folder, name);
    },
    token: (source, env = {}) =>
      fetchToken({ ...config, credential_source: source }, { endpoints: "loopback", host: nodeHost({ env }) }),
  };
}

test("a file is read anew for each token", async (t) => {
  const { issued, put, token } = await start(t);
  const source = { file: put("token", `${await issued()}\n`) };
  assert.equal((await token(source)).kind, "federated");
  put("token", await issued("?lifetime=-600"));
  await assert.rejects(token(source), { code: "subject_token_expired" });
  put("token", await issued("?iss=https://issuer.example"));
  await assert.rejects(token(source), { code: "sts_rejected", error: "invalid_grant" });
});

test("a field of a JSON file", async (t) => {
  const { issued, put, token } = await start(t);
  const file = put("token.json", JSON.stringify({ id_token: await issued() }));
  const source = { file, format: { type: "json", subject_token_field_name: "id_token" } };
  assert.equal((await token(source)).kind, "federated");
});

test("a URL", async (t) => {
  const { url, token } = await start(t);
  assert.equal((await token({ url: `${url}/emulator/web-identity-token`, headers: { Metadata: "True" } })).kind, "federated");
  await assert.rejects(token({ url: `${url}/nowhere` }), { code: "subject_token_rejected", status: 404 });
});

test("a program, if the environment allows it", async (t) => {
  const { issued, put, token } = await start(t);
  const answer = JSON.stringify({ version: 1, success: true, token_type: JWT, id_token: await issued() });
  const source = { executable: { command: `'${put("a program.sh", `#!/bin/sh\necho '${answer}'\n`, 0o755)}' --quiet` } };
  await assert.rejects(token(source), { code: "executable_not_allowed" });
  assert.equal((await token(source, ALLOWED)).kind, "federated");
});

for (const [what, script, code] of [
  ["ends with an error", "echo 'no network' >&2; exit 3", "executable_failed"],
  ["says that it has no token", `echo '{"version":1,"success":false,"code":"401","message":"Log in."}'`, "executable_rejected"],
  ["writes something else", "echo garbage", "executable_malformed"],
  ["is not there", "exec /no/such/program", "executable_failed"],
]) {
  test(`a program that ${what}`, async (t) => {
    const { put, token } = await start(t);
    const command = `'${put("a program.sh", `#!/bin/sh\n${script}\n`, 0o755)}'`;
    await assert.rejects(token({ executable: { command, timeout_millis: 5000 } }, ALLOWED), { code });
  });
}

for (const [platform, variable] of [
  ["bitbucket", "BITBUCKET_STEP_OIDC_TOKEN"],
  ["circleci", "CIRCLE_OIDC_TOKEN_V2"],
  ["gitlab", "GITLAB_OIDC_TOKEN"],
  ["terraform_cloud", "TFC_WORKLOAD_IDENTITY_TOKEN"],
  ["vercel", "VERCEL_OIDC_TOKEN"],
]) {
  test(`the variable of ${platform}`, async (t) => {
    const { issued, token } = await start(t);
    const source = { sanskey: { platform } };
    assert.equal((await token(source, { [variable]: await issued() })).kind, "federated");
    await assert.rejects(token(source), { code: "subject_token_missing" });
  });
}

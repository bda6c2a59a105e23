// Google's own Node client gets a token from the emulator with the configuration that sanskey uses.
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { fetchToken } from "../../../node/dist/index.mjs";
import { startEmulator } from "./emulator.mjs";
import { keysOf, useEnvironment } from "./environment.mjs";
import { accessToken, CLOUD_PLATFORM } from "./google-client.mjs";

const STORAGE = "https://www.googleapis.com/auth/devstorage.read_only";

const clients = {
  "google-auth-library": accessToken,
  sanskey: async (configFile, scopes) => (await fetchToken(configFile, { scopes, endpoints: "loopback" })).value,
};

for (const [name, getToken] of Object.entries(clients)) {
  test(`${name}: with impersonation`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t, "--imds-v1", "off");
    const holder = await emulator.whoami(await getToken(emulator.configFile));
    assert.equal(holder.kind, "service_account");
    assert.deepEqual(holder.scopes, [CLOUD_PLATFORM]);
  });

  test(`${name}: without impersonation`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t, "--imds-v1", "off", "--no-impersonation");
    const holder = await emulator.whoami(await getToken(emulator.configFile));
    assert.equal(holder.kind, "federated");
  });

  test(`${name}: without a metadata session`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t);
    const text = readFileSync(emulator.configFile, "utf8");
    writeFileSync(emulator.configFile, text.replace("imdsv2_session_token_url", "ignored"));
    await emulator.whoami(await getToken(emulator.configFile));
    assert.ok((await emulator.requests()).every(({ path }) => path !== "/latest/api/token"));
  });

  test(`${name}: with keys in the environment`, async (t) => {
    const emulator = await startEmulator(t, "--imds-v1", "off");
    useEnvironment(t, keysOf(await emulator.roleCredentials(), "eu-central-1"));
    const before = (await emulator.requests()).length;
    await emulator.whoami(await getToken(emulator.configFile));
    assert.equal((await emulator.requests())[before].path, "/v1/token");
  });

  test(`${name}: the scopes reach the token`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t);
    const holder = await emulator.whoami(await getToken(emulator.configFile, [STORAGE]));
    assert.deepEqual(holder.scopes, [STORAGE]);
  });
}

test("sanskey needs six requests where google-auth-library needs seven", async (t) => {
  useEnvironment(t);
  const emulator = await startEmulator(t, "--imds-v1", "off");
  await clients.sanskey(emulator.configFile);
  const ours = await emulator.requests();
  assert.equal(ours.length, 6);
  assert.ok(ours.every(({ status }) => status === 200));
  await accessToken(emulator.configFile);
  const theirs = (await emulator.requests()).slice(ours.length);
  assert.equal(theirs.length, 7, "it opens a second metadata session");
});

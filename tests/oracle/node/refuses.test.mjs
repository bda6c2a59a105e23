// The emulator refuses what Google and AWS would refuse, from Google's client and from sanskey alike.
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { fetchToken } from "../../../node/dist/index.mjs";
import { startEmulator } from "./emulator.mjs";
import { keysOf, useEnvironment } from "./environment.mjs";
import { accessToken } from "./google-client.mjs";

const SIXTEEN_MINUTES_MS = 16 * 60 * 1000;

const clients = {
  "google-auth-library": accessToken,
  sanskey: (configFile) => fetchToken(configFile, { endpoints: "loopback" }),
};

for (const [name, getToken] of Object.entries(clients)) {
  test(`${name}: a wrong signature`, async (t) => {
    const emulator = await startEmulator(t);
    const keys = await emulator.roleCredentials();
    useEnvironment(t, keysOf({ ...keys, SecretAccessKey: "a-secret-that-nobody-issued" }));
    await refused(getToken(emulator.configFile), "SignatureDoesNotMatch");
  });

  test(`${name}: an old date`, async (t) => {
    const emulator = await startEmulator(t);
    useEnvironment(t, keysOf(await emulator.roleCredentials()));
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() - SIXTEEN_MINUTES_MS });
    await refusedUnlessCorrected(name, getToken(emulator.configFile), "Signature expired");
  });

  test(`${name}: a future date`, async (t) => {
    const emulator = await startEmulator(t);
    useEnvironment(t, keysOf(await emulator.roleCredentials()));
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + SIXTEEN_MINUTES_MS });
    await refusedUnlessCorrected(name, getToken(emulator.configFile), "Signature not yet current");
  });

  test(`${name}: a wrong account`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t, "--provider-account", "999999999999");
    await refused(getToken(emulator.configFile), "does not match the expected account");
  });

  test(`${name}: another provider`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t);
    const text = readFileSync(emulator.configFile, "utf8");
    writeFileSync(emulator.configFile, text.replace("/providers/", "/providers/another-"));
    await refused(getToken(emulator.configFile), "invalid_target");
  });
}

/** Google's client is refused; sanskey takes the time of the server. */
async function refusedUnlessCorrected(name, attempt, words) {
  if (name === "sanskey") assert.ok(await attempt);
  else await refused(attempt, words);
}

async function refused(result, words) {
  await assert.rejects(result, (error) => `${error.message} ${error.error} ${error.errorDescription}`.includes(words));
}

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import * as sanskey from "sanskey";
import { google, REFUSED, stoppedClocks } from "../../wasm/test/support/played.mjs";
import { tokenSourceTests } from "../../wasm/test/support/token-source-tests.mjs";

tokenSourceTests(sanskey);

const config = sanskey.CredentialConfig.fromParts({ projectNumber: 1, pool: "pool", provider: "provider", source: "caller" });

test("a configuration is read from its file once, when the source is made", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "credentials.json");
  assert.throws(() => new sanskey.TokenSource(path), { code: "config_not_found" });
  writeFileSync(path, config.toJson());
  const sources = [path, pathToFileURL(path)].map((given) => new sanskey.TokenSource(given, { host: google(), subjectToken: "proof" }));
  writeFileSync(path, "{");
  for (const source of sources) assert.equal((await source.token()).kind, "federated");
});

test("a token that is kept is a warning of the process", async (t) => {
  const clock = stoppedClocks(t);
  const warnings = [];
  const listener = (warning) => warnings.push(warning);
  process.on("warning", listener);
  t.after(() => process.off("warning", listener));
  const played = google();
  const source = new sanskey.TokenSource(config, { host: { ...sanskey.nodeHost(), http: played.http }, subjectToken: "proof" });
  const old = await source.token();
  clock.pass(3400);
  played.next = REFUSED;
  assert.equal(await source.token(), old);
  // Node tells of warnings in the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  const own = warnings.filter(({ name }) => name === "SanskeyWarning");
  assert.deepEqual(own.map(({ code }) => code), ["SANSKEY_TOKEN_KEPT"]);
  assert.match(own[0].message, /^The next token could not be got \(sts_rejected\); the one that there is is used until 2024-/);
});

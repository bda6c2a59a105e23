import assert from "node:assert/strict";
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import * as sanskey from "sanskey";
import { google, REFUSED } from "../../wasm/test/support/played.mjs";
import { reportTests } from "../../wasm/test/support/report-tests.mjs";
import { runTokenSourceVector } from "../../wasm/test/support/token-source-vectors.mjs";

reportTests(sanskey);

const CHANNELS = ["sanskey:step", "sanskey:exchange"];
const config = sanskey.CredentialConfig.fromParts({ projectNumber: 1, pool: "pool", provider: "provider", source: "caller" });

/** What is published, until the test is over or `stop` is called. */
function listen(t) {
  const published = [];
  const listener = (message, name) => published.push([name, message]);
  const stop = () => CHANNELS.forEach((name) => unsubscribe(name, listener));
  CHANNELS.forEach((name) => subscribe(name, listener));
  t.after(stop);
  return { published, stop };
}

test("channels of the process get the very reports that listeners get, and only while somebody listens", async (t) => {
  const { published, stop } = listen(t);
  const own = [];
  const listeners = { onStep: (report) => own.push([CHANNELS[0], report]), onExchange: (report) => own.push([CHANNELS[1], report]) };
  await sanskey.fetchToken(config, { host: google(), subjectToken: "proof", ...listeners });
  assert.deepEqual(own.map(([name]) => name), CHANNELS);
  assert.deepEqual(published, own);
  own.forEach(([, report], at) => assert.equal(published[at][1], report));
  stop();
  assert.deepEqual(CHANNELS.map((name) => channel(name).hasSubscribers), [false, false]);
  await sanskey.fetchToken(config, { host: google(), subjectToken: "proof" });
  assert.equal(published.length, 2);
});

test("channels need no listener of the call, and hear of failures and of token sources", async (t) => {
  const { published } = listen(t);
  const host = google();
  host.next = REFUSED;
  const source = new sanskey.TokenSource(config, { host, subjectToken: "proof" });
  await assert.rejects(source.token());
  await assert.rejects(sanskey.introspectToken({ ...JSON.parse(config.toJson()), client_id: "a", client_secret: "b" }, "token", { host }));
  assert.deepEqual(published.filter(([name]) => name === CHANNELS[1]).map(([, { goal, error }]) => [goal, error]), [
    ["access_token", "sts_rejected"], ["introspection", "sts_rejected"],
  ]);
});

test("what is published holds no secret", async (t) => {
  const { published } = listen(t);
  const vector = JSON.parse(readFileSync(new URL("../../tests/vectors/token-source/renewal-refused-with-known-credentials.json", import.meta.url), "utf8"));
  await runTokenSourceVector(t, sanskey, vector);
  assert.ok(published.length > 10);
  const printed = inspect(published, { showHidden: true, depth: 9 }) + JSON.stringify(published);
  for (const secret of vector.secrets) assert.ok(!printed.includes(secret));
});

// The guard of the other tests bites. 192.0.2.0/24 is reserved for documentation (RFC 5737).
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import https from "node:https";
import net from "node:net";
import { test } from "node:test";

const guarded = /a test tried to reach/;

test("a socket cannot leave this machine", () => {
  assert.throws(() => net.connect({ host: "192.0.2.1", port: 80 }), guarded);
  assert.throws(() => net.connect(80, "192.0.2.1"), guarded);
});

test("neither can fetch", async () => {
  await assert.rejects(fetch("http://192.0.2.1/"), ({ cause }) => guarded.test(cause.message));
});

test("neither can node:https", () => {
  assert.throws(() => https.get("https://sts.googleapis.com/v1/token"), guarded);
});

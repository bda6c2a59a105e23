import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { nodeHost } from "sanskey";
import { failure, request } from "../../wasm/test/support/http-hosts.mjs";

// What the operating system would say is put in its place: tests must not depend on networks and permissions.
const http = createRequire(import.meta.url)("node:http");

for (const [code, kind] of [
  ["EACCES", "denied"],
  ["EAI_AGAIN", "unreachable"],
  ["ECONNRESET", "unreachable"],
  ["EHOSTUNREACH", "unreachable"],
  ["ENETUNREACH", "unreachable"],
  ["ENOTFOUND", "unreachable"],
  ["EPERM", "denied"],
  ["ETIMEDOUT", "timeout"],
  ["CERT_HAS_EXPIRED", "other"],
  ["HPE_INVALID_HEADER_TOKEN", "other"],
]) {
  test(`${code} is ${kind}`, async (t) => {
    t.mock.method(http, "request", () => {
      throw Object.assign(new Error("from the system"), { code });
    });
    await assert.rejects(nodeHost({ env: {} }).http(request("http://127.0.0.1/")), failure(kind));
  });
}

test("of a name with several addresses, the first one's error counts", async (t) => {
  t.mock.method(http, "request", () => {
    throw new AggregateError([Object.assign(new Error("refused"), { code: "ECONNREFUSED" })]);
  });
  await assert.rejects(nodeHost({ env: {} }).http(request("http://127.0.0.1/")), failure("unreachable"));
});

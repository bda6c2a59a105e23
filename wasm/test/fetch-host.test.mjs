import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchHost, HostFailure } from "sanskey-wasm";
import { failure, httpHostTests, request, TEST_ENV } from "./support/http-hosts.mjs";

httpHostTests(fetchHost(fetch, { ...TEST_ENV, BINDING: { not: "text" } }));

const URL = "http://127.0.0.1/";
const failing = (error) => fetchHost(() => Promise.reject(error));

test("without arguments it uses the global fetch and no variables", () => {
  assert.deepEqual({ ...fetchHost().readEnv(["PATH"]) }, {});
});

test("the variables of a Worker are text; its other bindings are not variables", () => {
  assert.deepEqual({ ...fetchHost(fetch, { A: "1", B: { get() {} }, C: "" }).readEnv(["A", "B", "C"]) }, { A: "1", C: "" });
});

test("it has no files and runs no programs", () => {
  assert.deepEqual(Object.keys(fetchHost()).sort(), ["http", "readEnv", "wait", "warn"]);
});

test("a client certificate is unsupported", async () => {
  const clientCertificate = { certPath: "a", keyPath: "b" };
  await assert.rejects(fetchHost().http(request(URL, { clientCertificate })), failure("unsupported"));
});

test("a Unix domain socket is unsupported, and nobody else is asked", async () => {
  const host = fetchHost(() => assert.fail("asked"));
  await assert.rejects(host.http(request(URL, { unixSocket: "/.fly/api" })), failure("unsupported"));
});

test("the deadline holds for a fetch that does not heed its signal", async () => {
  const host = fetchHost(() => new Promise((resolve) => setTimeout(resolve, 1000)));
  await assert.rejects(host.http(request(URL, { timeoutMs: 50 })), failure("timeout"));
});

test("a redirect that a browser hides is a redirect", async () => {
  const hidden = { status: 0, type: "opaqueredirect", headers: new Headers(), body: null, text: async () => "" };
  assert.equal((await fetchHost(async () => hidden).http(request(URL))).status, 302);
});

test("an answer without a stream is read as text", async () => {
  const answer = { status: 201, headers: new Headers({ a: "b" }), text: async () => "hello" };
  const { status, headers, body } = await fetchHost(async () => answer).http(request(URL));
  assert.deepEqual([status, headers, body], [201, [["a", "b"]], "hello"]);
});

test("a character may lie across two chunks", async () => {
  const bytes = new TextEncoder().encode("aé");
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.slice(0, 2));
      controller.enqueue(bytes.slice(2));
      controller.close();
    },
  });
  assert.equal((await fetchHost(async () => new Response(stream)).http(request(URL))).body, "aé");
});

for (const [error, kind] of [
  [new TypeError("Failed to fetch"), "unreachable"],
  [new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ETIMEDOUT" }) }), "timeout"],
  [new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "CERT_HAS_EXPIRED" }) }), "other"],
  [Object.assign(new Error("no connection"), { code: "ConnectionRefused" }), "unreachable"],
  [new DOMException("no", "NotAllowedError"), "denied"],
  [new DOMException("no", "DataCloneError"), "other"],
  [new HostFailure("denied", "own"), "denied"],
  ["not even an error", "other"],
]) {
  test(`${error?.name ?? typeof error} ${error?.cause?.code ?? ""} from fetch is ${kind}`, async () => {
    await assert.rejects(failing(error).http(request(URL)), failure(kind));
  });
}

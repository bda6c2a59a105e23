import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeHost } from "sanskey";
import { failure, httpHostTests, request, TEST_ENV } from "../../wasm/test/support/http-hosts.mjs";

const host = nodeHost({ env: TEST_ENV });

httpHostTests(host);

test("a scheme that is not HTTP is unsupported", async () => {
  await assert.rejects(host.http(request("ftp://127.0.0.1/")), failure("unsupported"));
});

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** A server at a Unix domain socket that says what it was asked. Its path. */
async function socketServer(t, handler) {
  const path = join(folder(t), "socket");
  const server = http.createServer(handler).listen(path);
  t.after(() => (server.closeAllConnections(), server.close()));
  await once(server, "listening");
  return path;
}
const unix = { skip: process.platform === "win32" && "Windows has no such sockets for Node" };

test("a request over a Unix domain socket, which no proxy is on the way to", unix, async (t) => {
  const unixSocket = await socketServer(t, async ({ method, url, headers }, response) => {
    response.setHeader("x-answer", "yes").writeHead(201).end(JSON.stringify({ method, url, host: headers.host }));
  });
  const proxied = nodeHost({ env: { http_proxy: "http://127.0.0.1:1", HTTP_PROXY: "http://127.0.0.1:1" } });
  const sent = request("http://localhost/v1/tokens/oidc", { method: "POST", body: "{}", unixSocket, bypassProxy: false });
  const { status, headers, body } = await proxied.http(sent);
  assert.equal(status, 201);
  assert.equal(new Headers(headers).get("x-answer"), "yes");
  assert.deepEqual(JSON.parse(body), { method: "POST", url: "/v1/tokens/oidc", host: "localhost" });
});

test("a Unix domain socket that is missing, or says nothing", unix, async (t) => {
  const missing = join(folder(t), "socket");
  await assert.rejects(host.http(request("http://localhost/", { unixSocket: missing })), (error) => error.name === "HostFailure" && error.message.includes(missing));
  const unixSocket = await socketServer(t, () => {});
  await assert.rejects(host.http(request("http://localhost/", { unixSocket, timeoutMs: 50 })), failure("timeout"));
});

test("a request without a word of sockets goes to its host, by its proxy", async () => {
  const { unixSocket, ...older } = request("http://127.0.0.1/", { bypassProxy: false });
  assert.equal(unixSocket, null);
  const proxied = nodeHost({ env: { http_proxy: "ftp://127.0.0.1:1" } });
  await assert.rejects(proxied.http(older), failure("unsupported"));
});

test("a file is its text, and a missing one is null", async (t) => {
  const path = join(folder(t), "token");
  assert.equal(await host.readFile(path), null);
  writeFileSync(path, "tökén\n");
  assert.equal(await host.readFile(path), "tökén\n");
  assert.equal(await host.readFile(join(path, "below-a-file")), null);
});

test("a file may have 1 MiB, and a device without an end is not read to it", async (t) => {
  const path = join(folder(t), "large");
  writeFileSync(path, "x".repeat(1024 * 1024));
  assert.equal((await host.readFile(path)).length, 1024 * 1024);
  writeFileSync(path, "x".repeat(1024 * 1024 + 1));
  await assert.rejects(host.readFile(path), failure("other"));
  if (process.platform !== "win32") await assert.rejects(host.readFile("/dev/zero"), failure("other"));
});

test("a path that cannot be one is a failure", async () => {
  await assert.rejects(host.readFile("a\0b"), failure("other"));
});

test("a folder is not a file", async (t) => {
  await assert.rejects(host.readFile(folder(t)), failure("other"));
});


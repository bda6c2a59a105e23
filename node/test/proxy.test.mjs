import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { fetchToken, nodeHost } from "sanskey";
import { startEmulator } from "../../wasm/test/support/emulator.mjs";
import { failure, request } from "../../wasm/test/support/http-hosts.mjs";
import { listen, startServer } from "../../wasm/test/support/server.mjs";
import { startProxy } from "./support/proxy.mjs";

const viaProxy = { bypassProxy: false };

test("a plain request goes to the proxy with its whole URL", async (t) => {
  const proxy = await startProxy(t);
  const host = nodeHost({ env: { http_proxy: proxy.url.replace("//", "//user:p%40ss@") } });
  const { body } = await host.http(request("http://example.test:8080/a?b=c", viaProxy));
  assert.equal(body, "from the proxy");
  const [{ method, url, headers }] = proxy.asked;
  assert.deepEqual([method, url, headers.host], ["GET", "http://example.test:8080/a?b=c", "example.test:8080"]);
  assert.equal(headers["proxy-authorization"], `Basic ${Buffer.from("user:p@ss").toString("base64")}`);
});

test("a proxy without a scheme is spoken to over HTTP", async (t) => {
  const proxy = await startProxy(t);
  const host = nodeHost({ env: { HTTP_PROXY: proxy.url.replace("http://", "") } });
  assert.equal((await host.http(request("http://example.test/", viaProxy))).body, "from the proxy");
});

test("an HTTPS request asks the proxy for a tunnel, and starts TLS in it", async (t) => {
  const proxy = await startProxy(t);
  const hello = new Promise((resolve) => {
    const server = net.createServer((socket) => socket.once("data", (data) => {
      resolve(data);
      socket.destroy();
    }));
    listen(t, server).then(async (url) => {
      const target = url.replace("http:", "https:");
      const host = nodeHost({ env: { HTTPS_PROXY: proxy.url } });
      await assert.rejects(host.http(request(target, viaProxy)), failure("unreachable"));
    });
  });
  const data = await hello;
  // RFC 8446 section 5.1: a record of type handshake, whose first message is ClientHello.
  assert.deepEqual([data[0], data[5]], [22, 1]);
  assert.equal(proxy.asked[0].method, "CONNECT");
  assert.match(proxy.asked[0].url, /^127\.0\.0\.1:\d+$/);
  assert.equal(proxy.asked[0].headers.authorization, undefined);
});

test("a tunnel that the proxy refuses is unreachable", async (t) => {
  const proxy = await startProxy(t, { refuse: true });
  const host = nodeHost({ env: { HTTPS_PROXY: proxy.url } });
  await assert.rejects(host.http(request("https://example.test/", viaProxy)), (error) => {
    assert.match(error.message, /407/);
    return failure("unreachable")(error);
  });
});

test("the deadline holds for a proxy that does not answer", async (t) => {
  const silent = net.createServer((socket) => socket.resume());
  const host = nodeHost({ env: { HTTPS_PROXY: await listen(t, silent) } });
  const closed = once(silent, "connection").then(([socket]) => once(socket, "close"));
  await assert.rejects(host.http(request("https://example.test/", { ...viaProxy, timeoutMs: 200 })), failure("timeout"));
  await closed;
});

test("a request that must bypass proxies does", async (t) => {
  const proxy = await startProxy(t);
  const url = await startServer(t, (_, response) => response.end("from the server"));
  const host = nodeHost({ env: { HTTP_PROXY: proxy.url } });
  assert.equal((await host.http(request(url, { bypassProxy: true }))).body, "from the server");
  assert.deepEqual(proxy.asked, []);
});

for (const [list, direct] of [
  ["127.0.0.1", true],
  ["example.com, 127.0.0.1", true],
  ["*", true],
  ["127.0.0.1:PORT", true],
  ["127.0.0.1:1", false],
  ["0.0.1", true],
  ["27.0.0.1", false],
  [".example.com,example.org", false],
  ["", false],
]) {
  test(`NO_PROXY=${list} ${direct ? "exempts" : "does not exempt"} 127.0.0.1`, async (t) => {
    const proxy = await startProxy(t);
    const url = await startServer(t, (_, response) => response.end("from the server"));
    const env = { HTTP_PROXY: proxy.url, NO_PROXY: list.replace("PORT", new URL(url).port) };
    const { body } = await nodeHost({ env }).http(request(url, viaProxy));
    assert.equal(body, direct ? "from the server" : "from the proxy");
  });
}

const TASK = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24";
const HUB = { roleArn: "arn:aws:iam::123456789012:role/sanskey-hub-role" };

for (const [where, env, options, passed, error] of [
  ["an instance", () => ({}), {}, "/v1/token", "sts_malformed"],
  ["a container", (url) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url + TASK }), {}, "/v1/token", "sts_malformed"],
  ["an instance with another role", () => ({}), { awsAssumeRole: HUB }, "/v1/token", "sts_malformed"],
]) {
  test(`the keys of ${where} do not pass a proxy, nor what AWS STS on this machine is asked; what goes to Google does`, async (t) => {
    const { url, config } = await startEmulator(t);
    const proxy = await startProxy(t);
    const all = { HTTP_PROXY: proxy.url, AWS_REGION: "us-east-1", AWS_ENDPOINT_URL_STS: url, ...env(url) };
    // What the proxy answers is no token.
    await assert.rejects(fetchToken(config, { endpoints: "loopback", host: nodeHost({ env: all }), ...options }), { code: error });
    assert.deepEqual(proxy.asked.map(({ url: asked }) => asked), [url + passed]);
  });
}

// What every host's HTTP must do, on fetch or on anything else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { bodyOf, closedPort, startServer, startTcpServer } from "./server.mjs";

/** A request as the core asks for it. */
export const request = (url, changes = {}) => ({
  action: "http_request", method: "GET", url, headers: [], body: "", timeoutMs: 10_000, clientCertificate: null,
  bypassProxy: true, unixSocket: null, ...changes,
});

export const failure = (kind) => (error) => {
  assert.equal(error.name, "HostFailure");
  assert.equal(error.kind, kind, error.message);
  return true;
};

export function httpHostTests(host) {
  test("a request arrives as it was asked for", async (t) => {
    const url = await startServer(t, async (incoming, response) => {
      const { method, url, headers } = incoming;
      response.end(JSON.stringify({ method, url, headers, body: await bodyOf(incoming) }));
    });
    const headers = [["authorization", "Bearer abc"], ["content-type", "application/json"]];
    const sent = request(`${url}/a%20b?c=%C3%A9`, { method: "POST", headers, body: "{\"ü\":1}" });
    const { status, body } = await host.http(sent);
    const seen = JSON.parse(body);
    assert.equal(status, 200);
    assert.deepEqual([seen.method, seen.url, seen.body], ["POST", "/a%20b?c=%C3%A9", "{\"ü\":1}"]);
    assert.equal(seen.headers.authorization, "Bearer abc");
    assert.equal(seen.headers["content-type"], "application/json");
    assert.equal(seen.headers["content-length"], "8");
  });

  test("an empty body is no body", async (t) => {
    const url = await startServer(t, ({ headers }, response) => response.end(JSON.stringify(headers)));
    const headers = JSON.parse((await host.http(request(url, { method: "PUT" }))).body);
    assert.equal(headers["content-type"], undefined);
    assert.equal(headers["content-length"], "0");
  });

  test("an answer is an answer whatever its status, and can be printed", async (t) => {
    const url = await startServer(t, (_, response) => response.writeHead(403, { "x-thing": "top-secret" }).end("top-secret"));
    const response = await host.http(request(url));
    assert.deepEqual([response.status, response.body], [403, "top-secret"]);
    assert.ok([...response.headers].some(([name, value]) => name.toLowerCase() === "x-thing" && value === "top-secret"));
    assert.doesNotMatch(inspect(response, { showHidden: true }) + JSON.stringify(response), /top-secret/);
  });

  test("a redirect is not followed", async (t) => {
    const paths = [];
    const url = await startServer(t, (incoming, response) => {
      paths.push(incoming.url);
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    assert.equal((await host.http(request(`${url}/here`))).status, 302);
    assert.deepEqual(paths, ["/here"]);
  });

  test("of a body without end, one byte more than 1 MiB is kept, and the connection is closed", async (t) => {
    const closed = deferred();
    const url = await startServer(t, (_, response) => {
      const chunk = "x".repeat(65_536);
      const more = () => { while (!response.destroyed && response.write(chunk)); };
      response.on("drain", more).on("close", closed.resolve);
      more();
    });
    assert.equal((await host.http(request(url))).body.length, 1024 * 1024 + 1);
    await closed.promise;
  });

  test("the deadline holds for a body that comes byte by byte", async (t) => {
    const url = await startServer(t, (_, response) => {
      const timer = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(timer));
    });
    const start = performance.now();
    await assert.rejects(host.http(request(url, { timeoutMs: 300 })), failure("timeout"));
    const took = performance.now() - start;
    assert.ok(took > 250 && took < 5000, `took ${took} ms`);
  });

  test("the deadline holds for headers that never come, and the connection is closed", async (t) => {
    const closed = deferred();
    const url = await startTcpServer(t, (socket) => socket.on("data", () => {}).on("close", closed.resolve));
    await assert.rejects(host.http(request(url, { timeoutMs: 200 })), failure("timeout"));
    await closed.promise;
  });

  test("a closed port is unreachable", async () => {
    await assert.rejects(host.http(request(await closedPort())), failure("unreachable"));
  });

  test("a connection that breaks in the middle of a body is unreachable", async (t) => {
    const url = await startTcpServer(t, (socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"));
    });
    await assert.rejects(host.http(request(url)), failure("unreachable"));
  });

  test("an abort ends a request with the signal's reason", async (t) => {
    const controller = new AbortController();
    const closed = deferred();
    const url = await startServer(t, (_, response) => {
      response.on("close", closed.resolve);
      controller.abort(new Error("enough"));
    });
    await assert.rejects(host.http(request(url), { signal: controller.signal }), /^Error: enough$/);
    await closed.promise;
  });

  test("a wait waits, and ends early when it is aborted", async () => {
    const start = performance.now();
    await host.wait(50);
    assert.ok(performance.now() - start >= 45);
    const signal = AbortSignal.timeout(20);
    await assert.rejects(host.wait(60_000, { signal }), { name: "TimeoutError" });
  });

  test("the variables that are asked for can be read, and are not printed", () => {
    const values = host.readEnv(["AWS_SECRET_ACCESS_KEY", "AWS_REGION", "NOT_SET"]);
    assert.deepEqual({ ...values }, { AWS_SECRET_ACCESS_KEY: "top-secret", AWS_REGION: "eu-west-1" });
    assert.doesNotMatch(inspect(values, { showHidden: true }) + JSON.stringify(values), /top-secret/);
  });
}

export const TEST_ENV = { AWS_SECRET_ACCESS_KEY: "top-secret", AWS_REGION: "eu-west-1", OTHER: "x" };

function deferred() {
  let resolve;
  return { promise: new Promise((it) => (resolve = it)), resolve };
}

// Auth clients of Google's own classes, versions 9 and 10, with the tokens and signatures of sanskey.
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { test } from "node:test";
import { inspect } from "node:util";

import { Storage } from "@google-cloud/storage";
import * as version10 from "google-auth-library";
import * as version9 from "google-auth-library-9";

import { createAuthClient, createGoogleAuth, SanskeyError } from "../../../node/dist/index.mjs";
import { startEmulator } from "./emulator.mjs";
import { useEnvironment } from "./environment.mjs";

const VERSIONS = [["9", version9], ["10", version10]];
const EXCHANGE = 6; // requests until there is the token of a service account
const READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only";
const LOOPBACK = { endpoints: "loopback" };
// The copy that @google-cloud/storage brings.
const ofStorage = createRequire(createRequire(import.meta.url).resolve("@google-cloud/storage"))("google-auth-library");

/** A server that keeps what it was sent, and answers with the statuses in turn, and then with 200. */
async function api(t, ...statuses) {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    request.resume();
    response.writeHead(statuses.shift() ?? 200, { "content-type": "application/json", connection: "close" });
    response.end('{"kind":"content"}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}/`, seen };
}

/** With nothing in the environment. */
function start(t, ...options) {
  useEnvironment(t);
  return startEmulator(t, ...options);
}

const bearer = (headers) => headers.authorization.replace(/^Bearer /, "");

for (const [version, google] of VERSIONS) {
  test(`version ${version}: requests have a token, and one exchange is enough`, async (t) => {
    const emulator = await start(t);
    const { url, seen } = await api(t);
    const client = createAuthClient(google.AuthClient, emulator.configFile, { ...LOOPBACK, scopes: READ_ONLY });
    assert.ok(client instanceof google.AuthClient);
    const responses = await Promise.all(Array.from({ length: 64 }, () => client.request({ url, headers: { "x-own": "1" } })));
    assert.deepEqual(new Set(responses.map(({ status, data }) => `${status} ${data.kind}`)), new Set(["200 content"]));
    assert.equal(new Set(seen.map(bearer)).size, 1);
    assert.deepEqual(new Set(seen.map((headers) => headers["x-own"])), new Set(["1"]));
    assert.equal((await emulator.requests()).length, EXCHANGE);
    const holder = await emulator.whoami(bearer(seen[0]));
    assert.deepEqual([holder.kind, holder.scopes], ["service_account", [READ_ONLY]]);
    const { token } = await client.getAccessToken();
    assert.equal(token, bearer(seen[0]));
    assert.ok(!inspect(client, { depth: 9, showHidden: true }).includes(token));
  });

  test(`version ${version}: GoogleAuth takes the client, and gives its headers`, async (t) => {
    const emulator = await start(t);
    const { url, seen } = await api(t);
    const options = { ...LOOPBACK, projectId: "my-project", quotaProjectId: "billed" };
    const authClient = createAuthClient(google.AuthClient, emulator.configFile, options);
    const auth = new google.GoogleAuth({ authClient, projectId: "my-project" });
    assert.equal((await auth.request({ url })).status, 200);
    assert.equal(await auth.getAccessToken(), bearer(seen[0]));
    assert.equal(seen[0]["x-goog-user-project"], "billed");
    const given = await authClient.getRequestHeaders(url);
    // As @grpc/grpc-js reads them, whichever version they are of.
    assert.deepEqual(Object.keys(given).sort(), ["Authorization", "x-goog-user-project"]);
    const headers = new Headers(given);
    assert.deepEqual([headers.get("authorization"), headers.get("x-goog-user-project")], [seen[0].authorization, "billed"]);
    assert.equal(await auth.getProjectId(), "my-project");
    assert.equal(await auth.getUniverseDomain(), "googleapis.com");
  });

  test(`version ${version}: a token that is refused is replaced once`, async (t) => {
    const emulator = await start(t);
    const client = createAuthClient(google.AuthClient, emulator.configFile, LOOPBACK);
    const once = await api(t, 401);
    assert.equal((await client.request({ url: once.url, method: "POST", data: { a: 1 } })).status, 200);
    assert.equal(new Set(once.seen.map(bearer)).size, 2);
    assert.equal((await emulator.requests()).length, 2 * EXCHANGE);
    const twice = await api(t, 401, 401);
    await assert.rejects(client.request({ url: twice.url }), (error) => error.response.status === 401);
    assert.equal(twice.seen.length, 2);
    const never = await api(t, 403);
    await assert.rejects(client.request({ url: never.url }), (error) => error.response.status === 403);
    assert.equal(never.seen.length, 1);
    const stream = await api(t, 401);
    const body = { url: stream.url, method: "POST", data: Readable.from(["content"]) };
    await assert.rejects(client.request(body), (error) => error.response.status === 401);
    assert.equal(stream.seen.length, 1);
  });

  test(`version ${version}: an ID token for whoever wants to know who calls`, async (t) => {
    const emulator = await start(t);
    const { url, seen } = await api(t);
    const options = { ...LOOPBACK, targetAudience: "https://service.example.com" };
    await createAuthClient(google.AuthClient, emulator.configFile, options).request({ url });
    const claims = JSON.parse(Buffer.from(bearer(seen[0]).split(".")[1], "base64url"));
    assert.equal(claims.aud, "https://service.example.com");
  });

  test(`version ${version}: GoogleAuth signs, and says who`, async (t) => {
    const emulator = await start(t);
    const auth = createGoogleAuth(google, emulator.configFile, { ...LOOPBACK, projectId: "my-project" });
    assert.ok(auth instanceof google.GoogleAuth);
    const { client_email: email } = await auth.getCredentials();
    assert.match(email, /^sanskey-demo@/);
    assert.equal(await new Promise((resolve) => auth.getCredentials((_, { client_email }) => resolve(client_email))), email);
    const signature = await auth.sign("message");
    assert.equal(Buffer.from(signature, "base64").length, 256);
    assert.equal(await auth.getProjectId(), "my-project");
  });

  test(`version ${version}: errors say what to do`, async (t) => {
    const emulator = await start(t, "--workload-identity-user", "off", "--token-creator", "off");
    const client = createAuthClient(google.AuthClient, emulator.configFile, LOOPBACK);
    const told = (error) => error instanceof SanskeyError && error.code === "impersonation_rejected" && /workloadIdentityUser/.test(error.hint);
    await assert.rejects(client.getRequestHeaders(), told);
    await assert.rejects(client.request({ url: "http://127.0.0.1:1/" }), told);
  });
}

test("the project is that of the environment, if none is given", async (t) => {
  const emulator = await start(t);
  process.env.GOOGLE_CLOUD_PROJECT = "of-the-environment";
  const client = createAuthClient(version10.AuthClient, emulator.configFile, LOOPBACK);
  assert.deepEqual([client.projectId, await client.getProjectId()], ["of-the-environment", "of-the-environment"]);
});

test("@google-cloud/storage signs URLs without a key", async (t) => {
  const emulator = await start(t);
  const authClient = createGoogleAuth(ofStorage, emulator.configFile, LOOPBACK);
  const storage = new Storage({ projectId: "sanskey-demo", authClient });
  const signed = async (action, more = {}) => {
    const file = storage.bucket("sanskey-demo-bucket").file("folder/a b.txt");
    const [url] = await file.getSignedUrl({ version: "v4", action, expires: Date.now() + 60_000, ...more });
    const { host, pathname, search } = new URL(url);
    return (init = {}) => sent(emulator.url + pathname + search, host, init);
  };
  const put = await signed("write", { contentType: "text/plain" });
  assert.equal((await put({ method: "PUT", body: "content", headers: { "content-type": "text/plain" } })).status, 200);
  const read = await (await signed("read"))();
  assert.deepEqual([read.status, read.text], [200, "content"]);
  assert.equal((await (await signed("read"))({ method: "DELETE" })).status, 403);
});

test("@google-cloud/storage takes an auth client of another copy for its requests", async (t) => {
  const emulator = await start(t);
  const { url, seen } = await api(t);
  const authClient = createAuthClient(version10.AuthClient, emulator.configFile, LOOPBACK);
  const storage = new Storage({ projectId: "sanskey-demo", authClient, apiEndpoint: url, useAuthWithCustomEndpoint: true });
  await storage.bucket("sanskey-demo-bucket").file("a").getMetadata();
  assert.equal((await emulator.whoami(bearer(seen[0]))).kind, "service_account");
});

/** fetch() would not send another host. */
async function sent(url, host, { method = "GET", headers = {}, body }) {
  const { request } = await import("node:http");
  const going = request(url, { method, headers: { ...headers, host }, timeout: 10_000 });
  going.end(body);
  const [response] = await once(going, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

// What is done in the name of the emulator's service account, with both backends. What the tokens and signatures are
// worth is in tests/oracle.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  fetchDelegatedToken, fetchDownscopedToken, fetchIdToken, nodeHost, signBlob, signJwt, signUrl,
} from "sanskey";
import { cleanEnv, startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const options = { endpoints: "loopback", host: nodeHost({ env: {} }) };
const bucket = "sanskey-demo-bucket";
const CALENDAR = "https://www.googleapis.com/auth/calendar.readonly";
const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split(".")[1], "base64url"));
const viewer = {
  accessBoundaryRules: [
    {
      availableResource: `//storage.googleapis.com/projects/_/buckets/${bucket}`,
      availablePermissions: ["inRole:roles/storage.objectViewer"],
    },
  ],
};

/** Sends a request as it is, but to the emulator: its host stands in the header alone. */
async function send(emulator, url, { method = "GET", headers = {}, body } = {}) {
  const { host, pathname, search } = new URL(url);
  const { hostname, port } = new URL(emulator);
  const sent = request({ hostname, port, method, path: pathname + search, headers: { ...headers, host } });
  sent.end(body);
  const [answer] = await once(sent, "response");
  const text = (await answer.toArray()).join("");
  return { status: answer.statusCode, headers: answer.headers, text, code: /<Code>(.+)<\/Code>/.exec(text)?.[1] };
}

test("an ID token, a signature and a JWT", async (t) => {
  const { config } = await startEmulator(t);
  const token = await fetchIdToken(config, { audience: "https://service", includeEmail: false, ...options });
  assert.equal(token.kind, "id_token");
  const { aud, sub, email, exp } = claimsOf(token.value);
  assert.deepEqual([aud, sub, email], ["https://service", "109876543210987654321", undefined]);
  assert.equal(token.expiresAt.getTime(), exp * 1000);
  const blob = await signBlob(config, { payload: Uint8Array.of(0, 255), ...options });
  assert.equal(blob.signature.length, 256);
  const jwt = await signJwt(config, { claims: { a: [1] }, ...options });
  assert.deepEqual([claimsOf(jwt.jwt), jwt.keyId], [{ a: [1] }, blob.keyId]);
});

test("without the role there is no signature", async (t) => {
  const { config } = await startEmulator(t, "--token-creator", "off");
  assert.equal((await fetchIdToken(config, { audience: "a", ...options })).kind, "id_token");
  const permission = (name) => ({
    code: "sign_rejected", status: 403, error: "PERMISSION_DENIED",
    errorDescription: `Permission 'iam.serviceAccounts.${name}' denied on resource (or it may not exist).`,
  });
  await assert.rejects(signBlob(config, { payload: Uint8Array.of(1), ...options }), permission("signBlob"));
  await assert.rejects(signJwt(config, { claims: {}, ...options }), permission("signJwt"));
  await assert.rejects(signUrl(config, { bucket, object: "a", expiresInSeconds: 60, ...options }), permission("signBlob"));
});

for (const form of ["path", "virtualHosted", "bucketBoundHost"]) {
  test(`signed URLs write and read an object (${form})`, async (t) => {
    const { url, config } = await startEmulator(t);
    const style = { path: {}, virtualHosted: { virtualHosted: true }, bucketBoundHost: { bucketBoundHost: url } }[form];
    const sign = async (more) => (await signUrl(config, { bucket, object: "ä/b c", expiresInSeconds: 60, ...style, ...more, ...options })).url;
    const headers = { "content-type": "text/plain", "x-goog-meta-a": "b" };
    const put = await sign({ method: "PUT", headers });
    assert.equal((await send(url, put, { method: "PUT", headers, body: "content" })).status, 200);
    const get = await sign();
    const { status, text } = await send(url, get);
    assert.deepEqual([status, text], [200, "content"]);

    assert.equal((await send(url, put, { method: "PUT", headers: { ...headers, "x-goog-meta-a": "c" } })).code, "SignatureDoesNotMatch");
    assert.equal((await send(url, get.replace("b%20c", "other"))).code, "SignatureDoesNotMatch");
    assert.equal((await send(url, get.replace("Expires=60", "Expires=61"))).code, "SignatureDoesNotMatch");
    await fetch(`${url}/emulator/clock`, { method: "PUT", body: "120" });
    assert.equal((await send(url, get)).code, "ExpiredToken");
  });
}

test("a resumable upload begins with a signed URL that fetch can use", async (t) => {
  const { url, config } = await startEmulator(t);
  const at = { bucket, object: "a", expiresInSeconds: 60, bucketBoundHost: url, ...options };
  const begin = await signUrl(config, { method: "RESUMABLE", ...at });
  const begun = await fetch(begin.url, { method: "POST", headers: { "x-goog-resumable": "start" } });
  assert.equal(begun.status, 201);
  assert.equal((await fetch(begun.headers.get("location"), { method: "PUT", body: "content" })).status, 200);
  assert.equal(await (await fetch((await signUrl(config, at)).url)).text(), "content");
});

test("a token for a person, and whom there is none for", async (t) => {
  const { url, config } = await startEmulator(t, "--delegated-scope", CALENDAR);
  const tokenUrl = `${url}/token`;
  const fetchFor = (subject, scopes) => fetchDelegatedToken(config, { subject, scopes, tokenUrl, ...options });
  const { kind, email, scopes } = await whoami(url, await fetchFor("ana@example.com", CALENDAR));
  assert.deepEqual([kind, email, scopes], ["person", "ana@example.com", [CALENDAR]]);
  const refused = { name: "SanskeyError", code: "delegation_rejected" };
  const nobody = { ...refused, error: "invalid_grant", errorDescription: "Invalid email or User ID" };
  await assert.rejects(fetchFor("bo@example.com", CALENDAR), nobody);
  await assert.rejects(fetchFor("ana@example.com", [CALENDAR, `${CALENDAR}.more`]), { ...refused, error: "unauthorized_client", status: 401 });
});

test("a downscoped token reads what it may, and nothing else", async (t) => {
  const { url, config } = await startEmulator(t);
  const put = await signUrl(config, { bucket, object: "a", expiresInSeconds: 60, method: "PUT", bucketBoundHost: url, ...options });
  assert.equal((await fetch(put.url, { method: "PUT", body: "content" })).status, 200);
  const token = await fetchDownscopedToken(config, { accessBoundary: viewer, ...options });
  assert.deepEqual((await whoami(url, token)).access_boundary, viewer);
  const ask = (path, method = "GET") => fetch(url + path, { method, headers: { authorization: `Bearer ${token.value}` } });
  assert.equal(await (await ask(`/${bucket}/a`)).text(), "content");
  assert.equal((await ask(`/${bucket}/a`, "PUT")).status, 403);
  assert.equal((await ask("/sanskey-other-bucket/a")).status, 403);
});

for (const backend of ["native", "wasm"]) {
  test(`the same in a program of its own (${backend})`, async (t) => {
    const { url, configPath } = await startEmulator(t);
    const program = `
      import { backend, fetchDelegatedToken, fetchDownscopedToken, fetchIdToken, signUrl } from "sanskey";
      const [config, url, accessBoundary] = process.argv.slice(1);
      const options = { endpoints: "loopback" };
      const token = await fetchIdToken(config, { audience: "a", ...options });
      const to = { bucket: ${JSON.stringify(bucket)}, object: "a", expiresInSeconds: 60, bucketBoundHost: url };
      const put = await signUrl(config, { ...to, method: "PUT", ...options });
      const { status } = await fetch(put.url, { method: "PUT", body: "content" });
      const person = await fetchDelegatedToken(config, { subject: "ana@example.com", scopes: ${JSON.stringify(CALENDAR)}, tokenUrl: url + "/token", ...options });
      const weaker = await fetchDownscopedToken(config, { accessBoundary, ...options });
      console.log(backend(), token.kind, status, person.kind, weaker.kind);
    `;
    const cwd = fileURLToPath(new URL("..", import.meta.url));
    const args = ["--input-type=module", "-e", program, configPath, url, JSON.stringify(viewer)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: cleanEnv({ SANSKEY_BACKEND: backend }) });
    assert.equal(stdout, `${backend} id_token 200 delegated downscoped\n`);
  });
}

// The Workers in this package's README, as readers paste them. Google is played by the global fetch.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { CredentialConfig } from "sanskey-wasm";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const programs = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, program]) => program);
const JWT = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"exp":4102444800}').toString("base64url")}.c2lnbmF0dXJl`;
const config = CredentialConfig.fromParts({
  projectNumber: "123456789012", pool: "pool", provider: "provider", source: "aws", serviceAccount: "app@my-project.iam.gserviceaccount.com",
});
const env = { GOOGLE_CREDENTIALS: config.toJson(), AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "key" };

/** A program's Worker, and what it asked of Google: the last words of the URLs, and the bearers that it showed. */
async function worker(t, program) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const home = join(folder, "node_modules", "sanskey-wasm");
  mkdirSync(home, { recursive: true });
  const real = JSON.stringify(new URL("../dist/index.js", import.meta.url).href);
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "sanskey-wasm", type: "module", exports: "./index.js" }));
  writeFileSync(join(home, "index.js"), `export * from ${real};`);
  const path = join(folder, "worker.mjs");
  writeFileSync(path, program);
  let accounts = 0;
  const asked = [];
  const refused = new Set();
  const answers = {
    token: () => ({ access_token: "federated", expires_in: 3600 }),
    generateAccessToken: () => ({ accessToken: `account-${(accounts += 1)}`, expireTime: "2100-01-01T00:00:00Z" }),
    generateIdToken: () => ({ token: JWT }),
    signBlob: () => ({ keyId: "key", signedBlob: "c2lnbmF0dXJl" }),
  };
  t.mock.method(globalThis, "fetch", async (url, { headers }) => {
    const name = url.split(/[/:]/).at(-1);
    const { authorization } = Object.fromEntries(new Headers(headers));
    asked.push(name);
    if (answers[name]) return Response.json(answers[name]());
    return Response.json({ authorization }, { status: refused.has(authorization) ? 401 : 200 });
  });
  const { default: made } = await import(pathToFileURL(path));
  const call = async (place = "") => made.fetch(new Request(`https://worker.example/${place}`), env);
  return { asked, call, refuse: (authorization) => refused.add(authorization) };
}

test("there are as many programs as are run here", () => assert.equal(programs.length, 3));

test("the first one calls Google with a token", async (t) => {
  const { asked, call } = await worker(t, programs[0]);
  assert.deepEqual(await (await call()).json(), { authorization: "Bearer account-1" });
  assert.deepEqual(asked, ["token", "generateAccessToken", "o"]);
});

test("the second one uses its token again, and replaces one that was refused", async (t) => {
  const { asked, call, refuse } = await worker(t, programs[1]);
  const answers = await Promise.all([call(), call(), call()]);
  for (const answer of answers) assert.deepEqual(await answer.json(), { authorization: "Bearer account-1" });
  assert.deepEqual(asked, ["token", "generateAccessToken", "o", "o", "o"]);
  refuse("Bearer account-1");
  assert.deepEqual(await (await call()).json(), { authorization: "Bearer account-2" });
});

test("the third one has an ID token and a link", async (t) => {
  const { asked, call } = await worker(t, programs[2]);
  assert.deepEqual(await (await call()).json(), { authorization: `Bearer ${JWT}` });
  const { status, headers } = await call("link");
  assert.equal(status, 302);
  assert.match(headers.get("location"), /^https:\/\/storage\.googleapis\.com\/my-bucket\/my-object\?.*&X-Goog-Signature=7369676e6174757265$/);
  assert.deepEqual(asked, ["token", "generateIdToken", "my-service-123456789012.europe-west1.run.app", "token", "signBlob"]);
});

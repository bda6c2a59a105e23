// What is done in the name of a service account: one call for each, and what they refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as sanskey from "sanskey-wasm";

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJlLW9mLWFuLWFjY291bnQ";
const config = sanskey.CredentialConfig.fromParts({
  projectNumber: "123456789012", pool: "pool", provider: "provider", source: "caller",
  serviceAccount: "app@my-project.iam.gserviceaccount.com",
});
const accessBoundary = {
  accessBoundaryRules: [{
    availableResource: "//storage.googleapis.com/projects/_/buckets/bucket",
    availablePermissions: ["inRole:roles/storage.objectViewer"],
  }],
};
const ANSWERS = {
  token: { access_token: "federated-token", expires_in: 3600 },
  generateAccessToken: { accessToken: "account-token", expireTime: "2100-01-01T00:00:00Z" },
  generateIdToken: { token: JWT },
  signBlob: { keyId: "key", signedBlob: Buffer.from("signature").toString("base64") },
  signJwt: { keyId: "key", signedJwt: JWT },
};

/** Answers each of the services, and keeps what it was asked. */
function google() {
  const requests = [];
  const http = (request) => {
    requests.push(request);
    return { status: 200, headers: [], body: JSON.stringify(ANSWERS[request.url.split("/").at(-1).split(":").at(-1)]) };
  };
  return { requests, http };
}

const CALLS = {
  fetchIdToken: [{ audience: "https://service", includeEmail: false }, ({ value, kind, expiresAt }) => {
    assert.deepEqual([value, kind, expiresAt.getUTCFullYear()], [JWT, "id_token", 2100]);
  }],
  signBlob: [{ payload: new Uint8Array([0, 255]) }, ({ keyId, signature }) => {
    assert.deepEqual([keyId, Buffer.from(signature).toString()], ["key", "signature"]);
  }],
  signJwt: [{ claims: { sub: "a" } }, ({ keyId, jwt }) => assert.deepEqual([keyId, jwt], ["key", JWT])],
  signUrl: [
    { bucket: "bucket", object: "object", expiresInSeconds: 60, method: "PUT", headers: { a: "b" }, query: [["generation", "1"]] },
    ({ url, expiresAt }) => {
      assert.match(url, /[?&]generation=1&(.*&)?X-Goog-Signature=7369676e6174757265$/);
      assert.ok(expiresAt > new Date());
    },
  ],
  fetchDelegatedToken: [{ subject: "ada@example.com", scopes: "scope" }, ({ value, kind }) => {
    assert.deepEqual([value, kind], ["federated-token", "delegated"]);
  }],
  fetchDownscopedToken: [{ accessBoundary, scopes: ["scope"] }, ({ value, kind }) => {
    assert.deepEqual([value, kind], ["federated-token", "downscoped"]);
  }],
};

for (const [name, [params, check]] of Object.entries(CALLS)) {
  test(`${name} has its outcome, and prints no secret`, async () => {
    const host = google();
    const steps = [];
    const options = { host, subjectToken: async ({ audience }) => `proof-for-${audience}`, onStep: (step) => steps.push(step) };
    const outcome = await sanskey[name](config, { ...params, ...options });
    check(outcome);
    assert.ok(host.requests.length >= 2 && host.requests.length === steps.length);
    assert.match(host.requests[0].body, /proof-for-/);
    const printed = `${inspect(outcome)} ${JSON.stringify(outcome)} ${inspect(steps)}`;
    for (const secret of [JWT, "federated-token", "account-token", "X-Goog-Signature"]) {
      assert.ok(!printed.includes(secret), printed);
    }
  });
}

test("JSON text is sent as it is", async () => {
  const host = google();
  await sanskey.signJwt(config, { claims: '{"a":  1}', host, subjectToken: "proof" });
  assert.deepEqual(JSON.parse(host.requests.at(-1).body), { payload: '{"a":  1}' });
});

const cycle = {};
cycle.itself = cycle;

for (const goal of [
  null, "id_token", {}, { goal: "constructor" }, { goal: "id_token", audience: 5 }, { goal: "id_token" },
  { goal: "id_token", audience: "a", includeEmail: "yes" }, { goal: "id_token", audience: "a", scopes: [] },
  { goal: "sign_blob", payload: "text" }, { goal: "sign_blob" }, { goal: "sign_jwt", claims: 5 }, { goal: "sign_jwt" },
  { goal: "sign_url", bucket: "a", object: "b" }, { goal: "sign_url", bucket: "a", object: "b", expiresInSeconds: 1.5 },
  { goal: "sign_url", bucket: "a", object: "b", expiresInSeconds: 60, headers: "x" },
  { goal: "sign_url", bucket: "a", object: "b", expiresInSeconds: 60, query: [5] },
  { goal: "delegated_access_token", scopes: "a" }, { goal: "downscoped_access_token", accessBoundary: 5 },
  { goal: "introspection" }, { goal: "sign_jwt", claims: [] }, { goal: "sign_jwt", claims: { id: 5n } },
  { goal: "sign_jwt", claims: cycle }, { goal: "sign_jwt", claims: { toJSON: () => undefined } },
  { goal: "downscoped_access_token", accessBoundary: [] }, { goal: "downscoped_access_token", accessBoundary: cycle },
]) {
  test(`the goal ${inspect(goal)} is refused`, () => {
    assert.throws(() => new sanskey.Exchange(config, goal), ({ code, hint }) => code === "invalid_argument" && hint !== "");
  });
}

for (const name of Object.keys(CALLS)) {
  test(`${name} is told what to do`, async () => {
    for (const none of [undefined, null, 5, "text"]) {
      await assert.rejects(sanskey[name](config, none), (error) => error instanceof sanskey.SanskeyError && error.code === "invalid_argument");
    }
  });
}

test("a subject token is described", () => {
  const told = sanskey.describeSubjectToken(JWT, { audience: config.audience });
  assert.equal(told.expiresAt.getUTCFullYear(), 2100);
  assert.deepEqual(told.principals, [
    "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/*",
  ]);
  for (const none of [undefined, null, 5, {}]) {
    assert.throws(() => sanskey.describeSubjectToken(none), { code: "invalid_argument", message: "token must be a string." });
  }
  assert.throws(() => sanskey.describeSubjectToken("a", { type: "b" }), { code: "invalid_argument" });
});

// What the package for Node adds to what is done in the name of a service account: its own host, paths, what asks.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import * as sanskey from "sanskey";

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJlLW9mLWFuLWFjY291bnQ";
const ANSWERS = {
  token: { access_token: "federated-token", expires_in: 3600 },
  generateAccessToken: { accessToken: "account-token", expireTime: "2100-01-01T00:00:00Z" },
  generateIdToken: { token: JWT },
  signBlob: { keyId: "key", signedBlob: Buffer.from("signature").toString("base64") },
  signJwt: { keyId: "key", signedJwt: JWT },
};
const accessBoundary = {
  accessBoundaryRules: [{
    availableResource: "//storage.googleapis.com/projects/_/buckets/bucket",
    availablePermissions: ["inRole:roles/storage.objectViewer"],
  }],
};
const CALLS = {
  fetchIdToken: [{ audience: "https://service" }, ({ value, kind }) => assert.deepEqual([value, kind], [JWT, "id_token"])],
  signBlob: [{ payload: Buffer.from("text") }, ({ signature }) => assert.equal(Buffer.from(signature).toString(), "signature")],
  signJwt: [{ claims: { sub: "a" } }, ({ jwt }) => assert.equal(jwt, JWT)],
  signUrl: [{ bucket: "bucket", object: "object", expiresInSeconds: 60 }, ({ url }) => assert.match(url, /&X-Goog-Signature=7369676e6174757265$/)],
  fetchDelegatedToken: [{ subject: "ada@example.com", scopes: "scope" }, ({ kind }) => assert.equal(kind, "delegated")],
  fetchDownscopedToken: [{ accessBoundary }, ({ kind }) => assert.equal(kind, "downscoped")],
};

for (const [name, [params, check]] of Object.entries(CALLS)) {
  test(`${name} takes a path or a URL, and says what asks`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "credentials.json");
    const parts = { projectNumber: "123456789012", pool: "pool", provider: "provider", source: "caller", serviceAccount: "app@my-project.iam.gserviceaccount.com" };
    writeFileSync(path, sanskey.CredentialConfig.fromParts(parts).toJson());
    for (const config of [path, pathToFileURL(path)]) {
      const requests = [];
      const http = (request) => {
        requests.push(request);
        return { status: 200, headers: [], body: JSON.stringify(ANSWERS[request.url.split(/[/:]/).at(-1)] ?? ANSWERS.token) };
      };
      check(await sanskey[name](config, { ...params, host: { http }, subjectToken: "proof" }));
      const clients = requests[0].headers.filter(([header]) => header === "x-goog-api-client").map(([, value]) => value);
      assert.equal(clients.length, 1);
      assert.ok(clients[0].includes(`gl-node/${process.versions.node}`), clients[0]);
    }
  });

  test(`${name} is told what to do`, async () => {
    for (const none of [undefined, null, 5]) {
      await assert.rejects(sanskey[name]("{}", none), (error) => error instanceof sanskey.SanskeyError && error.code === "invalid_argument");
    }
  });
}

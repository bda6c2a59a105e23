// ID tokens, JWTs and signatures that sanskey gets from the emulator are good for jose and for OpenSSL.
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import { verify, X509Certificate } from "node:crypto";
import { test } from "node:test";

import { Impersonated, OAuth2Client } from "google-auth-library";
import { createRemoteJWKSet, decodeProtectedHeader, errors, importX509, jwtVerify } from "jose";

import { fetchIdToken, fetchToken, signBlob, signJwt } from "../../../node/dist/index.mjs";
import { startEmulator } from "./emulator.mjs";
import { useEnvironment } from "./environment.mjs";

const ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com";
const audience = "https://service.example.com/päth?a=b";
const issuer = "https://accounts.google.com";
const endpoints = "loopback";

/** The keys that the emulator publishes at a path. */
const keys = (emulator, path) => createRemoteJWKSet(new URL(emulator.url + path));
const googleKeys = (emulator) => keys(emulator, "/oauth2/v3/certs");
const accountKeys = (emulator) => keys(emulator, `/service_accounts/v1/jwk/${ACCOUNT}`);
const certificates = async (emulator) =>
  (await fetch(`${emulator.url}/service_accounts/v1/metadata/x509/${ACCOUNT}`)).json();

for (const includeEmail of [true, false]) {
  test(`an ID token is good for jose, with the address: ${includeEmail}`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t);
    const token = await fetchIdToken(emulator.configFile, { audience, includeEmail, endpoints });
    const { payload } = await jwtVerify(token.value, googleKeys(emulator), {
      audience,
      issuer,
      algorithms: ["RS256"],
      typ: "JWT",
      requiredClaims: ["iat", "exp", "sub", "azp"],
      maxTokenAge: "1h",
    });
    assert.equal(payload.email, includeEmail ? ACCOUNT : undefined);
    assert.equal(payload.email_verified, includeEmail ? true : undefined);
    assert.equal(token.expiresAt.getTime(), payload.exp * 1000);
  });
}

test("an ID token is for its audience, of its issuer, and Google's", async (t) => {
  useEnvironment(t);
  const emulator = await startEmulator(t);
  const { value } = await fetchIdToken(emulator.configFile, { audience, endpoints });
  const refused = (keys, options) => assert.rejects(jwtVerify(value, keys, options), (error) => error instanceof errors.JOSEError);
  await jwtVerify(value, googleKeys(emulator), { audience, issuer });
  await refused(googleKeys(emulator), { audience: "https://other.example.com" });
  await refused(googleKeys(emulator), { issuer: "https://other.example.com" });
  await refused(accountKeys(emulator), { audience, issuer });
  await refused(googleKeys(await startEmulator(t)), { audience, issuer });
});

/** The service account for google-auth-library, with a federated token that sanskey has got. */
async function googleAuthLibrary(emulator) {
  const { service_account_impersonation_url: _left, ...federated } = emulator.config;
  const token = await fetchToken(federated, { endpoints });
  const sourceClient = new OAuth2Client({ credentials: { access_token: token.value } });
  return new Impersonated({ sourceClient, targetPrincipal: ACCOUNT, endpoint: emulator.url });
}

for (const includeEmail of [true, false]) {
  test(`google-auth-library gets the same ID token, with the address: ${includeEmail}`, async (t) => {
    useEnvironment(t);
    const emulator = await startEmulator(t);
    const claims = async (token) => (await jwtVerify(token, googleKeys(emulator), { audience, issuer })).payload;
    const theirs = await claims(await (await googleAuthLibrary(emulator)).fetchIdToken(audience, { includeEmail }));
    const ours = await claims((await fetchIdToken(emulator.configFile, { audience, includeEmail, endpoints })).value);
    // It asks for the address as `azp`, by a field that the reference does not have; sanskey keeps to the reference.
    assert.equal(theirs.azp, includeEmail ? ACCOUNT : ours.azp);
    const moment = { iat: 0, exp: 0, azp: "" };
    assert.deepEqual({ ...theirs, ...moment }, { ...ours, ...moment });
  });
}

test("google-auth-library gets the same signature", async (t) => {
  useEnvironment(t);
  const emulator = await startEmulator(t);
  const { keyId, signature } = await signBlob(emulator.configFile, { payload: Buffer.from("payload"), endpoints });
  const theirs = await (await googleAuthLibrary(emulator)).sign("payload");
  assert.deepEqual(theirs, { keyId, signedBlob: Buffer.from(signature).toString("base64") });
});

test("a JWT is the account's, by its JWKS and by its certificate", async (t) => {
  useEnvironment(t);
  const emulator = await startEmulator(t);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ACCOUNT, aud: "a", iat: now, exp: now + 60, text: 'ä€🔑 "quoted"', list: [1, 2.5, null] };
  const signed = await signJwt(emulator.configFile, { claims, endpoints });
  assert.deepEqual((await jwtVerify(signed.jwt, accountKeys(emulator), { audience: "a", issuer: ACCOUNT })).payload, claims);
  assert.equal(decodeProtectedHeader(signed.jwt).kid, signed.keyId);
  const certificate = (await certificates(emulator))[signed.keyId];
  assert.deepEqual((await jwtVerify(signed.jwt, await importX509(certificate, "RS256"))).payload, claims);
  await assert.rejects(jwtVerify(signed.jwt, googleKeys(emulator)), errors.JWKSNoMatchingKey);
});

test("a signature of bytes is the account's", async (t) => {
  useEnvironment(t);
  const emulator = await startEmulator(t);
  const payload = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const { keyId, signature } = await signBlob(emulator.configFile, { payload, endpoints });
  const certificate = new X509Certificate((await certificates(emulator))[keyId]);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(verify("sha256", payload, certificate.publicKey, signature));
  assert.ok(!verify("sha256", payload.slice(1), certificate.publicKey, signature));
});

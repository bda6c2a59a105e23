// Proofs that the program supplies, who acts for the workload, and what else Google is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { CredentialConfig, Exchange, fetchToken, SanskeyError } from "sanskey-wasm";

const JWT = "urn:ietf:params:oauth:token-type:jwt";
const SAML = "urn:ietf:params:oauth:token-type:saml2";
const AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";
const config = CredentialConfig.fromParts({ projectNumber: 1, pool: "pool", provider: "provider", source: "caller" });
const misuse = (message) => (error) => {
  assert.ok(error instanceof SanskeyError && error.code === "invalid_argument", inspect(error));
  assert.match(error.message, message);
  assert.doesNotMatch(inspect(error), /top-secret/);
  return true;
};
/** A host that grants, and what it was asked. */
function granting() {
  const asked = [];
  const body = JSON.stringify({ access_token: "token", expires_in: 3600, token_type: "Bearer" });
  return { asked, host: { http: (request) => (asked.push(request), { status: 200, headers: {}, body }) } };
}
const form = ({ body }) => Object.fromEntries(new URLSearchParams(body));

test("a proof is a string, or comes from a function that is called once for each token", async () => {
  for (const [subjectToken, calls] of [["proof", 0], [() => "proof", 1], [async () => "proof", 1]]) {
    const contexts = [];
    const counted = calls ? (context) => (contexts.push(context), subjectToken()) : subjectToken;
    const { host, asked } = granting();
    assert.equal((await fetchToken(config, { host, subjectToken: counted })).kind, "federated");
    assert.equal(form(asked[0]).subject_token, "proof");
    assert.deepEqual(contexts, Array(calls).fill({ audience: AUDIENCE, subjectTokenType: JWT }));
  }
});

test("a function is told what the configuration says", async () => {
  const saml = { ...JSON.parse(config.toJson()), subject_token_type: SAML };
  const { host, asked } = granting();
  let seen;
  await fetchToken(saml, { host, subjectToken: (context) => ((seen = context), "assertion") });
  assert.equal(seen.subjectTokenType, SAML);
  assert.equal(form(asked[0]).subject_token_type, SAML);
});

test("what the function throws comes out as it is, and nobody is asked", async () => {
  const host = { http: () => assert.fail("asked") };
  const own = new Error("no proof today");
  for (const subjectToken of [() => { throw own; }, async () => { throw own; }]) {
    await assert.rejects(fetchToken(config, { host, subjectToken }), (error) => error === own);
  }
});

test("a function that has nothing is a misuse", async () => {
  const host = { http: () => assert.fail("asked") };
  for (const nothing of [undefined, null, 5, { token: "top-secret" }]) {
    await assert.rejects(fetchToken(config, { host, subjectToken: async () => nothing }), misuse(/^subjectToken\(\) must be a string/));
  }
  await assert.rejects(fetchToken(config, { host, subjectToken: () => "" }), SanskeyError);
  await assert.rejects(fetchToken(config, { host }), SanskeyError);
});

test("a function is not asked where its proof could not be used", async () => {
  const host = { http: () => assert.fail("asked") };
  const subjectToken = () => assert.fail("asked for a proof");
  await assert.rejects(fetchToken("{}", { host, subjectToken }), SanskeyError);
  await assert.rejects(fetchToken(config, { host, subjectToken, actorToken: 5 }), misuse(/^actorToken must be a string/));
  await assert.rejects(fetchToken(config, { host: 5, subjectToken }), misuse(/method http/));
  await assert.rejects(fetchToken(config, { host, subjectToken, signal: AbortSignal.abort("enough") }), (reason) => reason === "enough");
});

test("an abort does not wait for a proof", async () => {
  const controller = new AbortController();
  const host = { http: () => assert.fail("asked") };
  const subjectToken = () => (controller.abort("enough"), new Promise(() => {}));
  await assert.rejects(fetchToken(config, { host, subjectToken, signal: controller.signal }), (reason) => reason === "enough");
});

test("who acts for the workload is a JWT, unless something else is said", async () => {
  for (const [given, type] of [[{}, JWT], [{ actorTokenType: undefined }, JWT], [{ actorTokenType: SAML }, SAML]]) {
    const { host, asked } = granting();
    await fetchToken(config, { host, subjectToken: "proof", actorToken: "actor", ...given });
    assert.deepEqual([form(asked[0]).actor_token, form(asked[0]).actor_token_type], ["actor", type]);
  }
  const { host, asked } = granting();
  await fetchToken(config, { host, subjectToken: "proof" });
  assert.equal(form(asked[0]).actor_token_type, undefined);
});

test("a browser need not ask for permission: no header says what asks", async () => {
  const { host, asked } = granting();
  await fetchToken(config, { host, subjectToken: "proof" });
  assert.ok(!asked[0].headers.some(([name]) => name === "x-goog-api-client"));
  const exchange = new Exchange(config, { goal: "access_token" }, { subjectToken: "proof", apiClient: "gl-node/20.1.0" });
  assert.match(new Map(exchange.poll().asks[0].headers).get("x-goog-api-client"), /^gl-node\/20\.1\.0 /);
});

test("a binding needs a certificate", async () => {
  const host = { http: () => assert.fail("asked") };
  await assert.rejects(fetchToken(config, { host, subjectToken: "proof", bindToCertificate: true }), SanskeyError);
});

test("a configuration alone cannot choose who gives the proof", async () => {
  const source = { kind: "oauth2_client_credentials", tokenUrl: "https://idp.example.com/token", clientId: "c", clientSecretVariable: "V" };
  const client = CredentialConfig.fromParts({ projectNumber: 1, pool: "pool", provider: "provider", source });
  const goal = { goal: "access_token" };
  assert.throws(() => new Exchange(client, goal).poll(), SanskeyError);
  assert.throws(() => new Exchange(client, goal, { tokenServers: ["other.example.com"] }).poll(), SanskeyError);
  assert.deepEqual(new Exchange(client, goal, { tokenServers: ["idp.example.com"] }).poll().asks[0].names, ["V"]);
});

test("arguments of a wrong type are named, and not shown", async () => {
  const wrong = [
    ["subjectToken", { token: "top-secret" }], ["subjectToken", 5], ["actorToken", ["top-secret"]], ["actorTokenType", 5],
    ["bindToCertificate", "yes"], ["tokenServers", "idp.example.com"], ["tokenServers", [5]], ["apiClient", {}],
  ];
  for (const [name, value] of wrong) {
    assert.throws(() => new Exchange(config, { goal: "access_token" }, { [name]: value }), misuse(new RegExp(`^${name} must be`)));
  }
  const functions = { subjectToken: () => "proof" };
  assert.throws(() => new Exchange(config, { goal: "access_token" }, functions), misuse(/^subjectToken must be a string/));
});

test("neither an exchange nor what it asks shows a proof", () => {
  const options = { subjectToken: "top-secret-proof", actorToken: "top-secret-actor" };
  const exchange = new Exchange(config, { goal: "access_token" }, options);
  const step = exchange.poll();
  for (const it of [exchange, step, ...step.asks]) {
    assert.doesNotMatch(inspect(it, { showHidden: true, depth: 9 }) + JSON.stringify(it), /top-secret/);
  }
});

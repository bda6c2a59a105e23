import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { inspect } from "node:util";
import * as sanskey from "sanskey-wasm";

const { callerIdentityToken, CredentialConfig, Exchange, HostFailure, SanskeyError, signRequest, stsRequest, Token } = sanskey;

const config = {
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/aws",
  subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
  token_url: "https://sts.googleapis.com/v1/token",
  client_id: "client",
  client_secret: "top-secret",
  credential_source: {
    environment_id: "aws1",
    regional_cred_verification_url: "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
  },
};
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "top-secret" };
const goal = { goal: "access_token", scopes: [] };
const printed = (it) => [inspect(it, { showHidden: true, depth: 9 }), inspect(it, { customInspect: false, depth: 9 }), JSON.stringify(it), String(it)].join("\n");
const misuse = (error) => error instanceof SanskeyError && error.code === "invalid_argument" && error.fault === "misuse";

test("a configuration tells what it says, but no secret", () => {
  const parsed = CredentialConfig.fromObject(config);
  assert.equal(parsed.source, "aws");
  assert.equal(parsed.clientId, "client");
  assert.equal(parsed.serviceAccountEmail, null);
  assert.doesNotMatch(printed(parsed), /top-secret/);
  assert.throws(() => CredentialConfig.fromJson("{"), { name: "SanskeyError", code: "config_not_json", fault: "config" });
  assert.throws(() => CredentialConfig.fromJson(config), misuse);
});

test("a token is not printed, and is as long-lived as it says", () => {
  const token = new Token("top-secret", 1_700_003_600_000, "federated");
  assert.equal(token.value, "top-secret");
  assert.deepEqual(token.expiresAt, new Date("2023-11-14T23:13:20Z"));
  assert.doesNotMatch(printed({ nested: [token] }), /top-secret/);
  assert.equal(token.freshness(1_700_000_000_000), "fresh");
  assert.equal(token.freshness(new Date(1_700_003_600_000)), "expired");
  for (const now of [NaN, new Date("?"), "soon"]) assert.throws(() => token.freshness(now), TypeError);
});

test("a request works like any object, and is not printed", () => {
  const request = stsRequest({
    tokenUrl: config.token_url, audience: config.audience, subjectToken: "top-secret", subjectTokenType: config.subject_token_type,
  });
  const { method, headers, body } = request;
  assert.equal(method, "POST");
  assert.ok(headers.some(([name]) => name === "content-type"));
  assert.match(body, /top-secret/);
  assert.equal({ ...request }.body, body);
  assert.throws(() => { request.url = "https://example.com"; }, TypeError);
  assert.doesNotMatch(printed(request), /top-secret/);
  assert.match(printed(request), /sts\.googleapis\.com/);
});

test("signed headers go into fetch, and are not printed", () => {
  const headers = signRequest({
    method: "POST", url: "https://sts.eu-west-1.amazonaws.com/", headers: [["x-a", "1"], ["x-a", "2"]], body: new Uint8Array([1, 2]),
    credentials: { ...credentials, sessionToken: "session-secret" }, region: "eu-west-1", service: "sts", now: 0,
  });
  assert.equal(new Headers(headers).get("x-a"), "1,2");
  assert.equal({ ...headers }["x-amz-security-token"], "session-secret");
  assert.equal(headers["x-amz-date"], "19700101T000000Z");
  assert.doesNotMatch(printed(headers), /session-secret|Signature=/);
});

test("now may be left out, a Date, or milliseconds", () => {
  const token = (now) => callerIdentityToken(credentials, "eu-west-1", config.audience, now);
  assert.equal(token(new Date(5000)), token(5000));
  assert.match(token(5000), /19700101T000005Z/);
  assert.match(token(), new RegExp(new Date().toISOString().slice(0, 10).replaceAll("-", "")));
});

test("arguments of a wrong type are named", () => {
  assert.throws(() => callerIdentityToken({ accessKeyId: "A" }, "r", "a"), (error) => misuse(error) && /secretAccessKey/.test(error.message));
  assert.throws(() => callerIdentityToken(null, "r", "a"), misuse);
  assert.throws(() => callerIdentityToken(credentials, undefined, "a"), (error) => misuse(error) && /region/.test(error.message));
  assert.throws(() => stsRequest({}), misuse);
  assert.throws(() => new Exchange(null, goal), misuse);
  assert.throws(() => new Exchange(config, {}), misuse);
  assert.throws(() => new Exchange(config, goal, { endpoints: "everything" }), misuse);
});

test("arguments are named as they are spelled here", () => {
  const named = (name) => (error) => misuse(error) && error.message.includes(name) && !/[a-z]_[a-z]/.test(error.message);
  const parts = { ...credentials, secretAccessKey: 5 };
  assert.throws(() => new Exchange(config, goal, { awsCredentials: parts }), named("secretAccessKey"));
  assert.throws(() => new Exchange(config, goal, { awsRegion: 5 }), named("awsRegion"));
  assert.throws(() => stsRequest({}), named("tokenUrl"));
  assert.throws(() => callerIdentityToken({ ...credentials, sessionToken: 5 }, "r", "a"), named("sessionToken"));
  assert.throws(() => sanskey.impersonationRequest({ url: "u", token: "t", lifetimeSeconds: "x" }), named("lifetimeSeconds"));
});

test("a configuration may be bytes, and what cannot be one is told what can", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  for (const form of [bytes, Buffer.from(bytes)]) {
    assert.equal(CredentialConfig.fromJson(form).source, "aws");
    assert.equal(CredentialConfig.fromObject(form).source, "aws");
    assert.equal(new Exchange(form, goal).poll(0).step, "pending");
  }
  for (const none of [null, undefined, 5, new URL("file:///credentials.json"), new Date()]) {
    await assert.rejects(sanskey.fetchToken(none), (error) => misuse(error) && /Uint8Array.*CredentialConfig/.test(error.message));
  }
  assert.throws(() => new Exchange(Promise.resolve(config), goal), (error) => misuse(error) && /awaited/.test(error.message));
  assert.throws(() => new Exchange(new Uint8Array([0xff, 0xfe]), goal), (error) => misuse(error) && /UTF-8/.test(error.message));
});

test("an exchange goes on in one crossing a round, ends, and can be freed twice", () => {
  const exchange = new Exchange(config, goal);
  const { asks } = exchange.poll(0);
  assert.deepEqual(exchange.poll(0), { step: "pending", asks });
  const env = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "top-secret", UNSET: undefined };
  const step = exchange.advance([["env", env]], 0);
  assert.deepEqual(step.asks.map(({ id, action, method }) => [id, action, method]), [["sts", "http_request", "POST"]]);
  assert.doesNotMatch(printed([exchange, step]), /top-secret/);
  for (const none of [Symbol("no reply"), 1, true, [], () => {}]) assert.throws(() => exchange.reply("sts", none), misuse);
  const body = JSON.stringify({ access_token: "top-secret", expires_in: 60, token_type: "Bearer" });
  const { outcome } = exchange.advance([["sts", { status: 200, headers: [], body }]], 1000);
  assert.deepEqual(outcome.token.expiresAt, new Date(61_000));
  exchange.free();
  exchange.free();
  assert.throws(() => exchange.poll(), misuse);
});

test("errors are recognised across copies of the library", () => {
  const other = createRequire(import.meta.url)("sanskey-wasm");
  assert.notEqual(other.SanskeyError, SanskeyError);
  assert.throws(() => other.CredentialConfig.fromJson("{"), SanskeyError);
  assert.ok(new other.HostFailure("denied", "no") instanceof HostFailure);
  assert.ok(!(new Error() instanceof SanskeyError) && !(null instanceof HostFailure) && !("text" instanceof SanskeyError));
  class Mine extends HostFailure {}
  assert.ok(new Mine("denied", "no") instanceof HostFailure && !(new HostFailure("denied", "no") instanceof Mine));
});

test("an error as text, and in a stack trace, has its code and its hint", () => {
  const error = new SanskeyError({ code: "sts_rejected", fault: "remote", message: "M.", hint: "H.", cause: 5 });
  assert.equal(String(error), "SanskeyError: sts_rejected: M. H.");
  assert.match(error.stack, /^SanskeyError: sts_rejected: M\. H\.\n +at /);
  assert.match(inspect(error), /^SanskeyError: sts_rejected: M\. H\.\n/);
  assert.deepEqual([error.message, error.cause, Object.keys(error).includes("message")], ["M.", 5, false]);
  class Mine extends SanskeyError {}
  assert.equal(String(new Mine({ code: "bug", message: "M." })), "SanskeyError: bug: M.");
});

test("classes have their own names, and errors are printed by them", () => {
  const classes = Object.entries(sanskey).filter(([name]) => /^[A-Z][a-z]/.test(name));
  assert.equal(classes.length, 6);
  assert.deepEqual(classes.map(([, { name }]) => name), classes.map(([name]) => name));
  assert.match(inspect(new HostFailure("denied", "no")), /^HostFailure: no\n/);
});

test("an error says all it knows as JSON, and nothing that it does not know", () => {
  const error = new SanskeyError({ code: "sts_rejected", fault: "remote", message: "M.", hint: "H.", status: 400, stage: undefined });
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: "SanskeyError", message: "M.", code: "sts_rejected", fault: "remote", hint: "H.", status: 400, retryable: false,
  });
  assert.doesNotMatch(inspect(error), /stage/);
});

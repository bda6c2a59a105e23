import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { CredentialConfig, fetchToken, HostFailure, SanskeyError, Token } from "sanskey-wasm";

const config = {
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/aws",
  subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: {
    environment_id: "aws1",
    region_url: "http://169.254.169.254/latest/meta-data/placement/availability-zone",
    url: "http://169.254.169.254/latest/meta-data/iam/security-credentials",
    regional_cred_verification_url: "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
  },
};
const awsCredentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "top-secret-key", sessionToken: "top-secret-session" };
const supplied = { awsCredentials, awsRegion: "eu-west-1" };
const granted = {
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ access_token: "top-secret-token", expires_in: 3600, token_type: "Bearer" }),
};
const code = (expected, fields = {}) => (error) => {
  assert.ok(error instanceof SanskeyError, inspect(error));
  assert.equal(error.code, expected, error.message);
  for (const [name, value] of Object.entries(fields)) assert.equal(error[name], value);
  return true;
};

test("a host of one method is enough where nothing else is asked", async () => {
  const token = await fetchToken(config, { ...supplied, host: { http: () => granted } });
  assert.ok(token instanceof Token);
  assert.equal(token.value, "top-secret-token");
  assert.equal(token.kind, "federated");
  assert.equal(token.freshness(), "fresh");
  assert.equal(token.freshness(token.expiresAt), "expired");
  assert.ok(Math.abs(token.expiresAt - Date.now() - 3_600_000) < 60_000);
});

test("a configuration may be an object, JSON text, or a CredentialConfig", async () => {
  const text = JSON.stringify(config);
  const forms = [config, text, CredentialConfig.fromJson(text), CredentialConfig.fromObject(config)];
  for (const form of [...forms, CredentialConfig.fromObject(forms[2])]) {
    assert.ok(await fetchToken(form, { ...supplied, host: { http: () => granted } }));
  }
});

test("headers of an answer may be pairs, a Headers object, or an object", async () => {
  for (const headers of [[["a", "b"]], new Headers({ a: "b" }), { a: "b" }, new Map([["a", "b"]])]) {
    assert.ok(await fetchToken(config, { ...supplied, host: { http: () => ({ ...granted, headers }) } }));
  }
});

test("a method that a host lacks is unsupported", async () => {
  await assert.rejects(fetchToken(config, { ...supplied, host: {} }), (error) =>
    code("host_unsupported", { askId: "sts", fault: "host" })(error) && assert.match(error.message, /the host has no method http/) === undefined);
});

test("what is no host is named, before anything is asked", async () => {
  const misuse = (message) => (error) => code("invalid_argument", { fault: "misuse" })(error) && message.test(error.message);
  for (const host of [5, "text", true]) await assert.rejects(fetchToken(config, { ...supplied, host }), misuse(/method http/));
  const host = { http: () => assert.fail("asked"), readEnv: {} };
  await assert.rejects(fetchToken(config, { ...supplied, host }), misuse(/^host\.readEnv must be a function/));
});

test("a host need not know how to wait", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const answers = [{ ...granted, status: 503 }, granted];
  const fetched = fetchToken(config, { ...supplied, host: { http: () => answers.shift() } });
  for (let turn = 0; turn < 50; turn += 1) await null;
  assert.equal(answers.length, 1);
  // No wait before the second try is longer: a second, and what is added to it by chance.
  context.mock.timers.tick(2000);
  assert.equal((await fetched).value, "top-secret-token");
});

test("a wait of the loop itself ends with an abort", async () => {
  const controller = new AbortController();
  const http = () => (setTimeout(() => controller.abort(new Error("enough")), 20), { ...granted, status: 503 });
  const start = performance.now();
  await assert.rejects(fetchToken(config, { ...supplied, host: { http }, signal: controller.signal }), { message: "enough" });
  assert.ok(performance.now() - start < 500);
});

test("a failure of the host is told to the exchange, which tries again", async () => {
  const waits = [];
  const answers = [new HostFailure("timeout", "too slow"), new HostFailure("unreachable", "gone"), granted];
  const http = () => {
    const next = answers.shift();
    if (next instanceof HostFailure) throw next;
    return next;
  };
  const wait = (ms) => setTimeout(() => {}, waits.push(ms));
  assert.ok(await fetchToken(config, { ...supplied, host: { http, wait } }));
  assert.equal(answers.length, 0);
  assert.equal(waits.length, 2);
});

test("a host's failure may come from another copy of the library", async () => {
  class HostFailure extends Error {
    kind = "denied";
  }
  Object.defineProperty(HostFailure.prototype, Symbol.for("sanskey.HostFailure"), { value: true });
  const http = () => Promise.reject(new HostFailure("no"));
  await assert.rejects(fetchToken(config, { ...supplied, host: { http } }), code("host_denied"));
});

test("what else a host throws comes out as it is", async () => {
  const mistake = new RangeError("a mistake in the host");
  const http = () => Promise.reject(mistake);
  await assert.rejects(fetchToken(config, { ...supplied, host: { http } }), (error) => error === mistake);
});

test("an answer that is none is a misuse", async () => {
  for (const [answer, expected] of [[undefined, "wrong_reply"], [{ ok: true }, "invalid_argument"], ["text", "wrong_reply"]]) {
    await assert.rejects(fetchToken(config, { ...supplied, host: { http: () => answer } }), code(expected));
  }
});

/** An EC2 instance; `http` answers the region and the role, which are asked in one round. */
const instance = (answers) => ({
  readEnv: () => ({}),
  http: (request, context) => {
    const [, answer] = Object.entries(answers).find(([part]) => request.url.includes(part)) ?? assert.fail(request.url);
    return answer(request, context);
  },
});

test("asks of one round are answered at the same time", async () => {
  const pending = [];
  const text = (body) => () => new Promise((resolve) => {
    pending.push(() => resolve({ status: 200, headers: [], body }));
    // Only once both have been asked, and in reverse order.
    if (pending.length === 2) for (const settle of pending.reverse()) settle();
  });
  const credentials = JSON.stringify({ Code: "Success", AccessKeyId: "AKID", SecretAccessKey: "top-secret", Token: "t" });
  const host = instance({
    "availability-zone": text("eu-west-1a"),
    "security-credentials/": () => ({ status: 200, headers: [], body: credentials }),
    "security-credentials": text("role"),
    "v1/token": () => granted,
  });
  assert.equal((await fetchToken(config, { host })).value, "top-secret-token");
});

test("of several errors in one round, the first ask's comes out, whichever was first", async () => {
  for (const [regionMs, roleMs] of [[0, 30], [30, 0]]) {
    const failing = (name, ms) => () => new Promise((_, reject) => setTimeout(() => reject(new Error(name)), ms));
    const host = instance({ "availability-zone": failing("region", regionMs), "security-credentials": failing("role", roleMs) });
    await assert.rejects(fetchToken(config, { host }), { message: "region" });
  }
});

test("an abort ends fetchToken with the signal's reason, and the host is told", async () => {
  const controller = new AbortController();
  let told;
  const http = (_, { signal }) => new Promise(() => {
    signal.addEventListener("abort", () => (told = true));
    controller.abort(new Error("enough"));
  });
  await assert.rejects(fetchToken(config, { ...supplied, host: { http }, signal: controller.signal }), { message: "enough" });
  assert.ok(told);
});

test("an aborted signal lets nothing start", async () => {
  const http = () => assert.fail("asked");
  const signal = AbortSignal.abort();
  await assert.rejects(fetchToken(config, { ...supplied, host: { http }, signal }), { name: "AbortError" });
});

test("AWS credentials may come from a function", async () => {
  const options = { awsRegion: "eu-west-1", host: { http: () => granted } };
  assert.ok(await fetchToken(config, { ...options, awsCredentials: async () => awsCredentials }));
  const broken = () => Promise.reject(new Error("no credentials today"));
  await assert.rejects(fetchToken(config, { ...options, awsCredentials: broken }), { message: "no credentials today" });
});

test("each step is reported, without secrets", async () => {
  const steps = [];
  const answers = [{ ...granted, status: 503 }, granted];
  const host = { http: () => answers.shift(), wait: () => {} };
  await fetchToken(config, { ...supplied, host, onStep: (step) => steps.push(step) });
  assert.deepEqual(steps.map(({ durationMs, ...step }) => step), [
    { askId: "sts", action: "http_request", method: "POST", status: 503 },
    { askId: "sts-2-wait", action: "wait" },
    { askId: "sts-2", action: "http_request", method: "POST", status: 200 },
  ]);
  assert.ok(steps.every(({ durationMs }) => durationMs >= 0));
  const failed = [];
  const report = { host: { http: () => { throw new HostFailure("denied", "no"); } }, onStep: (step) => failed.push(step) };
  await assert.rejects(fetchToken(config, { ...supplied, ...report }));
  assert.equal(failed[0].failure, "denied");
});

test("an observer that throws ends fetchToken", async () => {
  const onStep = () => { throw new Error("full disk"); };
  await assert.rejects(fetchToken(config, { ...supplied, host: { http: () => granted }, onStep }), { message: "full disk" });
});

test("scopes are asked for", async () => {
  let body;
  const http = (request) => ((body = request.body), granted);
  await fetchToken(config, { ...supplied, host: { http }, scopes: ["https://www.googleapis.com/auth/devstorage.read_only"] });
  assert.match(body, /&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdevstorage.read_only&/);
});

test("a refused configuration names its field", async () => {
  const elsewhere = { ...config, token_url: "https://sts.example.com/v1/token" };
  await assert.rejects(fetchToken(elsewhere, supplied), code("config_url_refused", { field: "token_url", fault: "config" }));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { CredentialConfig, Exchange, fetchToken, HostFailure, SanskeyError, Token } from "sanskey-wasm";

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
  await assert.rejects(fetchToken(config, { ...supplied, host: { ...host, readEnv: undefined, warn: "loud" } }), misuse(/^host\.warn must be a function/));
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

test("AWS credentials and the region may come from functions, which are called for each token", async () => {
  const signedBy = [];
  const http = (request) => (signedBy.push(decodeURIComponent(decodeURIComponent(request.body))), granted);
  let calls = 0;
  const provider = async (...args) => ({ ...awsCredentials, accessKeyId: `AKID${args.length}${(calls += 1)}`, expiration: new Date() });
  const options = { host: { http }, awsCredentials: provider, awsRegion: async () => `eu-west-${calls}` };
  await fetchToken(config, options);
  await fetchToken(config, options);
  assert.match(signedBy[0], /Credential=AKID01\/\d+\/eu-west-1\//);
  assert.match(signedBy[1], /Credential=AKID02\/\d+\/eu-west-2\//);
  assert.ok(await fetchToken(config, { ...options, awsCredentials: () => awsCredentials, awsRegion: () => "eu-west-1" }));
});

test("what a provider throws comes out as it is, that of the credentials first", async () => {
  const host = { http: () => assert.fail("asked") };
  const noCredentials = Object.assign(new Error("no credentials today"), { name: "CredentialsProviderError" });
  const noRegion = new Error("no region today");
  const late = () => new Promise((_, reject) => setTimeout(() => reject(noCredentials), 20));
  const early = () => { throw noRegion; };
  await assert.rejects(fetchToken(config, { host, awsCredentials: late, awsRegion: early }), (error) => error === noCredentials);
  await assert.rejects(fetchToken(config, { host, awsCredentials, awsRegion: early }), (error) => error === noRegion);
});

test("a provider that has nothing is a misuse, and nobody else is asked", async () => {
  const host = { http: () => assert.fail("asked"), readEnv: () => assert.fail("asked") };
  const refused = (options, message) => assert.rejects(fetchToken(config, { host, ...options }), (error) =>
    code("invalid_argument", { fault: "misuse" })(error) && assert.equal(error.message, message) === undefined);
  for (const none of [undefined, null, "top-secret-key", () => awsCredentials]) {
    await refused({ awsCredentials: async () => none }, "awsCredentials() must be { accessKeyId, secretAccessKey, sessionToken? }.");
  }
  await refused({ awsCredentials: () => ({ ...awsCredentials, secretAccessKey: null }) }, "awsCredentials().secretAccessKey must be a string.");
  for (const none of [undefined, null, "", 5]) {
    await refused({ awsCredentials, awsRegion: () => none }, "awsRegion() must be a string, such as eu-central-1.");
  }
});

test("nobody is asked for keys that cannot be used", async () => {
  const options = { host: { http: () => assert.fail("asked") }, awsCredentials: () => assert.fail("asked for keys") };
  await assert.rejects(fetchToken({ ...config, token_url: "https://sts.example.com/v1/token" }, options), code("config_url_refused"));
  await assert.rejects(fetchToken({ ...config, audience: "" }, options), code("config_field_missing"));
  await assert.rejects(fetchToken(config, { ...options, awsAssumeRole: {} }), code("invalid_argument"));
});

test("an abort does not wait for a provider", async () => {
  const host = { http: () => assert.fail("asked") };
  for (const never of ["awsCredentials", "awsRegion"]) {
    const controller = new AbortController();
    const provider = () => (setTimeout(() => controller.abort(new Error("enough")), 5), new Promise(() => {}));
    await assert.rejects(fetchToken(config, { host, [never]: provider, signal: controller.signal }), { message: "enough" });
  }
  const controller = new AbortController();
  const atOnce = () => (controller.abort(new Error("at once")), awsCredentials);
  await assert.rejects(fetchToken(config, { host, awsCredentials: atOnce, signal: controller.signal }), { message: "at once" });
});

/** A server whose clock is `ahead` of this one by so many seconds, and which refuses what was signed before. */
const skewed = (ahead) => {
  const date = new Date(Date.now() + ahead * 1000).toUTCString();
  const error_description = "Error from AWS: Signature expired: 20240102T030405Z is now earlier than 20240102T030905Z";
  const refusal = { status: 400, headers: { date }, body: JSON.stringify({ error: "invalid_grant", error_description }) };
  const answers = [refusal, granted];
  return () => answers.shift();
};

test("a host is warned of a wrong clock, once", async () => {
  for (const [ahead, words] of [[1200, /^The clock of this machine is 1(1[789]|20)\d seconds behind/], [-300, /is 3[0-3]\d seconds ahead/]]) {
    const warnings = [];
    const steps = [];
    const host = { http: skewed(ahead), warn: (...args) => warnings.push(args) };
    const token = await fetchToken(config, { ...supplied, host, onStep: ({ askId }) => steps.push(askId) });
    assert.equal(token.value, "top-secret-token");
    assert.deepEqual(steps, ["sts", "sts-clock"]);
    assert.deepEqual(warnings.map(([, about]) => about), ["clock_skew"]);
    assert.match(warnings[0][0], words);
  }
  assert.ok(await fetchToken(config, { ...supplied, host: { http: skewed(1200) } }));
  const warn = () => assert.fail("warned");
  assert.ok(await fetchToken(config, { ...supplied, host: { http: () => granted, warn } }));
});

test("an exchange says how far the clock is off, when it is done", () => {
  const exchange = new Exchange(config, { goal: "access_token" }, supplied);
  exchange.poll(0);
  const refusal = { ...skewed(0)(), headers: { date: "Thu, 01 Jan 1970 00:20:00 GMT" } };
  assert.equal(exchange.advance([["sts", refusal]], 0).asks[0].id, "sts-clock");
  assert.equal(exchange.clockSkewSeconds, null);
  assert.equal(exchange.advance([["sts-clock", granted]], 0).step, "done");
  assert.equal(exchange.clockSkewSeconds, 1200);
  assert.equal(exchange.poll(0).step, "done");
  assert.equal(exchange.clockSkewSeconds, 1200);
  exchange.free();
  assert.equal(exchange.clockSkewSeconds, 1200);
});

test("each step is reported, without secrets", async () => {
  const steps = [];
  const answers = [{ ...granted, status: 503 }, granted];
  const host = { http: () => answers.shift(), wait: () => {} };
  await fetchToken(config, { ...supplied, host, onStep: (step) => steps.push(step) });
  assert.deepEqual(steps.map(({ durationMs, ...step }) => step), [
    { askId: "sts", step: "sts", attempt: 1, action: "http_request", method: "POST", status: 503 },
    { askId: "sts-2-wait", step: "sts", attempt: 2, action: "wait" },
    { askId: "sts-2", step: "sts", attempt: 2, action: "http_request", method: "POST", status: 200 },
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

for (const [form, scopes] of [
  ["a list", ["https://www.googleapis.com/auth/devstorage.read_only", "openid"]],
  ["a string with spaces", "https://www.googleapis.com/auth/devstorage.read_only  openid"],
  ["a string with commas", "https://www.googleapis.com/auth/devstorage.read_only, openid"],
]) {
  test(`scopes are asked for: ${form}`, async () => {
    let body;
    const http = (request) => ((body = request.body), granted);
    await fetchToken(config, { ...supplied, host: { http }, scopes });
    assert.match(body, /&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdevstorage.read_only%20openid&/);
  });
}

test("a refused configuration names its field", async () => {
  const elsewhere = { ...config, token_url: "https://sts.example.com/v1/token" };
  await assert.rejects(fetchToken(elsewhere, supplied), code("config_url_refused", { field: "token_url", fault: "config" }));
});

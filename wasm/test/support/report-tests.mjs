// What is told of exchanges. Both packages have to pass this.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { google, REFUSED, UNAVAILABLE } from "./played.mjs";

export function reportTests(api) {
  const { CredentialConfig, HostFailure } = api;
  const config = CredentialConfig.fromParts({
    projectNumber: "123456789012", pool: "pool", provider: "provider", source: "caller",
    serviceAccount: "app@my-project.iam.gserviceaccount.com",
  });
  /** What is told of one call, but for durations, and what the call came to. */
  const told = async (call, options, host = google()) => {
    const [steps, ends] = [[], []];
    const listeners = { onStep: (report) => steps.push(report), onExchange: (report) => ends.push(report) };
    const result = await call({ host, ...listeners, ...options }).catch((error) => error);
    for (const { durationMs } of [...steps, ...ends]) assert.ok(durationMs >= 0);
    assert.doesNotMatch(inspect([steps, ends]) + JSON.stringify([steps, ends]), /secret/);
    const rest = ({ durationMs, ...report }) => report;
    return { steps: steps.map(rest), ends: ends.map(rest), result };
  };
  const token = (options) => api.fetchToken(config, { subjectToken: "secret-proof", ...options });
  const success = { error: null, stage: null, fault: null };

  test("an exchange that succeeds is reported once, after its steps", async () => {
    const order = [];
    const { steps, ends } = await told((options) => token({
      ...options,
      onStep: (step) => (order.push(step.askId), options.onStep(step)),
      onExchange: (end) => (order.push("end"), options.onExchange(end)),
    }));
    assert.deepEqual(order, ["sts", "impersonate", "end"]);
    assert.deepEqual(ends, [{ goal: "access_token", requests: 2, ...success }]);
    assert.deepEqual(steps[1], { askId: "impersonate", step: "impersonate", attempt: 1, action: "http_request", method: "POST", status: 200 });
  });

  test("tries are counted, and waits are no requests", async () => {
    const answers = [UNAVAILABLE, UNAVAILABLE];
    const host = google();
    host.next = () => answers.shift();
    const { steps, ends } = await told(token, {}, host);
    assert.deepEqual(steps.map(({ askId, step, attempt }) => [askId, step, attempt]), [
      ["sts", "sts", 1], ["sts-2-wait", "sts", 2], ["sts-2", "sts", 2], ["sts-3-wait", "sts", 3], ["sts-3", "sts", 3],
      ["impersonate", "impersonate", 1],
    ]);
    assert.deepEqual(ends, [{ goal: "access_token", requests: 4, ...success }]);
  });

  test("an exchange that fails says where, and whose turn it is", async () => {
    const refusing = google();
    refusing.next = REFUSED;
    const refused = await told(token, {}, refusing);
    assert.deepEqual(refused.ends, [{ goal: "access_token", requests: 1, error: "sts_rejected", stage: "sts", fault: "remote" }]);
    const denied = await told(token, {}, { http: () => { throw new HostFailure("denied", "no"); } });
    assert.deepEqual(denied.ends, [{ goal: "access_token", requests: 1, error: "host_denied", stage: "sts", fault: "host" }]);
    const { ends } = await told((options) => api.fetchToken({ ...JSON.parse(config.toJson()), token_url: "https://example.com/v1/token" }, options));
    assert.equal(ends.length, 1);
    assert.deepEqual([ends[0].requests, ends[0].error, ends[0].fault], [0, "config_url_refused", "config"]);
  });

  test("what is no error of sanskey is another", async () => {
    const other = { goal: "access_token", requests: 1, error: "other", stage: null, fault: null };
    const raw = await told(token, {}, { http: () => Promise.reject(new Error("secret")) });
    assert.deepEqual([raw.ends, raw.result.message], [[other], "secret"]);
    const controller = new AbortController();
    const http = () => (controller.abort(), new Promise(() => {}));
    const aborted = await told(token, { signal: controller.signal }, { http });
    assert.deepEqual([aborted.ends, aborted.result.name], [[other], "AbortError"]);
    const thrown = await told(token, { onStep: () => { throw undefined; } });
    assert.deepEqual([thrown.ends, thrown.result], [[other], undefined]);
  });

  test("every function reports what it was for", async () => {
    const boundary = { accessBoundaryRules: [{ availableResource: "//storage.googleapis.com/projects/_/buckets/b", availablePermissions: ["inRole:roles/storage.objectViewer"] }] };
    const client = { ...JSON.parse(config.toJson()), client_id: "client", client_secret: "secret" };
    const login = {
      type: "external_account_authorized_user", client_id: "client", client_secret: "secret", refresh_token: "secret",
      token_url: "https://sts.googleapis.com/v1/oauthtoken", revoke_url: "https://sts.googleapis.com/v1/revoke",
    };
    const goals = {
      access_token: token,
      id_token: (options) => api.fetchIdToken(config, { audience: "a", ...options }),
      sign_blob: (options) => api.signBlob(config, { payload: new Uint8Array([1]), ...options }),
      sign_jwt: (options) => api.signJwt(config, { claims: {}, ...options }),
      sign_url: (options) => api.signUrl(config, { bucket: "b", object: "o", expiresInSeconds: 60, ...options }),
      delegated_access_token: (options) => api.fetchDelegatedToken(config, { subject: "a@b.example", scopes: "s", ...options }),
      downscoped_access_token: (options) => api.fetchDownscopedToken(config, { accessBoundary: boundary, ...options }),
      introspection: (options) => api.introspectToken(client, "secret-token", options),
      revocation: (options) => api.revokeLogin(login, options),
    };
    for (const [goal, call] of Object.entries(goals)) {
      const host = google();
      host.next = REFUSED;
      const { steps, ends } = await told(call, goal in { introspection: 1, revocation: 1 } ? {} : { subjectToken: "proof" }, host);
      assert.deepEqual([ends.length, steps.length, ends[0].goal, ends[0].requests], [1, 1, goal, 1]);
      assert.notEqual(ends[0].error, null);
    }
  });

  test("a listener of the end may throw, and is called once all the same", async () => {
    for (const next of [undefined, REFUSED]) {
      let calls = 0;
      const host = google();
      host.next = next;
      const onExchange = () => { calls += 1; throw new Error("full disk"); };
      await assert.rejects(token({ host, onExchange }), { message: "full disk" });
      assert.equal(calls, 1);
    }
  });

  test("a listener that is none is a misuse", async () => {
    for (const name of ["onStep", "onExchange"]) {
      await assert.rejects(token({ host: google(), [name]: "loud" }), { code: "invalid_argument", message: `${name} must be a function.` });
    }
  });

  test("an ask says what it is about", () => {
    const exchange = new api.Exchange(config, { goal: "access_token" }, { subjectToken: "proof", entropy: "" });
    const [ask] = exchange.poll(0).asks;
    assert.deepEqual([ask.id, ask.step, ask.attempt], ["sts", "sts", 1]);
    const [wait] = exchange.advance([["sts", UNAVAILABLE]], 0).asks;
    assert.deepEqual([wait.id, wait.step, wait.attempt, wait.action], ["sts-2-wait", "sts", 2, "wait"]);
    exchange.free();
  });
}

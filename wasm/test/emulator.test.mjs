import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fetchHost, fetchToken } from "sanskey-wasm";
import { cleanEnv, instanceCredentials, startEmulator, whoami } from "./support/emulator.mjs";

const example = fileURLToPath(new URL("../examples/token.mjs", import.meta.url));
const run = (env) => promisify(execFile)(process.execPath, [example], { env: cleanEnv(env) });

test("an EC2 workload gets a token with six requests", async (t) => {
  const { url, config } = await startEmulator(t);
  const steps = [];
  const token = await fetchToken(config, { endpoints: "loopback", onStep: (step) => steps.push(step) });
  assert.equal(steps.filter(({ action }) => action === "http_request").length, 6);
  assert.equal(token.kind, "service_account");
  const { status, kind } = await whoami(url, token);
  assert.deepEqual([status, kind], [200, "service_account"]);
});

test("a workload with keys in its environment gets a token with two requests", async (t) => {
  const { url, config } = await startEmulator(t);
  const { accessKeyId, secretAccessKey, sessionToken } = await instanceCredentials(url);
  const env = {
    AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken,
  };
  const steps = [];
  const onStep = (step) => steps.push(step.askId);
  const token = await fetchToken(config, { endpoints: "loopback", host: fetchHost(fetch, env), onStep });
  assert.deepEqual(steps, ["env", "sts", "impersonate"]);
  assert.equal((await whoami(url, token)).status, 200);
});

test("without impersonation it is the workload's own token", async (t) => {
  const { url, config } = await startEmulator(t, "--no-impersonation", "--imds-v1", "off");
  const token = await fetchToken(config, { endpoints: "loopback" });
  assert.equal(token.kind, "federated");
  assert.equal((await whoami(url, token)).kind, "federated");
});

test("keys that AWS does not know are refused in Google's words", async (t) => {
  const { config } = await startEmulator(t);
  const awsCredentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wrong", sessionToken: "wrong" };
  await assert.rejects(fetchToken(config, { endpoints: "loopback", awsCredentials, awsRegion: "us-east-1" }), (error) => {
    assert.deepEqual([error.code, error.fault, error.stage, error.status], ["sts_rejected", "remote", "sts", 400]);
    return error.errorDescription.length > 0;
  });
});

test("the example prints its steps and the expiry, and ends well", async (t) => {
  const { configPath } = await startEmulator(t);
  const { stdout } = await run({ GOOGLE_APPLICATION_CREDENTIALS: configPath, SANSKEY_ENDPOINTS: "loopback" });
  assert.match(stdout, /^ {2}imds-session +PUT 200 +\d+ ms$/m);
  assert.match(stdout, /^requests: 6\ntoken expires at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in \d+ s\)\n$/m);
});

test("the example says what is wrong, and ends badly", async (t) => {
  const { configPath } = await startEmulator(t);
  await assert.rejects(run({ GOOGLE_APPLICATION_CREDENTIALS: configPath }), { code: 1, stderr: /^error: config_url_refused: .+\nhint: .+\n$/ });
  await assert.rejects(run({}), { code: 1, stderr: /GOOGLE_APPLICATION_CREDENTIALS/ });
});

const edge = (env) => fetchHost(fetch, { AWS_REGION: "us-east-1", ...env });

test("on fetch, a credential endpoint on this machine works with a token, and not with a file of one", async (t) => {
  const { url, config } = await startEmulator(t, "--no-impersonation", "--container-token", "a token");
  const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/credentials` };
  const token = await fetchToken(config, { endpoints: "loopback", host: edge({ ...container, AWS_CONTAINER_AUTHORIZATION_TOKEN: "a token" }) });
  assert.match((await whoami(url, token)).subject, /assumed-role\/sanskey-pod-role\//);
  const host = edge({ ...container, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/token" });
  await assert.rejects(fetchToken(config, { endpoints: "loopback", host }), (error) => {
    assert.deepEqual([error.code, error.fault, error.askId], ["host_unsupported", "host", "container-token"]);
    return /AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE/.test(error.hint);
  });
});

test("on fetch, a token file works with a method that reads it, and else the error names its variable", async (t) => {
  const { url, config } = await startEmulator(t, "--no-impersonation");
  const env = {
    AWS_WEB_IDENTITY_TOKEN_FILE: "/token", AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/sanskey-irsa-role", AWS_ENDPOINT_URL_STS: url,
  };
  const content = await (await fetch(`${url}/emulator/web-identity-token`)).text();
  const host = { ...edge(env), readFile: (path) => (path === "/token" ? content : null) };
  const token = await fetchToken(config, { endpoints: "loopback", host });
  assert.match((await whoami(url, token)).subject, /assumed-role\/sanskey-irsa-role\/sanskey$/);
  await assert.rejects(fetchToken(config, { endpoints: "loopback", host: edge(env) }), (error) => {
    assert.deepEqual([error.code, error.fault, error.askId], ["host_unsupported", "host", "web-identity-token"]);
    return /AWS_WEB_IDENTITY_TOKEN_FILE/.test(error.hint);
  });
});

test("on fetch, a profile is an error that says where files would be", async (t) => {
  const { config } = await startEmulator(t);
  for (const [env, options] of [[{ AWS_PROFILE: "dev", HOME: "/" }, {}], [{ HOME: "/" }, { awsProfile: "dev" }]]) {
    await assert.rejects(fetchToken(config, { endpoints: "loopback", host: edge(env), ...options }), (error) => {
      assert.deepEqual([error.code, error.askId], ["host_unsupported", "aws-config-file"]);
      return /AWS profile.*AWS_CONFIG_FILE/.test(error.hint);
    });
  }
});

test("on fetch, a wrong clock is told of on the console, and does not matter", async (t) => {
  const { url, config } = await startEmulator(t, "--no-impersonation");
  const awsCredentials = await instanceCredentials(url);
  await fetch(`${url}/emulator/clock`, { method: "PUT", body: "-3600" });
  const warn = t.mock.method(console, "warn", () => {});
  const token = await fetchToken(config, { endpoints: "loopback", awsCredentials, awsRegion: "us-east-1" });
  assert.equal((await whoami(url, token)).status, 200);
  assert.equal(warn.mock.callCount(), 1);
  assert.match(warn.mock.calls[0].arguments[0], /^sanskey: The clock of this machine is 3(59|6[0-3])\d seconds ahead/);
});

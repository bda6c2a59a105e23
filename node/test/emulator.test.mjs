import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CredentialConfig, fetchHost, fetchToken, nodeHost } from "sanskey";
import { cleanEnv, instanceCredentials, startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const run = async (example, env) => {
  const path = fileURLToPath(new URL(`../examples/${example}`, import.meta.url));
  return promisify(execFile)(process.execPath, [path], { env: cleanEnv(env) });
};
const host = nodeHost({ env: {} });

test("an EC2 workload gets a token with six requests", async (t) => {
  const { url, configPath } = await startEmulator(t, "--imds-v1", "off");
  const steps = [];
  const token = await fetchToken(configPath, { endpoints: "loopback", host, onStep: (step) => steps.push(step) });
  assert.equal(steps.filter(({ action }) => action === "http_request").length, 6);
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
  const token = await fetchToken(config, { endpoints: "loopback", host: nodeHost({ env }), onStep });
  assert.deepEqual(steps, ["env", "sts", "impersonate"]);
  assert.equal((await whoami(url, token)).status, 200);
});

test("it works on fetch as well", async (t) => {
  const { url, config } = await startEmulator(t);
  const token = await fetchToken(config, { endpoints: "loopback", host: fetchHost() });
  assert.equal((await whoami(url, token)).status, 200);
});

test("a configuration may be the path of its file, or be named by the environment", async (t) => {
  const { configPath } = await startEmulator(t);
  const fromEnv = CredentialConfig.fromEnv({ GOOGLE_APPLICATION_CREDENTIALS: configPath });
  assert.equal(fromEnv.source, "aws");
  assert.deepEqual(fromEnv, CredentialConfig.fromFile(configPath));
  assert.ok(fromEnv instanceof CredentialConfig);
});

test("a configuration that is not there is an error of its own", async () => {
  const missing = { name: "SanskeyError", code: "config_not_found", fault: "config", stage: "config" };
  await assert.rejects(fetchToken("/no/such/file.json"), missing);
  assert.throws(() => CredentialConfig.fromFile("/no/such/file.json"), missing);
  assert.throws(() => CredentialConfig.fromEnv({}), missing);
  assert.throws(() => CredentialConfig.fromEnv({ GOOGLE_APPLICATION_CREDENTIALS: "" }), missing);
  assert.throws(() => CredentialConfig.fromFile("/"), { code: "host_failed", fault: "host" });
});

for (const backend of ["native", "wasm"]) {
  test(`the example prints its steps and the expiry, and ends (${backend})`, async (t) => {
    const { configPath } = await startEmulator(t);
    const env = { GOOGLE_APPLICATION_CREDENTIALS: configPath, SANSKEY_ENDPOINTS: "loopback", SANSKEY_BACKEND: backend };
    const { stdout } = await run("token.mjs", env);
    assert.match(stdout, /^ {2}imds-session +PUT 200 +\d+ ms$/m);
    assert.match(stdout, /^requests: 6\ntoken expires at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in \d+ s\)\n$/m);
  });
}

test("nothing that could keep the process alive is left behind", async (t) => {
  const { config } = await startEmulator(t);
  const program = `
    import { fetchToken } from "sanskey";
    await fetchToken(process.argv[1], { endpoints: "loopback" });
    // Closed sockets are let go in the event loop's next rounds.
    for (let round = 0; round < 5; round += 1) await new Promise(setImmediate);
    console.log(process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name)).join());
  `;
  const options = { cwd: fileURLToPath(new URL("..", import.meta.url)), env: cleanEnv() };
  const args = ["--input-type=module", "-e", program, JSON.stringify(config)];
  assert.equal((await promisify(execFile)(process.execPath, args, options)).stdout, "\n");
});

test("the example says what is wrong, and ends badly", async (t) => {
  const { configPath } = await startEmulator(t);
  await assert.rejects(run("token.mjs", { GOOGLE_APPLICATION_CREDENTIALS: configPath }), { code: 1, stderr: /^error: config_url_refused: .+\nhint: .+\n$/ });
  await assert.rejects(run("token.mjs", {}), { code: 1, stderr: /^error: config_not_found: .+\nhint: .+\n$/ });
});

test("the example with a host of its own works", async (t) => {
  const { configPath } = await startEmulator(t);
  const { stdout } = await run("own-host.mjs", { GOOGLE_APPLICATION_CREDENTIALS: configPath, SANSKEY_ENDPOINTS: "loopback" });
  assert.match(stdout, /^token expires at \d{4}-/);
});

// Functions of Lambda, run by the client that AWS runs them with, against a Runtime API on this machine.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startEmulator } from "../../wasm/test/support/emulator.mjs";
import { call, startGoogleApi } from "./support/google-api.mjs";
import { paste } from "./support/pasted.mjs";
import { OF_A_FUNCTION, lambda, requests } from "./support/platforms.mjs";
import { startRuntimeApi } from "./support/runtime-api.mjs";

const EXAMPLE = new URL("../examples/use-cases/lambda-bigquery.mjs", import.meta.url);
const TABLE = "projects/my-project/datasets/events/tables/s3";
const INSERT = `POST /bigquery/v2/${TABLE}/insertAll`;

const options = { skip: process.platform !== "linux" && "aws-lambda-ric is for Linux only", timeout: 120_000 };
/** Where the client is. Compiled if need be, which takes a minute. */
const client = () => execFileSync(fileURLToPath(new URL("../../scripts/tool.sh", import.meta.url)), ["aws-lambda-ric"], {
  encoding: "utf8", stdio: ["ignore", "pipe", "inherit"],
}).trim();

/** A process of a function. It ends with the test. */
async function startFunction(t, file, env) {
  const runtime = await startRuntimeApi(t);
  const task = dirname(paste(t, file));
  const _HANDLER = `${basename(fileURLToPath(file), ".mjs")}.handler`;
  const child = spawn(process.execPath, [client(), _HANDLER], {
    cwd: task,
    env: { ...env, AWS_LAMBDA_RUNTIME_API: runtime.address, LAMBDA_TASK_ROOT: task, _HANDLER },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let log = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (chunk) => (log += chunk));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    assert.deepEqual(runtime.unknown, []);
  });
  return { invoke: runtime.invoke, report: runtime.report, log: () => log, ended };
}

/** A function of one file with this text. */
function written(t, text) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "index.mjs"), text);
  return pathToFileURL(join(folder, "index.mjs"));
}

/** An event of S3, as far as the example reads it, and the row that it becomes. */
const created = (key, size) => ({
  Records: [{
    eventName: "ObjectCreated:Put",
    eventTime: "2026-01-02T03:04:05.678Z",
    responseElements: { "x-amz-request-id": "C3D13FE58DE4C810" },
    s3: { bucket: { name: "incoming" }, object: { key, size } },
  }],
});
const inserted = (key, object, size) => call(INSERT, {
  rows: [{
    insertId: `C3D13FE58DE4C810${key}`,
    json: { event: "ObjectCreated:Put", bucket: "incoming", object, size, time: "2026-01-02T03:04:05.678Z" },
  }],
});

for (const backend of ["native", "wasm"]) {
  test(`both invocations write as the service account, and the warm one asks for no token (${backend})`, options, async (t) => {
    const emulator = await startEmulator(t, "--allowed-role", "sanskey-demo-role");
    const api = await startGoogleApi(t, emulator, { [INSERT]: [{}, {}] });
    const env = { ...(await lambda(emulator)), GOOGLE_API_URL: api.url, TABLE, SANSKEY_BACKEND: backend };
    const { invoke } = await startFunction(t, EXAMPLE, env);
    assert.deepEqual(await invoke(created("a+b/%C3%BC.csv", 7)), { kind: "response", body: { written: 1 } });
    assert.deepEqual(await requests(emulator), OF_A_FUNCTION);
    assert.deepEqual(await invoke(created("c.csv", 0)), { kind: "response", body: { written: 1 } });
    assert.deepEqual(await requests(emulator), OF_A_FUNCTION);
    assert.deepEqual(api.calls, [inserted("a+b/%C3%BC.csv", "a b/ü.csv", 7), inserted("c.csv", "c.csv", 0)]);
    assert.deepEqual(api.refused, []);
  });
}

test("rows that BigQuery refuses are an error", options, async (t) => {
  const emulator = await startEmulator(t);
  const refusal = { insertErrors: [{ index: 0, errors: [{ reason: "invalid", message: "no such field: size." }] }] };
  const api = await startGoogleApi(t, emulator, { [INSERT]: [refusal] });
  const { invoke } = await startFunction(t, EXAMPLE, { ...(await lambda(emulator)), GOOGLE_API_URL: api.url, TABLE });
  const { kind, body } = await invoke(created("a", 1));
  assert.deepEqual([kind, body.errorType], ["error", "Error"]);
  assert.match(body.errorMessage, /no such field: size\./);
});

test("each invocation may get a token of its own, with the keys of the process", options, async (t) => {
  const emulator = await startEmulator(t);
  const file = written(t, `
    import { CredentialConfig, fetchToken } from "sanskey";
    export const handler = async (scopes) => (await fetchToken(CredentialConfig.fromEnv(), { scopes })).kind;
  `);
  const { invoke } = await startFunction(t, file, await lambda(emulator));
  for (const asked of [OF_A_FUNCTION, [...OF_A_FUNCTION, ...OF_A_FUNCTION]]) {
    const result = await invoke(["https://www.googleapis.com/auth/bigquery"]);
    assert.deepEqual(result, { kind: "response", body: "service_account" });
    assert.deepEqual(await requests(emulator), asked);
  }
});

test("a refusal reaches Lambda with its code and without a secret, and the function lives on", options, async (t) => {
  const emulator = await startEmulator(t, "--allowed-role", "another-role");
  const env = { ...(await lambda(emulator)), GOOGLE_API_URL: "http://127.0.0.1:9", TABLE };
  const secrets = [env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN];
  const { invoke, log } = await startFunction(t, EXAMPLE, env);
  for (const asked of [["POST /v1/token 400"], ["POST /v1/token 400", "POST /v1/token 400"]]) {
    const { kind, body } = await invoke(created("a", 1));
    assert.deepEqual([kind, body.errorType], ["error", "SanskeyError"]);
    assert.match(body.errorMessage, /attribute condition/);
    assert.match(body.trace[0], /^SanskeyError: sts_rejected: /);
    assert.deepEqual(await requests(emulator), asked);
    for (const secret of secrets) assert.ok(!JSON.stringify(body).includes(secret));
  }
  // The log comes by another way than the report.
  while (log().split("sts_rejected").length < 3) await wait(20);
  for (const secret of secrets) assert.ok(!log().includes(secret));
});

test("a configuration that is missing when the function starts", options, async (t) => {
  const file = written(t, `
    import { CredentialConfig } from "sanskey";
    const config = CredentialConfig.fromEnv();
    export const handler = () => config;
  `);
  const env = { ...(await lambda(await startEmulator(t))), GOOGLE_APPLICATION_CREDENTIALS: "/dev/null/none" };
  const { report, ended } = await startFunction(t, file, env);
  const { kind, body } = await report();
  assert.deepEqual([kind, body.errorType], ["init/error", "SanskeyError"]);
  assert.match(body.trace[0], /^SanskeyError: config_not_found: /);
  assert.notEqual((await ended)[0], 0);
});

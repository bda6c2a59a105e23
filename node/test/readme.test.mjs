// The programs in this package's README, as readers paste them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { cleanEnv, instanceCredentials, startEmulator } from "../../wasm/test/support/emulator.mjs";
import { paste } from "./support/pasted.mjs";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const programs = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, program]) => program);
const sdk = fileURLToPath(new URL("../node_modules/@aws-sdk", import.meta.url));

/** Runs a program where the configuration is beside it, on Lambda, and gives what kind of token it has. */
async function run(t, program) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "program.mjs"), program);
  const path = paste(t, pathToFileURL(join(folder, "program.mjs")));
  appendFileSync(path, "\nconsole.log(token.kind);\n");
  symlinkSync(sdk, join(dirname(path), "node_modules", "@aws-sdk"));
  const { url, configPath } = await startEmulator(t);
  copyFileSync(configPath, join(dirname(path), "credentials.json"));
  const { accessKeyId, secretAccessKey, sessionToken } = await instanceCredentials(url);
  const env = cleanEnv({
    AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken,
    AWS_ENDPOINT_URL_STS: url,
  });
  await fetch(`${url}/emulator/requests`, { method: "DELETE" });
  const { stdout } = await promisify(execFile)(process.execPath, [path], { env, cwd: dirname(path) });
  const requests = await (await fetch(`${url}/emulator/requests`)).json();
  return [stdout.trim(), ...requests.map(({ path, action }) => action ?? path)];
}

const EXCHANGE = ["/v1/token", "/v1/projects/-/serviceAccounts/sanskey-demo@sanskey-demo.iam.gserviceaccount.com:generateAccessToken"];

test("there are as many programs as are run here", () => assert.equal(programs.length, 3));

test("the first one gets a token, and calls Google with it", async (t) => {
  const [program] = programs;
  assert.match(program, /authorization: `Bearer \$\{token\.value\}`/);
  // Google itself is out of reach.
  assert.deepEqual(await run(t, program.replace(/await fetch\(/, "(() => {})(")), ["service_account", ...EXCHANGE]);
});

test("the second one takes on two roles", async (t) => {
  assert.deepEqual(await run(t, programs[1]), ["service_account", "AssumeRole", "AssumeRole", ...EXCHANGE]);
});

test("the third one has the credentials of an SDK client", async (t) => {
  assert.deepEqual(await run(t, programs[2]), ["service_account", ...EXCHANGE]);
});

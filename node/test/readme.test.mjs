// The programs in this package's README, as readers paste them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { CredentialConfig, fetchToken } from "sanskey";
import { cleanEnv, instanceCredentials, startEmulator } from "../../wasm/test/support/emulator.mjs";
import { startServer } from "../../wasm/test/support/server.mjs";
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

test("there are as many programs as are run here", () => assert.equal(programs.length, 8));

test("the first one gets a token, and calls Google with it", async (t) => {
  const [program] = programs;
  assert.match(program, /authorization: `Bearer \$\{token\.value\}`/);
  // Google itself is out of reach.
  assert.deepEqual(await run(t, program.replace(/await fetch\(/, "(() => {})(")), ["service_account", ...EXCHANGE]);
});

test("the second one replaces its token", async (t) => {
  const [kind, ...asked] = await run(t, programs[1]);
  assert.deepEqual([kind, asked], ["service_account", [...EXCHANGE, ...EXCHANGE]]);
});

test("the third one says what it does", async (t) => {
  const [printed, ...asked] = await run(t, programs[2]);
  assert.match(printed, /^access_token: done after 2 requests and \d+ ms\nservice_account$/);
  assert.deepEqual(asked, EXCHANGE);
});

test("the fourth one takes on two roles", async (t) => {
  assert.deepEqual(await run(t, programs[3]), ["service_account", "AssumeRole", "AssumeRole", ...EXCHANGE]);
});

test("the fifth one has the credentials of an SDK client", async (t) => {
  assert.deepEqual(await run(t, programs[4]), ["service_account", ...EXCHANGE]);
});

/** Runs a program beside a file, and gives what it prints. */
async function runBeside(t, program, name, text) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "program.mjs"), program);
  const path = paste(t, pathToFileURL(join(folder, "program.mjs")));
  const file = join(dirname(path), name);
  writeFileSync(file, text);
  const { stdout } = await promisify(execFile)(process.execPath, [path], { env: cleanEnv(), cwd: dirname(path) });
  return { stdout: stdout.trim(), after: readFileSync(file, "utf8") };
}

test("the sixth one has a proof of its own", async (t) => {
  const issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9";
  const { url } = await startEmulator(t, "--oidc-issuer", issuer, "--oidc-allowed-audience", "sts.amazonaws.com");
  const parts = { projectNumber: "123456789012", pool: "sanskey-pool", provider: "sanskey-oidc", source: "caller" };
  const config = { ...JSON.parse(CredentialConfig.fromParts(parts).toJson()), token_url: `${url}/v1/token` };
  const provider = `{ idToken: async (audience) => (console.log(audience), (await fetch("${url}/emulator/web-identity-token")).text()) }`;
  const program = `const myIdentityProvider = ${provider};\n${programs[5]}\nconsole.log(token.kind);\n`;
  const { stdout } = await runBeside(t, program, "credentials.json", JSON.stringify(config));
  assert.equal(stdout, `${config.audience}\nfederated`);
});

test("the seventh one keeps a login, asks about it, and ends it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "login.json");
  await startEmulator(t, "--authorized-user-config-out", file);
  const before = readFileSync(file, "utf8");
  const { stdout, after } = await runBeside(t, `${programs[6]}\nconsole.log(active, username);\n`, "login.json", before);
  assert.match(stdout, /^true principal:.*ana@example\.com$/);
  assert.notEqual(JSON.parse(after).refresh_token, JSON.parse(before).refresh_token);
  // The one that was kept has been ended.
  await assert.rejects(fetchToken(after, { endpoints: "loopback" }), { code: "sts_rejected", error: "invalid_grant" });
});

test("the eighth one has an ID token and a link", async (t) => {
  const jwt = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"exp":4102444800}').toString("base64url")}.c2lnbmF0dXJl`;
  const answers = {
    token: { access_token: "federated", expires_in: 3600 }, generateIdToken: { token: jwt },
    signBlob: { keyId: "key", signedBlob: Buffer.from("signature").toString("base64") },
  };
  const asked = [];
  const url = await startServer(t, ({ url }, response) => {
    asked.push(url.split(/[/:]/).at(-1));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answers[asked.at(-1)]));
  });
  const parts = { projectNumber: "123456789012", pool: "pool", provider: "provider", source: { kind: "file", path: "credentials.json" } };
  const config = {
    ...JSON.parse(CredentialConfig.fromParts(parts).toJson()), token_url: `${url}/v1/token`,
    service_account_impersonation_url: `${url}/v1/projects/-/serviceAccounts/app@my-project.iam.gserviceaccount.com:generateAccessToken`,
  };
  // Google itself is out of reach, and the file with the proof is any file.
  const program = `${programs[7].replace(/await fetch\(/, "(() => {})(")}\nconsole.log(token.kind);\n`;
  const { stdout } = await runBeside(t, program, "credentials.json", JSON.stringify(config));
  assert.match(stdout, /^https:\/\/storage\.googleapis\.com\/my-bucket\/my-object\?\S+&X-Goog-Expires=3600&\S+ 20\S+Z\nid_token$/);
  assert.deepEqual(asked, ["token", "generateIdToken", "token", "signBlob"]);
});

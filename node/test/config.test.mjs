// Where a configuration may come from, and what an error may say of it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import * as sanskey from "sanskey";

const { CredentialConfig, fetchToken, SanskeyError } = sanskey;

const vector = new URL("../../tests/vectors/exchange/aws/ec2-imdsv2-federated.json", import.meta.url);
const text = JSON.stringify(JSON.parse(readFileSync(vector, "utf8")).config);
const key = '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\\nMIIEvSecretSecretSecret\\n-----"}';

/** Where a file with the configuration is, as long as the test lasts. */
function configFile(t, content = text) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "credentials.json");
  writeFileSync(path, content);
  return path;
}

const misplaced = {
  quoted: `'${key}'`,
  "encoded twice": JSON.stringify(key),
  "encoded twice, without its quotes": JSON.stringify(key).slice(1, -1).replace(/^./, " "),
  base64: Buffer.from(key).toString("base64"),
  "short base64": Buffer.from(key).toString("base64").slice(0, 60),
  "the base64 of PEM": Buffer.from("-----BEGIN PRIVATE KEY-----\nMIIEvSecretSecretSecret\n").toString("base64"),
  "a binary key": "MIIEvSecret/Secret+Secret/AgEAAoIBAQ==",
  pem: "-----BEGIN PRIVATE KEY-----\nMIIEvSecretSecretSecret\n-----END PRIVATE KEY-----",
  "pem in one line": "-----BEGIN PRIVATE KEY-----\\nMIIEvSecretSecretSecret\\n-----END PRIVATE KEY-----",
  "behind a byte order mark": `\ufeff${key}`,
  "behind a byte order mark and quoted": `\ufeff'${key}'`,
  "with a null character": `\0${key}`,
  long: "MIIEvSecretSecretSecret".repeat(100),
};

for (const [name, value] of Object.entries(misplaced)) {
  test(`a misplaced key is not repeated: ${name}`, async () => {
    const ways = [
      () => fetchToken(value),
      () => CredentialConfig.fromEnv({ GOOGLE_APPLICATION_CREDENTIALS: value }),
      () => CredentialConfig.fromFile(value),
    ];
    for (const way of ways) {
      const error = await Promise.resolve().then(way).then(() => assert.fail("it was taken"), (thrown) => thrown);
      assert.ok(error instanceof SanskeyError, inspect(error));
      assert.equal(error.fault, "config");
      const shown = `${inspect(error, { showHidden: true })} ${error} ${JSON.stringify(error)}`;
      assert.ok(!/Secret/.test(shown) && !shown.includes(value.slice(0, 24)), shown);
    }
  });
}

for (const path of [
  "config/none.json", "C:\\keys\\none.json", "none", "/var/run/secrets/workload-identity/credentials/none",
  "./my-company-production-workload-identity-credentials.json", "/tmp/123e4567-e89b-12d3-a456-426614174000/clé 1.json",
]) {
  test(`a path that leads nowhere is named: ${path}`, async () => {
    await assert.rejects(fetchToken(path), { code: "config_not_found", message: `There is no file ${JSON.stringify(path)}.` });
  });
}

test("a file that cannot be read is not said to be missing", (t) => {
  assert.throws(() => CredentialConfig.fromFile("/"), { code: "host_failed", message: /"\/".*EISDIR/ });
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const odd = join(folder, "{Secret}");
  mkdirSync(odd);
  assert.throws(() => CredentialConfig.fromFile(odd), { code: "host_failed", message: /^(?!.*Secret).*EISDIR/ });
});

test("the variable holds a path or the JSON text", (t) => {
  const path = configFile(t, `\ufeff${text}`);
  for (const value of [path, text, `\n ${text}`, `\ufeff${text}`]) {
    assert.equal(CredentialConfig.fromEnv({ GOOGLE_APPLICATION_CREDENTIALS: value }).source, "aws");
  }
});

test("another variable names the project to bill", (t) => {
  const path = configFile(t, `\ufeff${text}`);
  for (const value of [path, text, `\ufeff${text}`]) {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: value, GOOGLE_CLOUD_QUOTA_PROJECT: "billed" };
    const config = CredentialConfig.fromEnv(env);
    assert.equal(config.quotaProjectId, "billed");
    assert.equal(config.constructor, CredentialConfig);
    assert.deepEqual({ ...config.requestHeaders("a") }, { authorization: "Bearer a", "x-goog-user-project": "billed" });
    assert.equal(CredentialConfig.fromEnv({ ...env, GOOGLE_CLOUD_QUOTA_PROJECT: "" }).quotaProjectId, null);
  }
});

test("a configuration may be bytes, or the URL of a file", async (t) => {
  const path = configFile(t);
  const host = { readEnv: () => ({ AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE" }) };
  for (const config of [readFileSync(path), pathToFileURL(path), path, text, JSON.parse(text)]) {
    // It was read: what is wrong is the environment.
    await assert.rejects(fetchToken(config, { host }), { code: "aws_credentials_incomplete" });
  }
});

test("a URL that is not that of a file here is a misuse", async () => {
  for (const url of [new URL("https://example.com/c.json"), new URL("file://elsewhere/c.json")]) {
    await assert.rejects(fetchToken(url), { code: "invalid_argument", message: /file:\/\/\/path/ });
  }
  assert.throws(() => CredentialConfig.fromFile(5), { code: "invalid_argument", message: /a string or a file: URL/ });
});

for (const nonsense of [null, undefined, 7]) {
  test(`a configuration cannot be ${nonsense}`, async () => {
    const message = /path of its file.*file: URL.*Uint8Array.*CredentialConfig/;
    await assert.rejects(fetchToken(nonsense), { code: "invalid_argument", fault: "misuse", message });
  });
}

test("a supplied proof, whatever the configuration comes as; and Google is told what asks", async (t) => {
  const body = JSON.stringify({ access_token: "token", expires_in: 3600, token_type: "Bearer" });
  const parts = { projectNumber: "1", pool: "pool", provider: "provider", source: "caller" };
  const { audience } = CredentialConfig.fromParts(parts);
  const path = configFile(t, CredentialConfig.fromParts(parts).toJson());
  for (const form of [path, pathToFileURL(path), readFileSync(path)]) {
    const asked = [];
    const host = { http: (request) => (asked.push(request), { status: 200, headers: {}, body }) };
    const subjectToken = (context) => `proof for ${context.audience}`;
    assert.equal((await fetchToken(form, { host, subjectToken })).value, "token");
    assert.equal(new URLSearchParams(asked[0].body).get("subject_token"), `proof for ${audience}`);
    const apiClient = new Map(asked[0].headers).get("x-goog-api-client");
    assert.equal(apiClient.split(" ")[0], `gl-node/${process.versions.node}`);
  }
});

test("a CredentialConfig of either package will do for the other", async () => {
  const wasm = await import(new URL("../../wasm/dist/index.js", import.meta.url));
  const host = { readEnv: () => ({ AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "AKIDEXAMPLE" }) };
  const incomplete = { code: "aws_credentials_incomplete" };
  await assert.rejects(wasm.fetchToken(CredentialConfig.fromJson(text), { host }), incomplete);
  await assert.rejects(fetchToken(wasm.CredentialConfig.fromJson(text), { host }), incomplete);
});

test("a configuration from parts is one of this package's", (t) => {
  const parts = { projectNumber: "1", pool: "pool", provider: "provider", source: "aws" };
  const config = CredentialConfig.fromParts(parts);
  assert.equal(config.constructor, CredentialConfig);
  assert.equal(CredentialConfig.fromFile(configFile(t, config.toJson())).toJson(), config.toJson());
});

test("the example writes what the vectors have", () => {
  const example = fileURLToPath(new URL("../examples/without-gcloud.mjs", import.meta.url));
  const run = (...args) => spawnSync(process.execPath, [example, ...args], { encoding: "utf8" });
  for (const [name, source] of [["aws", "aws"], ["file", "file:/var/run/token"], ["platform", "github_actions"]]) {
    const { result } = JSON.parse(readFileSync(new URL(`../../tests/vectors/create/${name}.json`, import.meta.url), "utf8"));
    assert.equal(run("123456789012", "pool", "provider", source).stdout, `${result.text}\n`);
  }
  assert.match(run("1", "pool", "provider", "aws", "app@project.iam.gserviceaccount.com").stdout, /serviceAccounts\/app@project\./);
  const wrong = run("my-project", "pool", "provider", "aws");
  assert.deepEqual([wrong.status, wrong.stdout], [1, ""]);
  assert.match(wrong.stderr, /^error: config_field_invalid: .*number of the project/);
  assert.equal(run("1").status, 2);
});

test("classes have their own names", () => {
  const classes = Object.entries(sanskey).filter(([name]) => /^[A-Z][a-z]/.test(name));
  assert.deepEqual(classes.map(([, { name }]) => name), classes.map(([name]) => name));
  assert.match(inspect(CredentialConfig.fromJson(text)), /^CredentialConfig \{/);
});

test("an error that nobody catches says its code, what happened and what to do", () => {
  const program = 'import { CredentialConfig } from "sanskey"; CredentialConfig.fromFile("none.json");';
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd, encoding: "utf8" });
  assert.match(stderr, /^SanskeyError: config_not_found: There is no file "none\.json"\. Give the path .+\.$/m);
});

test("a file is checked, sound or not", (t) => {
  const path = configFile(t, text.replace("https://sts.googleapis.com", "https://sts.example.com"));
  for (const form of [path, pathToFileURL(path), readFileSync(path, "utf8")]) {
    assert.deepEqual(sanskey.checkConfig(form).map(({ code, field }) => [code, field]), [["config_url_refused", "token_url"]]);
  }
  assert.deepEqual(sanskey.checkConfig(path, { endpoints: "any" }), []);
  assert.deepEqual(sanskey.checkConfig(configFile(t, "{")).map(({ code }) => code), ["config_not_json"]);
  assert.throws(() => sanskey.checkConfig("/nowhere/credentials.json"), { name: "SanskeyError", code: "config_not_found" });
});

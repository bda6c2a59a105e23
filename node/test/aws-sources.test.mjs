// Where AWS credentials come from, and the calls to AWS on the way, with the emulator in the place of AWS.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fetchToken, nodeHost } from "sanskey";
import { instanceCredentials, startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const HUB = "arn:aws:iam::123456789012:role/sanskey-hub-role";
const SPOKE = "arn:aws:iam::123456789012:role/sanskey-spoke-role";
const EXTERNAL_ID = "sanskey-external-id";

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** An emulator, a home folder, and ways to get a token there and to tell whose it is. */
async function start(t, ...options) {
  const home = folder(t);
  const emulator = await startEmulator(t, "--no-impersonation", ...options);
  const { url, config } = emulator;
  const common = { HOME: home, AWS_REGION: "us-east-1", AWS_ENDPOINT_URL_STS: url, AWS_ENDPOINT_URL_SSO: url };
  const token = (env, more = {}) =>
    fetchToken(more.config ?? config, { endpoints: "loopback", host: nodeHost({ env: { ...common, ...env } }), ...more });
  return {
    ...emulator,
    token,
    subject: async (env, more) => (await whoami(url, await token(env, more))).subject,
    put: (path, text) => {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), text);
      return join(home, path);
    },
    get: async (path) => (await fetch(`${url}/emulator/${path}`)).text(),
    set: (path, body) => fetch(`${url}/emulator/${path}`, { method: "PUT", body: JSON.stringify(body) }),
  };
}

/** One of the emulator's other configurations, without a service account. */
function withoutImpersonation(path) {
  const { service_account_impersonation_url: _, ...config } = JSON.parse(readFileSync(path, "utf8"));
  return config;
}

/** The environment's variables of an instance's key, which the emulator knows. */
async function keys(url) {
  const { accessKeyId, secretAccessKey, sessionToken } = await instanceCredentials(url);
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken };
}

const lines = (object) => Object.entries(object).map(([name, value]) => `${name.toLowerCase()} = ${value}\n`).join("");

test("a pod with a web identity token gets its role's keys, and reads the token anew each time", async (t) => {
  const { subject, token, put, get } = await start(t);
  const path = put("token", `${await get("web-identity-token")}\n`);
  const env = { AWS_WEB_IDENTITY_TOKEN_FILE: path, AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/sanskey-irsa-role" };
  const steps = [];
  const onStep = ({ askId }) => steps.push(askId);
  assert.match(await subject({ ...env, AWS_ROLE_SESSION_NAME: "pod-7d9f" }, { onStep }), /:assumed-role\/sanskey-irsa-role\/pod-7d9f$/);
  assert.deepEqual(steps, ["env", "web-identity-token", "assume-role-with-web-identity", "sts"]);
  assert.match(await subject(env), /:assumed-role\/sanskey-irsa-role\/sanskey$/);

  const refused = (error) => ({ code: "aws_sts_rejected", stage: "aws_sts", askId: "assume-role-with-web-identity", error });
  put("token", await get("web-identity-token?lifetime=-10"));
  await assert.rejects(token(env), refused("ExpiredTokenException"));
  put("token", await get("web-identity-token?sub=system:serviceaccount:default:other"));
  await assert.rejects(token(env), refused("AccessDenied"));
  put("token", await get("web-identity-token"));
  assert.match(await subject(env), /sanskey-irsa-role/);
  rmSync(path);
  await assert.rejects(token(env), { code: "aws_web_identity_token_invalid", askId: "web-identity-token", fault: "config" });
});

test("a hub role leads to a spoke role that asks for an external id", async (t) => {
  const { url, subject, token } = await start(t);
  const env = await keys(url);
  const spoke = { roleArn: SPOKE, externalId: EXTERNAL_ID, roleSessionName: "tenant-42", durationSeconds: 900 };
  const steps = [];
  const onStep = ({ askId, status }) => steps.push([askId, status]);
  assert.match(await subject(env, { awsAssumeRole: [{ roleArn: HUB }, spoke], onStep }), /:assumed-role\/sanskey-spoke-role\/tenant-42$/);
  assert.deepEqual(steps, [["env", undefined], ["assume-role-1", 200], ["assume-role-2", 200], ["sts", 200]]);
  assert.match(await subject(env, { awsAssumeRole: { roleArn: HUB } }), /:assumed-role\/sanskey-hub-role\/sanskey$/);

  const refused = (askId, role) => (error) => {
    const { code, fault, stage, status, error: of } = error;
    assert.deepEqual([code, fault, stage, status, of, error.askId], ["aws_sts_rejected", "remote", "aws_sts", 403, "AccessDenied", askId]);
    return `${error.errorDescription} ${error.message}`.includes(role);
  };
  await assert.rejects(token(env, { awsAssumeRole: [{ roleArn: HUB }, { ...spoke, externalId: "of-somebody-else" }] }), refused("assume-role-2", SPOKE));
  await assert.rejects(token(env, { awsAssumeRole: spoke }), refused("assume-role-1", SPOKE));
});

test("a configuration may have the chain in it, which an option replaces", async (t) => {
  const path = join(folder(t), "chain.json");
  const { url, subject } = await start(t, "--role-chain-config-out", path);
  const env = await keys(url);
  const config = withoutImpersonation(path);
  assert.match(await subject(env, { config }), /:assumed-role\/sanskey-spoke-role\/sanskey$/);
  assert.match(await subject(env, { config, awsAssumeRole: { roleArn: HUB } }), /:assumed-role\/sanskey-hub-role\/sanskey$/);
});

test("a JWT that AWS signs is the proof of identity", async (t) => {
  const path = join(folder(t), "jwt.json");
  const { url, config: aws1, subject, token } = await start(t, "--web-identity-config-out", path);
  const env = await keys(url);
  const config = withoutImpersonation(path);
  const steps = [];
  const onStep = ({ askId }) => steps.push(askId);
  assert.match(await subject(env, { config, onStep }), /role\/sanskey-demo-role/);
  assert.deepEqual(steps, ["env", "get-web-identity-token", "sts"]);
  // Elsewhere the option chooses it.
  const plain = { ...aws1, audience: config.audience };
  const options = { awsWebIdentityToken: { durationSeconds: 60 }, awsAssumeRole: { roleArn: HUB } };
  assert.match(await subject(env, { config: plain, ...options }), /role\/sanskey-hub-role/);
  const elsewhere = { awsWebIdentityToken: { audience: "https://elsewhere.example" } };
  await assert.rejects(token(env, { config, ...elsewhere }), { code: "sts_rejected", stage: "sts", error: "invalid_grant" });
});

test("a user's keys get a session, and the session takes on a role", async (t) => {
  const { subject, token, get } = await start(t);
  const key = JSON.parse(await get("aws-key?user=ana"));
  const awsCredentials = { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey };
  const steps = [];
  const onStep = ({ askId }) => steps.push(askId);
  const options = { awsCredentials, awsGetSessionToken: { durationSeconds: 900 }, onStep };
  assert.match(await subject({}, { ...options, awsAssumeRole: { roleArn: HUB } }), /:assumed-role\/sanskey-hub-role\/sanskey$/);
  assert.deepEqual(steps, ["env", "get-session-token", "assume-role-1", "sts"]);
  // More than its range has is a mistake, which AWS is not asked about.
  const tooLong = { ...options, awsGetSessionToken: { durationSeconds: 129_601 } };
  await assert.rejects(token({}, tooLong), { code: "invalid_argument", fault: "misuse" });
});

test("keys that are over are refused in AWS's words", async (t) => {
  const { token, get } = await start(t);
  const key = JSON.parse(await get("aws-key?role=sanskey-demo-role&lifetime=-60"));
  const awsCredentials = { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey, sessionToken: key.SessionToken };
  const refused = { code: "aws_sts_rejected", askId: "assume-role-1", error: "ExpiredToken" };
  await assert.rejects(token({}, { awsCredentials, awsAssumeRole: { roleArn: HUB } }), refused);
});

test("a role has no session to ask for, in AWS's words", async (t) => {
  const { url, token } = await start(t);
  await assert.rejects(token(await keys(url), { awsGetSessionToken: {} }), { code: "aws_sts_rejected", askId: "get-session-token", error: "AccessDenied" });
});

test("profiles: keys, a chain, and the environment or the instance as its beginning", async (t) => {
  const { url, subject, put } = await start(t);
  const env = await keys(url);
  put(".aws/credentials", `[base]\n${lines(env)}`);
  put(".aws/config", [
    "[profile hub]", `role_arn = ${HUB}`, "source_profile = base", "region = us-east-1",
    "[profile spoke]", `role_arn = ${SPOKE}`, "source_profile = hub", `external_id = ${EXTERNAL_ID}`, "role_session_name = tenant-42",
    "[profile of-environment]", `role_arn = ${HUB}`, "credential_source = Environment",
    "[profile of-instance]", `role_arn = ${HUB}`, "credential_source = Ec2InstanceMetadata",
  ].join("\n"));
  assert.match(await subject({ AWS_PROFILE: "base" }), /:assumed-role\/sanskey-demo-role\//);
  assert.match(await subject({ AWS_REGION: "", AWS_DEFAULT_PROFILE: "hub" }), /:assumed-role\/sanskey-hub-role\/sanskey$/);
  assert.match(await subject({}, { awsProfile: "spoke" }), /:assumed-role\/sanskey-spoke-role\/tenant-42$/);
  assert.match(await subject(env, { awsProfile: "of-environment" }), /:assumed-role\/sanskey-hub-role\//);
  assert.match(await subject({ AWS_PROFILE: "of-instance" }), /:assumed-role\/sanskey-hub-role\//);

  // Both files are read anew each time.
  put(".aws/credentials", "[base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = wrong\n");
  await assert.rejects(subject({ AWS_PROFILE: "hub" }), { code: "aws_sts_rejected", askId: "assume-role-1", error: "InvalidClientTokenId" });
});

test("a profile's program is run without a shell, and what it says is kept", async (t) => {
  const { url, subject, token, put } = await start(t);
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = await keys(url);
  const program = put("a folder/keys.mjs", `
    if (process.argv[2] !== "with $HOME, and spaces") process.exit(2);
    if (process.argv[3]) { console.error("the vault is locked"); process.exit(Number(process.argv[3])); }
    console.log(JSON.stringify({
      Version: 1, AccessKeyId: process.env.KEY_ID, SecretAccessKey: process.env.SECRET, SessionToken: process.env.SESSION,
      Expiration: new Date(Date.now() + 60_000).toISOString(),
    }));
  `);
  const command = `"${process.execPath}" "${program}" 'with $HOME, and spaces'`;
  put(".aws/config", `[profile vault]\ncredential_process = ${command}\n[profile locked]\ncredential_process = ${command} 7\n`);
  const env = { KEY_ID: AWS_ACCESS_KEY_ID, SECRET: AWS_SECRET_ACCESS_KEY, SESSION: AWS_SESSION_TOKEN };
  const steps = [];
  const onStep = ({ askId }) => steps.push(askId);
  assert.match(await subject({ ...env, AWS_PROFILE: "vault" }, { onStep }), /:assumed-role\/sanskey-demo-role\//);
  assert.deepEqual(steps.slice(-2), ["credential-process", "sts"]);
  await assert.rejects(token({ ...env, AWS_PROFILE: "locked" }), (error) => {
    assert.deepEqual([error.code, error.fault, error.askId], ["aws_process_failed", "host", "credential-process"]);
    return /exit code 7: the vault is locked/.test(error.message);
  });
  await assert.rejects(token({ AWS_PROFILE: "vault" }), { code: "aws_process_malformed", fault: "host" });
});

test("a login to IAM Identity Center is used until it ends", async (t) => {
  const { subject, token, put, get } = await start(t, "--sso-role", "Developers");
  put(".aws/config", [
    "[profile dev]", "sso_session = company", "sso_account_id = 123456789012", "sso_role_name = Developers",
    "[sso-session company]", "sso_region = us-east-1", "sso_start_url = https://company.awsapps.com/start",
  ].join("\n"));
  const cached = `.aws/sso/cache/${createHash("sha1").update("company").digest("hex")}.json`;
  const env = { AWS_PROFILE: "dev" };
  const invalid = { code: "aws_sso_token_invalid", fault: "config", askId: "sso-token" };
  await assert.rejects(token(env), (error) => error.code === invalid.code && /aws sso login/.test(error.hint));
  put(cached, await get("sso-token"));
  assert.match(await subject(env), /:assumed-role\/AWSReservedSSO_Developers_/);
  put(cached, await get("sso-token?lifetime=-10"));
  await assert.rejects(token(env), invalid);
  put(cached, JSON.stringify({ accessToken: "of-another-login", expiresAt: new Date(Date.now() + 60_000).toISOString() }));
  await assert.rejects(token(env), { code: "aws_sso_rejected", askId: "sso-credentials", status: 401 });
});

for (const [offset, where] of [[1200, "behind"], [-1200, "ahead"]]) {
  test(`a clock that is 20 minutes ${where} is told of, once, and does not matter`, async (t) => {
    const { url, subject, set } = await start(t);
    const env = await keys(url);
    await set("clock", offset);
    const warnings = [];
    const listen = (warning) => warnings.push(warning);
    process.on("warning", listen);
    t.after(() => process.off("warning", listen));
    const steps = [];
    const onStep = ({ askId }) => steps.push(askId);
    assert.match(await subject(env, { awsAssumeRole: { roleArn: HUB }, onStep }), /sanskey-hub-role/);
    assert.deepEqual(steps, ["env", "assume-role-1", "assume-role-1-clock", "sts"]);
    assert.match(await subject(env), /sanskey-demo-role/);
    // Node tells of warnings in the next tick.
    await new Promise(setImmediate);
    assert.deepEqual(warnings.map(({ name, code }) => [name, code]), Array(2).fill(["SanskeyWarning", "SANSKEY_CLOCK_SKEW"]));
    assert.match(warnings[0].message, new RegExp(`is 1(1[789]|2[0-3])\\d seconds ${where}`));
  });
}

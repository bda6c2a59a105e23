// New configurations, and what is refused before the core is reached.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import { certificateConfig, CredentialConfig, Exchange, SanskeyError } from "sanskey-wasm";

const parts = { projectNumber: "123456789012", pool: "pool", provider: "provider", source: "aws" };
const workforce = "locations/global/workforcePools/pool/providers/provider";
const secret = "top-secret";
const made = (source, others) => JSON.parse(CredentialConfig.fromParts({ ...parts, ...others, source }).toJson());
const sourceOf = (source) => made(source).credential_source;

test("parts are a configuration like any other", () => {
  const serviceAccount = "app@project.iam.gserviceaccount.com";
  const config = CredentialConfig.fromParts({ ...parts, projectNumber: 123456789012, serviceAccount, tokenLifetimeSeconds: 7200 });
  assert.ok(config instanceof CredentialConfig);
  assert.deepEqual(
    [config.source, config.projectNumber, config.serviceAccountEmail, config.tokenLifetimeSeconds],
    ["aws", "123456789012", serviceAccount, 7200],
  );
  assert.equal(CredentialConfig.fromJson(config.toJson()).toJson(), config.toJson());
  assert.equal(new Exchange(config, { goal: "access_token" }).poll(0).step, "pending");
});

test("what is not given may be null or undefined", () => {
  const nothing = { serviceAccount: null, tokenLifetimeSeconds: undefined, subjectTokenType: null, universeDomain: null, stsRegion: undefined };
  assert.deepEqual(made({ kind: "aws", imdsv2: undefined }, nothing), made("aws"));
  assert.deepEqual(sourceOf({ kind: "url", url: "https://a.example/", headers: null }), { url: "https://a.example/" });
});

test("every name of a source will do, alone or as the kind", () => {
  const names = [
    "aws", "azure", "azure_workload_identity", "bitbucket", "buildkite", "certificate", "circleci", "github_actions", "gitlab",
    "terraform_cloud", "vercel",
  ];
  for (const kind of names) assert.deepEqual(made({ kind }), made(kind));
});

test("every platform of the core is one of the types", () => {
  const types = readFileSync(new URL("../src/config-parts.ts", import.meta.url), "utf8");
  assert.throws(() => made("mainframe"), ({ message }) => {
    const platforms = message.match(/is none of ([\w, ]+)/)[1].split(/, | and /);
    assert.ok(platforms.length >= 10);
    assert.deepEqual(platforms.filter((name) => !types.includes(`"${name}"`)), []);
    return true;
  });
});

test("settings of platforms", () => {
  for (const [source, expected] of [
    [{ kind: "azure_workload_identity", resource: "api://app" }, { resource: "api://app" }],
    [{ kind: "buildkite", audience: "a" }, { audience: "a" }],
    [{ kind: "environment", variable: "TOKEN" }, { variable: "TOKEN" }],
    [{ kind: "github_actions", audience: "a" }, { audience: "a" }],
    [{ kind: "gitlab", variable: "TOKEN" }, { variable: "TOKEN" }],
  ]) assert.deepEqual(sourceOf(source), { sanskey: { platform: source.kind, ...expected } });
});

test("headers in any form, in their order", () => {
  const pairs = [["X-B", "2"], ["X-A", "1"]];
  for (const headers of [pairs, Object.fromEntries(pairs), new Map(pairs), pairs.values()]) {
    assert.deepEqual(Object.entries(sourceOf({ kind: "url", url: "https://a.example/", headers }).headers), pairs);
  }
});

test("a secret in a header is in the text, and is not printed", () => {
  const source = { kind: "url", url: "https://a.example/", headers: { authorization: secret } };
  const config = CredentialConfig.fromParts({ ...parts, source });
  assert.match(config.toJson(), /top-secret/);
  const forms = [inspect(config, { showHidden: true, depth: 9 }), inspect(config, { customInspect: false }), JSON.stringify(config), `${config}`];
  assert.doesNotMatch(forms.join(), /top-secret/);
});

const refused = (message) => (error) => {
  assert.ok(error instanceof SanskeyError, error);
  assert.deepEqual([error.code, error.fault], ["invalid_argument", "misuse"]);
  assert.ok(error.message.startsWith(message), error.message);
  assert.doesNotMatch(error.message, /[a-z]_[a-z]|top-secret/);
  return true;
};

for (const [message, given] of [
  ["parts must be an object with members of projectNumber, pool, provider, source, serviceAccount, ", null],
  ["parts must be an object", [parts]],
  ["parts must be an object", "aws"],
  ["parts has no member serviceAcount, but projectNumber, ", { ...parts, serviceAcount: secret }],
  ["parts has no member workforcePoolUserProject", { ...parts, workforcePoolUserProject: "1" }],
  ["parts.projectNumber must be a string or a whole number.", { ...parts, projectNumber: 1.5 }],
  ["parts.projectNumber must be a string or a whole number.", { ...parts, projectNumber: 123456789012n }],
  ["parts.pool must be a string.", { ...parts, pool: 5 }],
  ["parts.tokenLifetimeSeconds must be a whole number of seconds.", { ...parts, tokenLifetimeSeconds: "3600" }],
  ["parts.serviceAccount must be a string.", { ...parts, serviceAccount: [secret] }],
  ["In the parameters, projectNumber must be a text", { ...parts, projectNumber: undefined }],
  ["In the parameters, pool must be a text", { ...parts, pool: null }],
  ["In the parameters, provider must be a text", { ...parts, provider: undefined }],
  ["In the parameters, tokenLifetimeSeconds must be a whole number", { ...parts, tokenLifetimeSeconds: -1 }],
  ["source must be a name, such as", { ...parts, source: undefined }],
  ["source must be a name, such as", { ...parts, source: 5 }],
  ["source must be a name, such as", { ...parts, source: { path: "token" } }],
]) {
  test(`refused: ${message}`, () => assert.throws(() => CredentialConfig.fromParts(given), refused(message)));
}

for (const [message, source] of [
  ["source has no member field, but kind, path, jsonField, format.", { kind: "file", path: "a", field: secret }],
  ["source has no member constructor", { kind: "file", path: "a", constructor: secret }],
  ["source has no member platform, but kind, audience.", { kind: "github_actions", platform: "vercel" }],
  ["source has no member variable, but kind.", { kind: "vercel", variable: secret }],
  ["source.path must be a string.", { kind: "file", path: new URL("file:///a") }],
  ["source.imdsv2 must be true or false.", { kind: "aws", imdsv2: 1 }],
  ["source.timeoutMs must be a whole number of milliseconds", { kind: "executable", command: "a", timeoutMs: -1 }],
  ["source.timeoutMs must be a whole number of milliseconds", { kind: "executable", command: "a", timeoutMs: 0.5 }],
  ["source.headers must be an object of strings, or pairs of strings.", { kind: "url", url: "u", headers: secret }],
  ["source.headers must be an object of strings, or pairs of strings.", { kind: "url", url: "u", headers: { a: [secret] } }],
  ["source.headers must be an object of strings, or pairs of strings.", { kind: "url", url: "u", headers: [["a", secret, "b"]] }],
  ["source.headers must be an object of strings, or pairs of strings.", { kind: "url", url: "u", headers: [null] }],
  ["source.headers must be an object of strings, or pairs of strings.", { kind: "url", url: "u", headers: 5 }],
  ["In the parameters, path must be a text", "file"],
  ["In the parameters, command must be a text", { kind: "executable" }],
  ["In the parameters, format must be text, or json with", { kind: "file", path: "a", format: "json" }],
]) {
  test(`refused: ${message} ${source.kind ?? source}`, () => {
    assert.throws(() => CredentialConfig.fromParts({ ...parts, source }), refused(message));
  });
}

test("what the core finds wrong has the field of the configuration", () => {
  const field = (given) => {
    try {
      CredentialConfig.fromParts({ ...parts, ...given });
      return undefined;
    } catch (error) {
      return `${error.code} ${error.field}`;
    }
  };
  const timeout = (timeoutMs) => ({ source: { kind: "executable", command: "a", timeoutMs } });
  assert.equal(field(timeout(5000)), undefined);
  assert.equal(field(timeout(1)), "config_field_invalid credential_source.executable.timeout_millis");
  assert.equal(field(timeout(2 ** 50)), "config_field_invalid credential_source.executable.timeout_millis");
  assert.equal(field({ source: "environment" }), "config_field_missing credential_source.sanskey.variable");
  for (const source of ["mainframe", "constructor", { kind: "mainframe" }, { kind: "__proto__" }]) {
    assert.equal(field({ source }), "config_field_invalid credential_source.sanskey.platform");
  }
});

test("a provider by its full name", () => {
  const source = { kind: "file", path: "token" };
  const config = CredentialConfig.fromProvider(workforce, { source, workforcePoolUserProject: "my-project" });
  assert.equal(JSON.parse(config.toJson()).workforce_pool_user_project, "my-project");
  assert.throws(() => CredentialConfig.fromProvider(workforce), refused("parts must be an object"));
  assert.throws(() => CredentialConfig.fromProvider(5, { source }), refused("provider must be a string."));
  assert.throws(() => CredentialConfig.fromProvider(undefined, { source }), refused("In the parameters, provider must be a text"));
  assert.throws(() => CredentialConfig.fromProvider(workforce, { source, pool: "pool" }), refused("parts has no member pool"));
});

test("the file of a certificate takes two paths", () => {
  assert.deepEqual(JSON.parse(certificateConfig("a.pem", "b.pem")), {
    cert_configs: { workload: { cert_path: "a.pem", key_path: "b.pem" } },
  });
  assert.throws(() => certificateConfig("a.pem"), refused("keyPath must be a string."));
  assert.throws(() => certificateConfig(new URL("file:///a.pem"), "b.pem"), refused("certPath must be a string."));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConfig, CredentialConfig, SanskeyError } from "sanskey-wasm";

const sound = {
  type: "external_account",
  audience: "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/provider",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: { url: "https://tokens.example.com/token" },
};
const wrong = { ...sound, audience: undefined, token_url: "http://127.0.0.1:8080/v1/token" };
const misuse = (error) => error instanceof SanskeyError && error.code === "invalid_argument" && error.fault === "misuse";
const fields = (config, options) => checkConfig(config, options).map(({ field }) => field);

test("a configuration is checked in every form", () => {
  const text = JSON.stringify(wrong);
  const expected = ["audience", "token_url", "credential_source.url"];
  for (const form of [wrong, text, new TextEncoder().encode(text)]) assert.deepEqual(fields(form), expected);
  assert.deepEqual(fields(CredentialConfig.fromObject(sound), { tokenServers: ["tokens.example.com"] }), []);
  const [finding] = checkConfig("{");
  assert.deepEqual([finding.severity, finding.code, finding.field], ["error", "config_not_json", null]);
});

test("the program says where URLs may lead", () => {
  assert.deepEqual(fields(wrong, { endpoints: "loopback" }), ["audience", "credential_source.url"]);
  assert.deepEqual(fields(wrong, { endpoints: "any" }), ["audience"]);
  assert.deepEqual(fields(wrong, { endpoints: undefined, tokenServers: ["tokens.example.com"] }), ["audience", "token_url"]);
});

test("arguments of a wrong type are refused", () => {
  for (const config of [5, null, undefined, new URL("https://a.example")]) assert.throws(() => checkConfig(config), misuse);
  for (const options of [5, { endpoints: "everywhere" }, { endpoints: 5 }, { tokenServers: "a" }, { endpoint: "any" }]) {
    assert.throws(() => checkConfig(sound, options), misuse, JSON.stringify(options));
  }
});

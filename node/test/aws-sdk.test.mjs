// The AWS SDK itself (version 3) supplies credentials and regions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { STSClient } from "@aws-sdk/client-sts";
import { fromEnv } from "@aws-sdk/credential-provider-env";
import { fetchToken, nodeHost, SanskeyError } from "sanskey";
import { instanceCredentials, startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const nobody = { http: () => assert.fail("asked"), readEnv: () => assert.fail("asked") };

/** The process environment of one test, because the SDK looks nowhere else. */
function setEnv(t, variables) {
  const before = { ...process.env };
  t.after(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, variables);
}

/** A host that notes whose signature went to Google, and gives a token for it. */
function listening() {
  const signers = [];
  const body = JSON.stringify({ access_token: "token", expires_in: 3600, token_type: "Bearer" });
  const http = (request) => {
    const [, signer] = /Credential=([^,]+?)\/sts\//.exec(decodeURIComponent(decodeURIComponent(request.body)));
    signers.push(signer.replace(/\/\d{8}\//, " "));
    return { status: 200, headers: [], body };
  };
  return { signers, host: { http } };
}

const config = {
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/aws",
  subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: {
    environment_id: "aws1",
    regional_cred_verification_url: "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
  },
};

test("a client's credentials and region get a token", async (t) => {
  const { url, config } = await startEmulator(t);
  const client = new STSClient({ region: async () => "us-east-1", credentials: await instanceCredentials(url) });
  const { credentials: awsCredentials, region: awsRegion } = client.config;
  const steps = [];
  const onStep = ({ askId }) => steps.push(askId);
  const options = { endpoints: "loopback", host: nodeHost({ env: {} }), awsCredentials, awsRegion, onStep };
  assert.equal((await whoami(url, await fetchToken(config, options))).status, 200);
  assert.deepEqual(steps, ["sts", "impersonate"]);
});

test("a client is asked for its credentials for each token, and renews them when they expire", async () => {
  const signers = async (lifetimeMs) => {
    let calls = 0;
    const credentials = async () => ({
      accessKeyId: `AKID${(calls += 1)}`, secretAccessKey: "secret", expiration: new Date(Date.now() + lifetimeMs),
    });
    const client = new STSClient({ region: "eu-west-1", credentials });
    const { signers, host } = listening();
    for (const _ of ["first", "second"]) {
      await fetchToken(config, { host, awsCredentials: client.config.credentials, awsRegion: client.config.region });
    }
    return signers;
  };
  assert.deepEqual(await signers(3_600_000), ["AKID1 eu-west-1", "AKID1 eu-west-1"]);
  // The SDK takes what lives for less than five minutes as good as expired.
  const [first, second] = await signers(60_000);
  assert.notEqual(first, second);
});

test("a provider of the SDK is called for each token", async (t) => {
  const { signers, host } = listening();
  setEnv(t, { AWS_ACCESS_KEY_ID: "AKIDOLD", AWS_SECRET_ACCESS_KEY: "secret" });
  const awsCredentials = fromEnv();
  await fetchToken(config, { host, awsCredentials, awsRegion: "eu-west-1" });
  process.env.AWS_ACCESS_KEY_ID = "AKIDNEW";
  await fetchToken(config, { host, awsCredentials, awsRegion: "eu-west-1" });
  assert.deepEqual(signers, ["AKIDOLD eu-west-1", "AKIDNEW eu-west-1"]);
});

test("what the SDK throws comes out as it is", async (t) => {
  setEnv(t, { AWS_CONFIG_FILE: "/no/such/file", AWS_SHARED_CREDENTIALS_FILE: "/no/such/file" });
  await assert.rejects(fetchToken(config, { host: nobody, awsCredentials: fromEnv(), awsRegion: "eu-west-1" }), (error) => {
    assert.ok(!(error instanceof SanskeyError));
    return error.name === "CredentialsProviderError";
  });
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
  const client = new STSClient({ credentials });
  const options = { host: nobody, awsCredentials: client.config.credentials, awsRegion: client.config.region };
  await assert.rejects(fetchToken(config, options), (error) => !(error instanceof SanskeyError) && /Region is missing/.test(error.message));
});

test("a client in place of its credentials is a misuse that names the argument", async () => {
  const client = new STSClient({ region: "eu-west-1", credentials: { accessKeyId: "AKID", secretAccessKey: "secret" } });
  await assert.rejects(fetchToken(config, { host: nobody, awsCredentials: client }), {
    code: "invalid_argument", fault: "misuse", message: "awsCredentials.accessKeyId must be a string.",
  });
});

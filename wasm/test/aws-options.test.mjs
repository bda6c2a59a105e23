// What may be said about AWS, and what is refused before the core is reached.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Exchange, SanskeyError } from "sanskey-wasm";

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
const awsCredentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "top-secret" };
const roleArn = "arn:aws:iam::123456789012:role/hub";
const region = { awsRegion: "eu-west-1" };
const begin = (options) => new Exchange(config, { goal: "access_token" }, options);

const refused = (message) => (error) => {
  assert.ok(error instanceof SanskeyError, error);
  assert.deepEqual([error.code, error.fault], ["invalid_argument", "misuse"]);
  assert.ok(error.message.startsWith(message), error.message);
  assert.doesNotMatch(error.message, /[a-z]_[a-z]|top-secret/);
  return true;
};

for (const [message, options] of [
  ["awsProfile must be a string.", { awsProfile: 5 }],
  ["awsProfile must be a string.", { awsProfile: () => "default" }],
  ["awsRegion must be a string.", { awsRegion: async () => "eu-west-1" }],
  ["awsCredentials must be { accessKeyId, secretAccessKey, sessionToken? }.", { awsCredentials: async () => awsCredentials }],
  ["awsCredentials must be {", { awsCredentials: "top-secret" }],
  ["awsCredentials must be {", { awsCredentials: "" }],
  ["awsCredentials.secretAccessKey must be a string.", { awsCredentials: { accessKeyId: "A" } }],
  ["awsCredentials.accessKeyId must be a string.", { awsCredentials: Promise.resolve(awsCredentials) }],
  ["awsCredentials.sessionToken must be a string.", { awsCredentials: { ...awsCredentials, sessionToken: () => "top-secret" } }],
  ["awsAssumeRole must be an object", { awsAssumeRole: roleArn }],
  ["awsAssumeRole.roleArn must be a string.", { awsAssumeRole: {} }],
  ["awsAssumeRole.roleArn must be a string.", { awsAssumeRole: { roleArn: () => roleArn } }],
  ["awsAssumeRole[1].roleArn must be a string.", { awsAssumeRole: [{ roleArn }, null] }],
  ["awsAssumeRole[1] must be an object", { awsAssumeRole: [{ roleArn }, [{ roleArn }]] }],
  ["awsAssumeRole has no member externalID, but roleArn, ", { awsAssumeRole: { roleArn, externalID: "top-secret" } }],
  ["awsAssumeRole has no member constructor", { awsAssumeRole: { roleArn, constructor: "top-secret" } }],
  ["awsAssumeRole[0].policyArns must be an array of strings.", { awsAssumeRole: [{ roleArn, policyArns: "arn:aws:iam::aws:policy/A" }] }],
  ["awsAssumeRole.policyArns must be an array of strings.", { awsAssumeRole: { roleArn, policyArns: [undefined] } }],
  ["awsAssumeRole.policy must be a string.", { awsAssumeRole: { roleArn, policy: { Version: "2012-10-17" } } }],
  ["awsAssumeRole.durationSeconds must be a whole number of seconds.", { awsAssumeRole: { roleArn, durationSeconds: NaN } }],
  ["awsGetSessionToken.durationSeconds must be a whole number", { awsGetSessionToken: { durationSeconds: Infinity } }],
  ["awsGetSessionToken.durationSeconds must be a whole number", { awsGetSessionToken: { durationSeconds: 900n } }],
  ["awsGetSessionToken must be an object", { awsGetSessionToken: true }],
  ["awsWebIdentityToken must be an object", { awsWebIdentityToken: [] }],
  ["awsWebIdentityToken.audience must be a string.", { awsWebIdentityToken: { audience: ["a"] } }],
  ["awsWebIdentityToken has no member algorithm", { awsWebIdentityToken: { algorithm: "RS256" } }],
]) {
  test(`refused: ${message} ${Object.keys(options)}`, () => {
    assert.throws(() => begin(options), refused(message));
  });
}

test("what the core finds wrong is named as it is spelled here", () => {
  const poll = (options) => () => begin({ awsCredentials, ...region, ...options }).poll(0);
  assert.throws(poll({ awsAssumeRole: { roleArn: "hub" } }), refused("The parameter roleArn "));
  assert.throws(poll({ awsGetSessionToken: { durationSeconds: 10 } }), refused("The parameter durationSeconds "));
  assert.throws(poll({ awsGetSessionToken: { durationSeconds: -1 } }), refused("In the options, durationSeconds "));
  assert.throws(poll({ awsWebIdentityToken: { signingAlgorithm: "HS256" } }), refused("The parameter signingAlgorithm "));
});

/** What is asked after an environment in which there is nothing, its secrets included. */
function firstAsk(options) {
  const exchange = begin(options);
  exchange.poll(0);
  return { ...exchange.advance([["env", {}]], 0).asks[0] };
}

test("what is not given may be null or undefined", () => {
  const nothing = { awsProfile: null, awsRegion: undefined, awsCredentials: null, awsAssumeRole: null, awsGetSessionToken: undefined };
  assert.deepEqual(begin(nothing).poll(0), begin({}).poll(0));
  const role = { roleArn, externalId: null, durationSeconds: undefined, policyArns: null };
  const body = (awsAssumeRole) => firstAsk({ awsCredentials, ...region, awsAssumeRole }).body;
  assert.equal(body(role), body({ roleArn }));
});

test("one role is a list of one, and members of AWS's own objects besides the key are not looked at", () => {
  const identity = { ...awsCredentials, sessionToken: "t", expiration: new Date(), credentialScope: "us-east-1", accountId: "1", $source: {} };
  assert.deepEqual(
    firstAsk({ awsCredentials: identity, ...region, awsAssumeRole: { roleArn } }),
    firstAsk({ awsCredentials: { ...awsCredentials, sessionToken: "t" }, ...region, awsAssumeRole: [{ roleArn }] }),
  );
});

// Side by side: the subject tokens of google-auth-library and of sanskey for the same keys, region and time.
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";

import { callerIdentityToken } from "../../../node/dist/index.mjs";
import { useEnvironment } from "./environment.mjs";
import { subjectToken } from "./google-client.mjs";

const CASES = 50;
const SEED = process.env.SANSKEY_SEED || randomBytes(8).toString("hex");
const AUDIENCE = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/pool/providers/prov";
const TARGET = "x-goog-cloud-target-resource";
const CONFIG = {
  type: "external_account",
  audience: AUDIENCE,
  subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: {
    environment_id: "aws1",
    regional_cred_verification_url:
      "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
  },
};

test(`subject tokens differ only in the signed target (SANSKEY_SEED=${SEED})`, async (t) => {
  for (let number = 0; number < CASES; number += 1) {
    const { credentials, region, now } = draw(number);
    await t.test(`case ${number}`, async (t) => {
      useEnvironment(t, {
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        ...(credentials.sessionToken && { AWS_SESSION_TOKEN: credentials.sessionToken }),
      });
      t.mock.timers.enable({ apis: ["Date"], now });
      const ours = opened(callerIdentityToken(credentials, region, AUDIENCE, now));
      const theirs = opened(await subjectToken(CONFIG));

      assert.equal(ours.body, "");
      assert.equal(ours.url, theirs.url);
      assert.equal(ours.method, theirs.method);
      const { authorization: ourProof, ...ourHeaders } = ours.headers;
      const { authorization: theirProof, ...theirHeaders } = theirs.headers;
      assert.deepEqual(ourHeaders, theirHeaders);
      assert.deepEqual(signedNames(ourProof), [...signedNames(theirProof), TARGET]);
      for (const token of [ours, theirs]) {
        const proof = token.headers.authorization;
        assert.equal(proof.split("Signature=")[1], signature(token, signedNames(proof), credentials, region));
      }
    });
  }
});

/** Keys, a region and a time that follow from the seed. */
function draw(number) {
  const text = (what) => createHash("sha512").update(`${SEED}/${number}/${what}`).digest("base64");
  const regions = ["us-east-1", "eu-west-3", "us-gov-east-1", "ap-southeast-7"];
  const chance = Buffer.from(text("chance"), "base64");
  return {
    region: regions[chance[0] % regions.length],
    // Whole seconds in the years 1970 to 2106.
    now: chance.readUInt32BE(1) * 1000,
    credentials: {
      accessKeyId: text("id").replace(/\W/g, "").slice(0, 20).toUpperCase(),
      secretAccessKey: text("secret").slice(0, 40),
      ...(chance[5] % 2 === 0 && { sessionToken: text("session") }),
    },
  };
}

function opened(token) {
  const envelope = JSON.parse(decodeURIComponent(token));
  const headers = Object.fromEntries(envelope.headers.map(({ key, value }) => [key.toLowerCase(), value]));
  assert.equal(Object.keys(headers).length, envelope.headers.length);
  return { ...envelope, headers };
}

function signedNames(authorization) {
  return /SignedHeaders=([^,]*),/.exec(authorization)[1].split(";");
}

/** "Create a signed AWS API request" of the IAM User Guide, for the one form of request that a subject token holds. */
function signature(token, names, credentials, region) {
  const url = new URL(token.url);
  const headers = names.map((name) => `${name}:${token.headers[name]}\n`).join("");
  const canonical = [token.method, "/", url.search.slice(1), headers, names.join(";"), sha256("")].join("\n");
  const date = token.headers["x-amz-date"];
  const scope = [date.slice(0, 8), region, "sts", "aws4_request"];
  const toSign = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce(hmac, `AWS4${credentials.secretAccessKey}`);
  return hmac(key, toSign).toString("hex");
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key, text) {
  return createHmac("sha256", key).update(text).digest();
}

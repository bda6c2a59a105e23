// A thousand exchanges at once, each in an environment of its own: none may see anything of another.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchToken } from "sanskey";

const COUNT = 1000;
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

const answer = (body, status = 200) => ({ status, headers: {}, body: typeof body === "string" ? body : JSON.stringify(body) });
const role = (name) => `arn:aws:iam::123456789012:role/${name}`;

/** AWS STS's answer with a key. */
const assumed = (action, key) => answer(`<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>
  <AccessKeyId>${key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>
  <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></${action}Result></${action}Response>`);

/** The environments by turns: what is set, what files hold, and which key signs in the end. */
const ENVIRONMENTS = [
  (mark) => ({ env: { AWS_ACCESS_KEY_ID: `AKID${mark}`, AWS_SECRET_ACCESS_KEY: "secret" }, signer: `AKID${mark}` }),
  (mark) => ({ env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1/${mark}` }, signer: `CONTAINER${mark}` }),
  (mark) => ({
    env: { AWS_WEB_IDENTITY_TOKEN_FILE: `/token/${mark}`, AWS_ROLE_ARN: role(mark) },
    files: { [`/token/${mark}`]: `jwt-${mark}` },
    signer: `WEB${mark}`,
  }),
  (mark) => ({
    env: { AWS_PROFILE: mark, HOME: `/home/${mark}` },
    files: {
      [`/home/${mark}/.aws/config`]: `[profile ${mark}]\nrole_arn = ${role(mark)}\nsource_profile = base`,
      [`/home/${mark}/.aws/credentials`]: `[base]\naws_access_key_id = BASE${mark}\naws_secret_access_key = secret`,
    },
    signer: `ROLE${mark}`,
  }),
];

function http({ url, body, headers }, mark, signer, region) {
  const { authorization } = Object.fromEntries(headers);
  if (url === `http://127.0.0.1/${mark}`) {
    return answer({ AccessKeyId: `CONTAINER${mark}`, SecretAccessKey: "secret", Token: "session", Expiration: "2099-01-01T00:00:00Z" });
  }
  if (url === `https://sts.${region}.amazonaws.com/`) {
    assert.equal(new URLSearchParams(body).get("RoleArn"), role(mark));
    if (!authorization) {
      assert.equal(new URLSearchParams(body).get("WebIdentityToken"), `jwt-${mark}`);
      return assumed("AssumeRoleWithWebIdentity", `WEB${mark}`);
    }
    assert.match(authorization, new RegExp(`Credential=BASE${mark}/\\d+/${region}/sts/`));
    return assumed("AssumeRole", `ROLE${mark}`);
  }
  assert.equal(url, config.token_url);
  assert.match(decodeURIComponent(decodeURIComponent(body)), new RegExp(`Credential=${signer}/\\d+/${region}/sts/`));
  return answer({ access_token: `token-${mark}`, expires_in: 3600, token_type: "Bearer" });
}

test(`${COUNT} exchanges in different environments at once`, async () => {
  // Answers come in another order than their asks, the same in each run.
  let state = 1;
  const later = (value) => new Promise((resolve) => {
    state = (state * 48271) % 2147483647;
    setTimeout(() => resolve(value), state % 5);
  });
  let underWay = 0;
  let most = 0;
  const tokens = await Promise.all(Array.from({ length: COUNT }, async (_, number) => {
    const mark = `M${number}X`;
    const region = `eu-west-${number}`;
    const { env, files = {}, signer } = ENVIRONMENTS[number % ENVIRONMENTS.length](mark);
    const all = { AWS_REGION: region, ...env };
    const host = {
      readEnv: (names) => later(Object.fromEntries(names.filter((name) => name in all).map((name) => [name, all[name]]))),
      readFile: (path) => later(files[path] ?? assert.fail(`${path} is not of ${mark}`)),
      http: async (request) => later(http(request, mark, signer, region)),
    };
    most = Math.max(most, (underWay += 1));
    const { value } = await fetchToken(config, { host });
    underWay -= 1;
    return value;
  }));
  assert.deepEqual(tokens, Array.from({ length: COUNT }, (_, number) => `token-M${number}X`));
  assert.equal(most, COUNT);
});

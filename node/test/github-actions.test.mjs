// Jobs of GitHub Actions, with the emulator in the place of GitHub and of Google.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EXCHANGE, goThroughFaults, isHidden, saysSecretsAgain, start } from "./support/token-sources.mjs";

const ISSUER = "https://token.actions.githubusercontent.com";
const PATH = "/12//idtoken/4f1c0c6d-6e5a-4c38-8c3c-1f0f5d3f7a10/9c2b0a1e-3d4f-4a5b-8c6d-7e8f9a0b1c2d";
const JOB_TOKEN = "eyJ0eXAiOiJKV1QifQ.of-the-job.signature";
const SOURCE = { sanskey: { platform: "github_actions" } };

const startJob = (t, ...options) =>
  start(t, ISSUER, "--github-request-path", PATH, "--github-request-token", JOB_TOKEN, ...options);

/** What the runner sets. There is a query in the URL already. */
const job = ({ url }) => ({
  ACTIONS_ID_TOKEN_REQUEST_URL: `${url}${PATH}?api-version=2.0`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: JOB_TOKEN,
});

test("a job gets a token of its subject, a new one for each exchange", async (t) => {
  const github = await startJob(t);
  for (let times = 0; times < 2; times += 1) {
    assert.equal(await github.subject(SOURCE, job(github)), "repo:sanskey-org/sanskey-app:ref:refs/heads/main");
  }
  assert.deepEqual(await github.requests(), [`GET ${PATH} 200`, EXCHANGE, `GET ${PATH} 200`, EXCHANGE]);
});

test("an audience can be chosen", async (t) => {
  const audience = "https://example.com/own?a=b&c=%64";
  const github = await startJob(t, "--oidc-allowed-audience", audience);
  const source = { sanskey: { platform: "github_actions", audience } };
  assert.equal((await github.token(source, job(github))).kind, "federated");
  await assert.rejects(github.token(SOURCE, job(github)), { code: "sts_rejected", error: "invalid_grant" });
});

test("a job without the permission has no variables", async (t) => {
  const github = await startJob(t);
  for (const name of Object.keys(job(github))) {
    const { [name]: _, ...env } = job(github);
    await assert.rejects(github.token(SOURCE, env), (error) => {
      assert.equal(error.code, "subject_token_missing");
      return error.hint.includes("id-token: write");
    });
  }
  assert.deepEqual(await github.requests(), []);
});

for (const [what, options, changes, status] of [
  ["that may not ask", ["--no-github-permission"], {}, 403],
  ["whose own token is over", [], { ACTIONS_ID_TOKEN_REQUEST_TOKEN: "eyJ0eXAiOiJKV1QifQ.of-another.signature" }, 401],
]) {
  test(`a job ${what} is refused`, async (t) => {
    const github = await startJob(t, ...options);
    const env = { ...job(github), ...changes };
    await assert.rejects(github.token(SOURCE, env), (error) => {
      assert.deepEqual([error.code, error.askId, error.status], ["subject_token_rejected", "subject-token", status]);
      assert.match(error.hint, /id-token: write/);
      assert.match(error.errorDescription, /job/);
      return isHidden(error, env.ACTIONS_ID_TOKEN_REQUEST_TOKEN);
    });
  });
}

for (const [name, value, code] of [
  ["ACTIONS_ID_TOKEN_REQUEST_URL", "http://192.0.2.1/idtoken?api-version=2.0", "platform_url_refused"],
  ["ACTIONS_ID_TOKEN_REQUEST_URL", "idtoken", "platform_url_refused"],
  ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "two\r\nx-lines: 1", "subject_token_invalid"],
]) {
  test(`${name} that is ${JSON.stringify(value)}`, async (t) => {
    const github = await startJob(t);
    await assert.rejects(github.token(SOURCE, { ...job(github), [name]: value }), (error) => {
      assert.equal(error.code, code);
      assert.ok(error.message.includes(name));
      return isHidden(error, JOB_TOKEN, value);
    });
    assert.deepEqual(await github.requests(), []);
  });
}

test("GitHub answers badly", async (t) => {
  const github = await startJob(t);
  const service = { path: PATH, askId: "subject-token", source: SOURCE, env: job(github) };
  await goThroughFaults(github, service);
  await saysSecretsAgain(github, service, JOB_TOKEN);
});

// What becomes of an exchange when a service of AWS or Google answers badly: a passing fault is got over, and one that
// stays is an error that says where it happened. The emulator plays all of them, on request.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fetchHost, fetchToken, nodeHost } from "sanskey";
import { startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const TASK = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24";
const HUB = { roleArn: "arn:aws:iam::123456789012:role/sanskey-hub-role" };
const IRSA = "arn:aws:iam::123456789012:role/sanskey-irsa-role";

/** Each service: where it is, the ask that reaches it, the codes of its errors, and how a workload comes to ask it. */
const SERVICES = {
  "the instance's metadata": {
    path: "/latest/meta-data/iam/security-credentials/sanskey-demo-role", askId: "aws-credentials", code: "imds",
    // Where there is no such service, to try again would only take time.
    triesUnreachable: 1, env: () => ({}),
  },
  "the container's agent": {
    path: TASK, askId: "container-credentials", code: "aws_container",
    env: ({ url }) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url + TASK }),
  },
  "AssumeRole": {
    path: "/", action: "AssumeRole", askId: "assume-role-1", code: "aws_sts", env: () => ({}), options: { awsAssumeRole: HUB },
  },
  "AssumeRoleWithWebIdentity": {
    path: "/", action: "AssumeRoleWithWebIdentity", askId: "assume-role-with-web-identity", code: "aws_sts",
    env: async ({ url, home }) => {
      writeFileSync(join(home, "token"), await (await fetch(`${url}/emulator/web-identity-token`)).text());
      return { AWS_WEB_IDENTITY_TOKEN_FILE: join(home, "token"), AWS_ROLE_ARN: IRSA };
    },
  },
  "the portal of IAM Identity Center": {
    path: "/federation/credentials", askId: "sso-credentials", code: "aws_sso",
    env: async ({ url, home }) => {
      const cache = join(home, ".aws/sso/cache");
      mkdirSync(cache, { recursive: true });
      const name = createHash("sha1").update("company").digest("hex");
      writeFileSync(join(cache, `${name}.json`), await (await fetch(`${url}/emulator/sso-token`)).text());
      writeFileSync(join(home, ".aws/config"), [
        "[profile dev]", "sso_session = company", "sso_account_id = 123456789012", "sso_role_name = sanskey-sso-role",
        "[sso-session company]", "sso_region = us-east-1", "sso_start_url = https://company.awsapps.com/start",
      ].join("\n"));
      return { AWS_PROFILE: "dev" };
    },
  },
  "Google's STS": { path: "/v1/token", askId: "sts", code: "sts", env: () => ({}) },
};

/** What stays wrong, and the code and the ask of the error. */
const FAULTS = [
  ["a connection that is reset", { reset: true }, unreachable],
  ["a truncated answer", { truncate: true }, unreachable],
  ["a server error", { status: 500, body: "<html>" }, ({ code, askId }) => [`${code}_unavailable`, `${askId}-3`]],
  ["too large an answer", { oversize: true }, ({ askId }) => ["response_too_large", askId]],
  ["a page in place of an answer", { body: "<html>Welcome</html>", content_type: "text/html" }, ({ code, askId }) => [`${code}_malformed`, askId]],
  ["a refusal without words", { status: 403 }, ({ code, askId }) => [`${code}_rejected`, askId]],
];

function unreachable({ askId, triesUnreachable = 3 }) {
  return ["host_unreachable", triesUnreachable > 1 ? `${askId}-${triesUnreachable}` : askId];
}

async function workload(t, { env, options }, makeHost) {
  const home = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(home, { recursive: true }));
  const { url, config } = await startEmulator(t, "--no-impersonation");
  const common = { HOME: home, AWS_REGION: "us-east-1", AWS_ENDPOINT_URL_STS: url, AWS_ENDPOINT_URL_SSO: url };
  const steps = [];
  // What waits is the core's business; here nobody does.
  const host = { ...makeHost({ ...common, ...(await env({ url, home })) }), wait: () => {} };
  return {
    url, steps,
    token: () => fetchToken(config, { endpoints: "loopback", host, ...options, onStep: ({ askId }) => steps.push(askId) }),
    plan: async ({ path, action }, fault, times) => {
      const body = JSON.stringify([{ path, action, times, fault }]);
      assert.equal((await fetch(`${url}/emulator/faults`, { method: "PUT", body })).status, 204);
    },
  };
}

for (const [name, service] of Object.entries(SERVICES)) {
  test(`${name} answers badly`, async (t) => {
    const { token, plan, steps, url } = await workload(t, service, (env) => nodeHost({ env }));
    assert.equal((await whoami(url, await token())).status, 200);
    for (const [what, fault, expected] of FAULTS) {
      await plan(service, fault, 9);
      await assert.rejects(token(), (error) => {
        assert.deepEqual([error.code, error.askId], expected(service), `${what}: ${error}`);
        assert.equal(error.fault, error.code.startsWith("host") ? "host" : "remote", what);
        return error.hint.length > 0;
      });
    }
    steps.length = 0;
    await plan(service, { status: 503 }, 2);
    assert.equal((await whoami(url, await token())).status, 200);
    assert.deepEqual(steps.filter((id) => id.startsWith(service.askId)), ["", "-2-wait", "-2", "-3-wait", "-3"].map((end) => service.askId + end));
  });
}

test("on fetch it is the same", async (t) => {
  const service = SERVICES["the container's agent"];
  const { token, plan } = await workload(t, service, (env) => fetchHost(fetch, env));
  for (const [what, fault, expected] of FAULTS) {
    await plan(service, fault, 9);
    await assert.rejects(token(), ({ code, askId }) => assert.deepEqual([code, askId], expected(service), what) === undefined);
  }
});

test("a metadata service that is too slow once is asked again", async (t) => {
  const { token, plan, steps } = await workload(t, SERVICES["the instance's metadata"], (env) => nodeHost({ env }));
  await plan({ path: "/latest/api/token" }, { delay_milliseconds: 2000 }, 1);
  assert.ok(await token());
  assert.deepEqual(steps.slice(1, 4), ["imds-session", "imds-session-2-wait", "imds-session-2"]);
});

// What the tests of platforms other than AWS share: the configuration, and faults of whoever gives tokens.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { fetchToken, nodeHost } from "sanskey";
import { startEmulator, whoami } from "../../../wasm/test/support/emulator.mjs";

export const AUDIENCE =
  "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool/providers/sanskey-oidc";
export const JWT = "urn:ietf:params:oauth:token-type:jwt";
export const EXCHANGE = "POST /v1/token 200";

/** An emulator whose provider trusts this issuer, a place for files, and ways to get a token and to tell whose it is. */
export async function start(t, issuer, ...options) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { url } = await startEmulator(t, "--oidc-issuer", issuer, ...options);
  const token = (source, env = {}, { host, ...more } = {}) =>
    fetchToken(
      {
        type: "external_account", audience: AUDIENCE, subject_token_type: JWT, token_url: `${url}/v1/token`,
        credential_source: source,
      },
      { endpoints: "loopback", host: host ?? nodeHost({ env }), ...more },
    );
  return {
    url, token,
    issued: async (query = "") => (await fetch(`${url}/emulator/web-identity-token${query}`)).text(),
    put: (name, text, mode) => {
      writeFileSync(join(folder, name), text, { mode });
      return join(folder, name);
    },
    subject: async (...asked) => (await whoami(url, await token(...asked))).subject.split("/subject/")[1],
    requests: async () => {
      const listed = await (await fetch(`${url}/emulator/requests`)).json();
      return listed.map(({ method, path, status }) => `${method} ${path} ${status}`);
    },
    spoil: async (path, times, fault) => {
      const body = JSON.stringify([{ path, times, fault }]);
      assert.equal((await fetch(`${url}/emulator/faults`, { method: "PUT", body })).status, 204);
    },
  };
}

/** What a fault that passes costs: tries beyond the first. */
const PASSING = [
  [{ status: 503 }, 2],
  [{ status: 429, headers: { "retry-after": "1" } }, 1],
  [{ reset: true }, 1],
  [{ truncate: true }, 1],
  [{ delay_milliseconds: 200 }, 0],
  [{ content_type: "text/html" }, 0],
];

/** What a fault that lasts ends in: code, tries in all, and the side that is to mend it. */
const LASTING = [
  [{ status: 500, body: "<html>" }, "subject_token_unavailable", 3],
  [{ status: 429, headers: { "retry-after": "3600" } }, "subject_token_unavailable", 1],
  [{ status: 403 }, "subject_token_rejected", 1],
  [{ reset: true }, "host_unreachable", 3],
  [{ truncate: true }, "host_unreachable", 3],
  [{ oversize: true }, "response_too_large", 1],
  [{ body: "" }, "subject_token_malformed", 1],
  [{ body: "<html>Log in</html>", content_type: "text/html" }, "subject_token_malformed", 1],
  [{ body: '{"access_token": 1, "value": 1}' }, "subject_token_malformed", 1],
  [{ body: '{"access_token": "", "value": ""}' }, "subject_token_malformed", 1],
  [{ status: 307, headers: { location: "/v1/token" } }, "redirect_refused", 1],
];

/** Goes through all faults of one service: where it is, the ask that reaches it, and how a workload comes to ask it. */
export async function goThroughFaults(emulator, { path, askId, source, env = {} }) {
  const { token, spoil, requests, url } = emulator;
  const steps = [];
  // What waits is the core's business; here nobody does.
  const host = { ...nodeHost({ env }), wait: () => {} };
  const fetched = (changes) =>
    token(source, env, { host: { ...host, ...changes }, onStep: (step) => steps.push(step.askId) });
  const tries = () => steps.splice(0).filter((id) => id.startsWith(askId) && !id.endsWith("wait")).length;

  for (const [fault, more] of PASSING) {
    await spoil(path, Math.max(more, 1), fault);
    assert.equal((await whoami(url, await fetched())).status, 200, inspect(fault));
    assert.equal(tries(), more + 1, inspect(fault));
  }
  await fetch(`${url}/emulator/requests`, { method: "DELETE" });
  for (const [fault, code, expected] of LASTING) {
    await spoil(path, 9, fault);
    await assert.rejects(fetched(), (error) => {
      const last = expected === 1 ? askId : `${askId}-${expected}`;
      assert.deepEqual([error.code, error.askId, error.stage], [code, last, "source"], `${inspect(fault)}: ${error}`);
      assert.equal(error.fault, code.startsWith("host") ? "host" : "remote");
      return error.hint.length > 0;
    });
    assert.equal(tries(), expected, inspect(fault));
  }
  const asked = new Set((await requests()).map((line) => line.split(" ")[1]));
  assert.deepEqual([...asked], [path], "Google was asked, or a redirect was followed");

  await spoil(path, 9, { delay_milliseconds: 2000 });
  const hurried = { http: (request, options) => host.http({ ...request, timeoutMs: 300 }, options) };
  await assert.rejects(fetched(hurried), { code: "host_timeout", askId: `${askId}-3` });
}

/** A server that says a secret again does not bring it into the error. */
export async function saysSecretsAgain({ token, spoil }, { path, source, env }, ...secrets) {
  const words = secrets.join(" ");
  const bodies = [JSON.stringify({ error: "e", error_description: `No: ${words}` }), JSON.stringify({ message: words }), words];
  for (const body of bodies) {
    await spoil(path, 1, { status: 400, body });
    await assert.rejects(token(source, env), (error) => isHidden(error, ...secrets));
  }
}

/** Neither the error nor what is printed of it holds one of these. */
export function isHidden(error, ...secrets) {
  const shown = `${inspect(error, { showHidden: true, depth: 9 })}${error.stack}${JSON.stringify(error)}`;
  for (const secret of secrets) assert.ok(!shown.includes(secret), shown.replaceAll(secret, "<the secret>"));
  return true;
}

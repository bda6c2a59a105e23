// The example Worker, bundled as wrangler does it, in Cloudflare's runtime.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import workerd from "workerd";
import { makeCertificate } from "./support/certificate.mjs";
import { cleanEnv, instanceCredentials, startEmulator } from "./support/emulator.mjs";
import { listen } from "./support/server.mjs";

const folder = fileURLToPath(new URL("..", import.meta.url));
const LIFETIME_MS = 60_000;

/** Starts workerd with a Worker and these bindings; resolves to its URL. `trusted` is a server's certificate. */
async function startWorker(t, bindings, trusted = "", program = "examples/worker.mjs") {
  const place = mkdtempSync(join(tmpdir(), "sanskey-"));
  await build({
    absWorkingDir: folder, bundle: true, conditions: ["workerd", "worker"], entryPoints: [program],
    external: ["*.wasm"], format: "esm", outfile: join(place, "worker.js"),
  });
  copyFileSync(join(folder, "dist/sanskey.wasm"), join(place, "sanskey.wasm"));
  const texts = Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`);
  const tls = trusted && `, tlsOptions = (trustedCertificates = [${JSON.stringify(trusted)}])`;
  writeFileSync(join(place, "config.capnp"), `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = .worker),
        (name = "internet", network = (allow = ["public", "private", "local"]${tls})),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const worker :Workerd.Worker = (
      modules = [
        (name = "worker", esModule = embed "worker.js"),
        (name = "sanskey.wasm", wasm = embed "sanskey.wasm"),
      ],
      bindings = [${texts.join(", ")}],
      compatibilityDate = "2026-01-01",
      globalOutbound = "internet",
    );
  `);
  const options = { stdio: ["ignore", "inherit", "inherit", "pipe"], env: cleanEnv() };
  const child = spawn(workerd.default, ["serve", "--control-fd=3", join(place, "config.capnp")], options);
  const ended = once(child, "exit");
  const stop = () => child.kill("SIGKILL");
  const timer = setTimeout(stop, LIFETIME_MS);
  t.after(async () => {
    clearTimeout(timer);
    stop();
    await ended;
    rmSync(place, { recursive: true });
  });
  for await (const line of createInterface(child.stdio[3])) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") return `http://127.0.0.1:${port}/`;
  }
  throw new Error("workerd ended before it listened");
}

async function keys(url) {
  const { accessKeyId, secretAccessKey, sessionToken } = await instanceCredentials(url);
  return { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken };
}

test("a Worker gets a token with two requests", async (t) => {
  const { url, config } = await startEmulator(t);
  const bindings = { GOOGLE_CREDENTIALS: JSON.stringify(config), SANSKEY_ENDPOINTS: "loopback", ...(await keys(url)) };
  const worker = await startWorker(t, bindings);
  for (const _ of ["first", "second"]) {
    const response = await fetch(worker);
    const { expiresAt, kind, steps, error } = await response.json();
    assert.equal(response.status, 200, JSON.stringify(error));
    assert.equal(kind, "service_account");
    assert.ok(new Date(expiresAt) > new Date());
    assert.deepEqual(steps.map(({ askId, status }) => [askId, status]), [["env", undefined], ["sts", 200], ["impersonate", 200]]);
  }
});

test("a Worker without keys asks the metadata service", async (t) => {
  const { config } = await startEmulator(t);
  const worker = await startWorker(t, { GOOGLE_CREDENTIALS: JSON.stringify(config), SANSKEY_ENDPOINTS: "loopback" });
  const { steps } = await (await fetch(worker)).json();
  assert.equal(steps.filter(({ action }) => action === "http_request").length, 6);
});

test("a Worker's configuration error is an error of its own", async (t) => {
  const worker = await startWorker(t, { GOOGLE_CREDENTIALS: "{}" });
  const response = await fetch(worker);
  assert.equal(response.status, 502);
  assert.equal((await response.json()).error.code, "config_field_missing");
});

/** What a Worker with these bindings says. */
async function answerOf(t, bindings, trusted) {
  const response = await fetch(await startWorker(t, bindings, trusted));
  return response.json();
}

const named = (steps) => steps.map(({ askId, status }) => [askId, status]);

test("a Worker gets its keys from a credential endpoint over https, with the authorization that it was given", async (t) => {
  const { url, config } = await startEmulator(t);
  const { certPath, keyPath } = makeCertificate(t);
  const asked = [];
  // TLS in front of the emulated agent of EKS.
  const server = https.createServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) }, async (incoming, outgoing) => {
    const { authorization } = incoming.headers;
    asked.push([incoming.url, authorization]);
    const answer = await fetch(url + incoming.url, { headers: { authorization } });
    outgoing.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  const origin = (await listen(t, server, "https")).replace("127.0.0.1", "localhost");
  const bindings = {
    GOOGLE_CREDENTIALS: JSON.stringify(config), SANSKEY_ENDPOINTS: "loopback", AWS_REGION: "us-east-1",
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/v1/credentials`, AWS_CONTAINER_AUTHORIZATION_TOKEN: "emulator-container-token",
  };
  const { steps, kind, error } = await answerOf(t, bindings, readFileSync(certPath, "utf8"));
  assert.equal(kind, "service_account", JSON.stringify(error));
  assert.deepEqual(named(steps), [["env", undefined], ["container-credentials", 200], ["sts", 200], ["impersonate", 200]]);
  assert.deepEqual(asked, [["/v1/credentials", "emulator-container-token"]]);
});

test("a Worker goes through the roles that its configuration names", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { url } = await startEmulator(t, "--role-chain-config-out", join(folder, "chain.json"));
  const GOOGLE_CREDENTIALS = readFileSync(join(folder, "chain.json"), "utf8");
  const { steps, error } = await answerOf(t, { GOOGLE_CREDENTIALS, SANSKEY_ENDPOINTS: "loopback", AWS_ENDPOINT_URL_STS: url, ...(await keys(url)) });
  assert.equal(error, undefined);
  assert.deepEqual(named(steps), [["env", undefined], ["assume-role-1", 200], ["assume-role-2", 200], ["sts", 200], ["impersonate", 200]]);
});

test("a Worker has no files, and the error names the variable that asks for one", async (t) => {
  const { config } = await startEmulator(t);
  const { error, steps } = await answerOf(t, {
    GOOGLE_CREDENTIALS: JSON.stringify(config), SANSKEY_ENDPOINTS: "loopback", AWS_REGION: "us-east-1",
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/a", AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secrets/token",
  });
  assert.deepEqual([error.code, error.fault, error.askId], ["host_unsupported", "host", "web-identity-token"]);
  assert.match(error.hint, /AWS_WEB_IDENTITY_TOKEN_FILE/);
  assert.deepEqual(steps.map(({ askId, failure }) => [askId, failure]), [["env", undefined], ["web-identity-token", "unsupported"]]);
});

test("requests of a Worker share a token source", async (t) => {
  const { url, config } = await startEmulator(t);
  const bindings = { GOOGLE_CREDENTIALS: JSON.stringify(config), ...(await keys(url)) };
  const worker = await startWorker(t, bindings, "", "test/support/source-worker.mjs");
  const ask = async () => (await fetch(worker)).json();
  const answers = [...(await Promise.all(Array.from({ length: 16 }, ask))), await ask()];
  assert.deepEqual(answers, Array(17).fill({ ...answers[0], kind: "service_account", exchanges: 1 }));
});

// X.509 certificates over mutual TLS, with the emulator as Google, the authority, and whoever rotates certificates.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cleanEnv, startEmulator, whoami } from "../../wasm/test/support/emulator.mjs";

const POOL = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool";
const ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com";

/**
 * Another process, since Node reads NODE_EXTRA_CA_CERTS when it starts. It gets one token for each line that it is
 * sent, with the same host, and answers each with a line: the token, or what can be printed of the error.
 */
const WORKLOAD = `
  import { createInterface } from "node:readline";
  import { inspect } from "node:util";
  import { fetchToken, nodeHost } from "sanskey";
  const real = nodeHost({ env: JSON.parse(process.argv[1]) });
  let rule, change = {};
  const host = {
    readEnv: (names) => real.readEnv(names),
    readFile: (path) => real.readFile(path),
    wait: async () => {},
    async http(request) {
      const response = await real.http({ ...request, ...change });
      rule = response.headers.find(([name]) => name === "x-emulator-rule")?.[1];
      return response;
    },
  };
  for await (const line of createInterface(process.stdin)) {
    const { config, ...more } = JSON.parse(line);
    change = more.change ?? {};
    rule = undefined;
    const { kind, value, failed } = await fetchToken(config, { endpoints: "loopback", host }).catch((failed) => ({ failed }));
    const { code, error, status, askId } = failed ?? {};
    const shown = failed && inspect(failed, { depth: 9, showHidden: true }) + failed.stack;
    console.log(JSON.stringify(failed ? { code, error, status, askId, rule, shown } : { kind, value }));
  }
`;

async function start(t, { trusts = true, env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { url } = await startEmulator(t, "--mtls-out", folder);
  const path = (name) => join(folder, name);
  const read = (name) => readFileSync(path(name), "utf8");
  const make = async (query = "") => (await fetch(`${url}/emulator/client-certificate${query}`)).json();
  const child = spawn(process.execPath, ["--input-type=module", "-e", WORKLOAD, JSON.stringify(env)], {
    cwd: new URL("..", import.meta.url),
    env: cleanEnv(trusts ? { NODE_EXTRA_CA_CERTS: path("ca.pem") } : {}),
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  const answers = [];
  let rest = "";
  let awaited = () => {};
  child.stdout.on("data", (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop();
    answers.push(...lines);
    awaited();
  });
  return {
    path,
    read,
    make,
    put: (name, text) => writeFileSync(path(name), text),
    config: (name = "credentials-federated.json") => JSON.parse(read(name)),
    async rotate(query) {
      const { certificate, key, chain } = await make(query);
      writeFileSync(path("client.pem"), certificate);
      writeFileSync(path("client-key.pem"), key);
      writeFileSync(path("chain.pem"), chain);
    },
    async fetch(config, change) {
      child.stdin.write(`${JSON.stringify({ config, change })}\n`);
      while (answers.length === 0) {
        await new Promise((resolve, reject) => {
          awaited = resolve;
          child.once("exit", (code) => reject(new Error(`the workload ended with ${code}`)));
        });
      }
      return JSON.parse(answers.shift());
    },
    whoami: (token) => whoami(url, token),
    subject: async (token) => (await whoami(url, token)).subject?.replace(`${POOL}/subject/`, ""),
    spoil: (fault, times = 1) =>
      fetch(`${url}/emulator/faults`, { method: "PUT", body: JSON.stringify([{ path: "/v1/token", times, fault }]) }),
    requests: async () => {
      const listed = await (await fetch(`${url}/emulator/requests`)).json();
      return listed.map(({ method, path, status }) => `${method} ${path} ${status}`);
    },
  };
}

test("federated tokens, and those of service accounts", async (t) => {
  const google = await start(t);
  const federated = await google.fetch(google.config());
  assert.equal(await google.subject(federated), "sanskey-workload");
  const token = await google.fetch(google.config("credentials.json"));
  assert.equal((await google.whoami(token)).email, ACCOUNT);
  assert.deepEqual(await google.requests(), [
    "POST /v1/token 200",
    "POST /v1/token 200",
    `POST /v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken 200`,
  ]);
});

test("nobody believes the authority unless told so", async (t) => {
  const google = await start(t, { trusts: false });
  const { code, shown } = await google.fetch(google.config());
  assert.equal(code, "host_failed");
  assert.match(shown, /unable to verify the first certificate|self-signed certificate in certificate chain/);
});

test("the usual place", async (t) => {
  const home = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(home, { recursive: true }));
  const google = await start(t, { env: { HOME: home } });
  const config = google.config();
  const { trust_chain_path } = config.credential_source.certificate;
  config.credential_source = { certificate: { use_default_certificate_config: true, trust_chain_path } };
  assert.equal((await google.fetch(config)).code, "certificate_invalid");
  mkdirSync(join(home, ".config/gcloud"), { recursive: true });
  renameSync(google.path("certificate_config.json"), join(home, ".config/gcloud/certificate_config.json"));
  assert.equal((await google.fetch(config)).kind, "federated");
});

test("kinds of certificates, each used as soon as it is there", async (t) => {
  const google = await start(t);
  for (const [name, query] of [["ec", "?key=p256"], ["larger", "?key=p384"], ["rsa", "?key=rsa"], ["deep", "?depth=3"]]) {
    await google.rotate(`${query}&cn=${name}`);
    assert.equal(await google.subject(await google.fetch(google.config())), name);
  }
});

test("refused certificates", async (t) => {
  const google = await start(t);
  for (const [query, error, rule] of [
    ["?end=-60", "invalid_grant", "X2"],
    ["?begin=600", "invalid_grant", "X2"],
    ["?foreign", "invalid_grant", "X2"],
    ["?depth=4", "invalid_grant", "X2"],
    ["?for-servers", "invalid_grant", "X2"],
    ["?end=34560000", "invalid_grant", "X3"],
    ["?cn=&ou=unit", "unauthorized_client", "X5"],
  ]) {
    await google.rotate(query);
    const { shown, ...refused } = await google.fetch(google.config());
    assert.deepEqual(refused, { code: "sts_rejected", error, status: 400, askId: "sts", rule }, query);
  }
});

test("the certificate of the handshake is the one of the token", async (t) => {
  const google = await start(t);
  const { certificate, key } = await google.make();
  google.put("other.pem", certificate);
  google.put("other-key.pem", key);
  const other = { certPath: google.path("other.pem"), keyPath: google.path("other-key.pem") };
  for (const clientCertificate of [other, null]) {
    const { code, error, rule } = await google.fetch(google.config(), { clientCertificate });
    assert.deepEqual({ code, error, rule }, { code: "sts_rejected", error: "invalid_grant", rule: "X1" });
  }
});

/** What is secret in a PEM file. */
const lines = (pem) => pem.split("\n").filter((line) => line && !line.startsWith("-----"));

for (const [what, spoil] of [
  ["of another", async ({ make, put }) => put("client-key.pem", (await make()).key)],
  ["that is missing", ({ path }) => rmSync(path("client-key.pem"))],
  ["without PEM", ({ put, read }) => put("client-key.pem", lines(read("client-key.pem")).join("\n"))],
  ["that is a folder", ({ path }) => (rmSync(path("client-key.pem")), mkdirSync(path("client-key.pem")))],
  ["that is cut", ({ put, read }) => put("client-key.pem", read("client-key.pem").slice(0, 120))],
  ["with a password", ({ put, path }) => {
    const made = spawnSync("openssl", ["pkcs8", "-topk8", "-in", path("client-key.pem"), "-passout", "pass:guess"], { encoding: "utf8" });
    assert.equal(made.status, 0, `this test needs the program openssl: ${made.error ?? made.stderr}`);
    put("client-key.pem", made.stdout);
  }],
]) {
  test(`a key ${what}`, async (t) => {
    const google = await start(t);
    const before = lines(google.read("client-key.pem"));
    await spoil(google);
    let after = [];
    try {
      after = lines(google.read("client-key.pem"));
    } catch {}
    const { code, askId, shown } = await google.fetch(google.config());
    assert.deepEqual({ code, askId }, { code: "host_failed", askId: "sts" });
    assert.deepEqual([...before, ...after].filter((line) => shown.includes(line)), []);
    assert.match(shown, /client certificate cannot be used/);
    assert.deepEqual(await google.requests(), []);
  });
}

for (const text of ["", "no PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"]) {
  test(`a certificate that cannot be read: ${JSON.stringify(text)}`, async (t) => {
    const google = await start(t);
    google.put("client.pem", text);
    const { code, askId } = await google.fetch(google.config());
    assert.deepEqual({ code, askId }, { code: "certificate_invalid", askId: "certificate" });
  });
}

test("faults of the server", async (t) => {
  const google = await start(t);
  await google.spoil({ status: 503 });
  assert.equal((await google.fetch(google.config())).kind, "federated");
  await google.spoil({ reset: true }, 9);
  assert.equal((await google.fetch(google.config())).code, "host_unreachable");
});

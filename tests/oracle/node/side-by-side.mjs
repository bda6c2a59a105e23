// What google-auth-library and sanskey do with one drawn case, in a form in which the two can be compared: every
// request with method, URL, headers, decoded body and client certificate, every program that is run, and the token with
// its expiry, or that there is none.
import childProcess from "node:child_process";
import { createHash, createHmac, generateKeyPairSync } from "node:crypto";
import { EventEmitter } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";

import { ExternalAccountClient } from "google-auth-library";

import { CredentialConfig, Exchange } from "../../../node/dist/index.mjs";

// The transport that google-auth-library itself loads.
const { Gaxios } = createRequire(import.meta.resolve("google-auth-library"))("gaxios");
export const AWS = ["environment", "instance"];
const TOLD = "GOOGLE_EXTERNAL_ACCOUNT_";
const LONGEST_PAUSE_MS = 4000;
const KEY = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey;

/** The case in the hands of google-auth-library, within the test `t`. The files are written for it. */
export async function theirs(t, testCase) {
  const ran = nothing();
  // The key of no matter must be a key here.
  const files = Object.fromEntries(
    Object.entries(testCase.files).map(([path, text]) => [path, path.endsWith("/key.pem") ? KEY : text]),
  );
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const before = process.env;
  process.env = { ...testCase.env };
  t.mock.timers.enable({ apis: ["Date"], now: testCase.now * 1000 });
  const pauses = globalThis.setTimeout;
  // Waits between tries are not waited for. What is longer limits a program's time.
  t.mock.method(globalThis, "setTimeout", (done, delay = 0, ...more) =>
    delay <= LONGEST_PAUSE_MS ? pauses(done, 0, ...more) : undefined,
  );
  const request = Gaxios.prototype.request;
  t.mock.method(Gaxios.prototype, "request", function (options) {
    return request.call(this, { ...options, fetchImplementation: (url, sent) => answer(url, sent, this) });
  });
  const answer = async (url, sent, gaxios) => {
    const certificate = (sent.agent ?? gaxios.defaults.agent)?.options?.cert?.toString();
    const { method = "GET", headers, body } = sent;
    // It adds what `fetch` adds to the headers.
    const request = new Request(url, { method, headers, body });
    ran.requests.push(readable(testCase, method, `${url}`, [...request.headers], await request.text(), certificate));
    const [status, text] = answerOf(testCase, `${url}`);
    return new Response([204, 304].includes(status) ? null : text, { status });
  };
  t.mock.method(childProcess, "spawn", (program, words, { env }) => {
    ran.programs.push([[program, ...words], told(env)]);
    const child = Object.assign(new EventEmitter(), { stdout: new EventEmitter(), stderr: new EventEmitter() });
    const [exitCode, text] = testCase.program;
    setImmediate(() => {
      if (text !== "") child.stdout.emit("data", text);
      child.emit("close", exitCode);
    });
    return child;
  });
  try {
    const client = ExternalAccountClient.fromJSON(testCase.config);
    client.scopes = testCase.scopes.length > 0 ? testCase.scopes : undefined;
    const { token } = await client.getAccessToken();
    ran.end = ["token", token, client.credentials.expiry_date];
    ran.quotaProject = client.quotaProjectId ?? null;
  } catch (error) {
    if (error.code === "ERR_ASSERTION") throw error;
    ran.error = error;
  } finally {
    for (const path of Object.keys(files)) rmSync(path);
    process.env = before;
    t.mock.reset();
    t.mock.timers.reset();
  }
  return ran;
}

/** The case in the hands of sanskey. */
export function ours(testCase) {
  const ran = nothing();
  const act = {
    http_request: (action) => {
      const { method, url, headers, body, clientCertificate } = action;
      const certificate = clientCertificate && testCase.files[clientCertificate.certPath];
      ran.requests.push(readable(testCase, method, url, headers, body, certificate));
      const [status, text] = answerOf(testCase, url);
      return { status, headers: [], body: text };
    },
    read_env: ({ names }) => Object.fromEntries(Object.entries(testCase.env).filter(([name]) => names.includes(name))),
    read_file: ({ path }) => testCase.files[path] ?? null,
    run_command: ({ argv, env }) => {
      ran.programs.push([argv, told(env)]);
      return { exitCode: testCase.program[0], stdout: testCase.program[1], stderr: "" };
    },
    wait: () => undefined,
  };
  try {
    const config = CredentialConfig.fromObject(testCase.config);
    const goal = { goal: "access_token", scopes: testCase.scopes };
    const exchange = new Exchange(config, goal, { endpoints: testCase.endpoints });
    let step = exchange.poll(testCase.now * 1000);
    while (step.step === "pending") {
      for (const ask of step.asks) exchange.reply(ask.id, act[ask.action](ask));
      step = exchange.poll(testCase.now * 1000);
    }
    ran.end = ["token", step.outcome.token.value, step.outcome.token.expiresAt.getTime()];
    ran.quotaProject = config.quotaProjectId;
  } catch (error) {
    if (error.code === undefined || error.fault === "misuse") throw error;
    ran.error = error;
  }
  return ran;
}

const nothing = () => ({ requests: [], programs: [], end: ["no token"], quotaProject: null, error: undefined });

export function answerOf(testCase, url) {
  return testCase.servers[url] ?? testCase.servers[decodeURIComponent(url)] ?? [404, ""];
}

const told = (env) =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => name.startsWith(TOLD) && !name.endsWith("ALLOW_EXECUTABLES")),
  );

function readable(testCase, method, url, pairs, body, certificate) {
  const headers = Object.fromEntries(pairs);
  let step = "source";
  if (url === testCase.config.service_account_impersonation_url) {
    [step, body] = ["impersonate", JSON.parse(body)];
  } else if (headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
    headers["content-type"] = headers["content-type"].replace(";charset=UTF-8", "");
    step = "sts";
    body = [...new URLSearchParams(body)].map(([name, value]) => {
      if (name !== "subject_token") return [name, value];
      if (AWS.includes(testCase.kind)) return [name, proof(testCase, value)];
      return [name, value];
    });
  }
  return { step, method, url, headers, body, certificate: certificate ?? null };
}

/** A subject token of AWS's, with the names of what is signed in place of the signature, and whether it is right. */
function proof(testCase, token) {
  const envelope = JSON.parse(decodeURIComponent(token));
  const headers = Object.fromEntries(envelope.headers.map(({ key, value }) => [key.toLowerCase(), value]));
  const [, region, names, given] = /\/\d{8}\/([^/]*)\/.*SignedHeaders=([^,]+), ?Signature=(\w+)/.exec(
    headers.authorization,
  );
  const signed = names.split(";");
  const right = signature(envelope, headers, signed, secretOf(testCase), region);
  return { ...envelope, headers: { ...headers, authorization: { region, signed, isRight: right === given } } };
}

function secretOf(testCase) {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = testCase.env;
  if (id) return secret;
  const role = `${testCase.config.credential_source.url}/`;
  const [, [, text]] = Object.entries(testCase.servers).find(([url]) => url.startsWith(role));
  return JSON.parse(text).SecretAccessKey;
}

/** SigV4, as AWS prescribes it, for the service `sts` and without a body. */
function signature({ method, url }, headers, signed, secret, region) {
  const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
  const hex = (text) => createHash("sha256").update(text).digest("hex");
  const date = headers["x-amz-date"];
  const scope = [date.slice(0, 8), region, "sts", "aws4_request"];
  const lines = signed.map((name) => `${name}:${headers[name]}\n`).join("");
  const { pathname, search } = new URL(url);
  const query = search.slice(1).split("&").toSorted().join("&");
  const canonical = [method, pathname, query, lines, signed.join(";"), hex("")].join("\n");
  const key = scope.reduce(hmac, `AWS4${secret}`);
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope.join("/"), hex(canonical)].join("\n")).toString("hex");
}

// Starts the emulator of AWS and Google for one test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Resolves to where it listens and the configuration that leads to it. It ends with the test. */
export async function startEmulator(t, ...options) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  const configPath = join(folder, "credentials.json");
  const bounds = ["--stop-with-stdin", "--lifetime-seconds", "120", "--config-out", configPath];
  const child = spawn(binary(), [...bounds, ...options], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true });
  });
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then(([code]) => Promise.reject(new Error(`the emulator ended with ${code} before it listened`))),
  ]);
  const url = line.replace(/^listening on /, "");
  return { url, configPath, config: JSON.parse(readFileSync(configPath, "utf8")) };
}

function binary() {
  const named = process.env.SANSKEY_EMULATOR;
  if (named) return named;
  const built = ["release", "debug"]
    .map((profile) => fileURLToPath(new URL(`../../../target/${profile}/sanskey-emulator`, import.meta.url)))
    .map((path) => ({ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs }))
    .filter(({ time }) => time !== undefined)
    .sort((one, other) => other.time - one.time);
  if (built.length > 0) return built[0].path;
  throw new Error("there is no emulator: run `cargo build -p sanskey-emulator`, or set SANSKEY_EMULATOR to its path");
}

/** The credentials of the emulated instance's role, as its metadata service gives them. */
export async function instanceCredentials(url) {
  const session = await fetch(`${url}/latest/api/token`, {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
  });
  const headers = { "x-aws-ec2-metadata-token": await session.text() };
  const roles = `${url}/latest/meta-data/iam/security-credentials/`;
  const role = await (await fetch(roles, { headers })).text();
  const { AccessKeyId, SecretAccessKey, Token } = await (await fetch(roles + role, { headers })).json();
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}

/** Whose token it is, if it is one that the emulator issued. */
export async function whoami(url, token) {
  const response = await fetch(`${url}/emulator/whoami`, { headers: { authorization: `Bearer ${token.value}` } });
  return { status: response.status, ...(await response.json()) };
}

/** The environment of this process without what would tell a workload who it is, or lead it through a proxy. */
export function cleanEnv(extra = {}) {
  const foreign = /^(AWS_|GOOGLE_|SANSKEY_)|_proxy$/i;
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))), ...extra };
}

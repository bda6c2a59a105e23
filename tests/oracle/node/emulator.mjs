// Starts the emulator and asks it what it saw.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const LIFETIME_SECONDS = 120;

/** A running emulator, and the credential configuration that leads to it. It ends with the test `t`. */
export async function startEmulator(t, ...more) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-oracle-"));
  const configFile = join(folder, "credentials.json");
  const common = ["--config-out", configFile, "--lifetime-seconds", `${LIFETIME_SECONDS}`, "--stop-with-stdin"];
  const child = spawn(executable(), [...common, ...more], { stdio: ["pipe", "pipe", "ignore"] });
  t.after(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true });
  });

  const [firstLine] = await once(createInterface(child.stdout), "line");
  const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(firstLine)?.[1];
  if (url === undefined) throw new Error(`the emulator said ${firstLine}`);
  return new Emulator(url, configFile);
}

class Emulator {
  constructor(url, configFile) {
    this.url = url;
    this.configFile = configFile;
    this.config = JSON.parse(readFileSync(configFile, "utf8"));
  }

  /** Method, path and status of every request, in order. */
  async requests() {
    return JSON.parse(await this.#http("/emulator/requests"));
  }

  /** Whose token it is. Throws if the emulator did not issue it. */
  async whoami(token) {
    return JSON.parse(await this.#http("/emulator/whoami", { headers: { authorization: `Bearer ${token}` } }));
  }

  /** What the metadata service gives to the instance. */
  async roleCredentials() {
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
    const session = await this.#http("/latest/api/token", { method: "PUT", headers: ttl });
    const headers = { "x-aws-ec2-metadata-token": session };
    const path = "/latest/meta-data/iam/security-credentials/";
    const role = await this.#http(path, { headers });
    return JSON.parse(await this.#http(path + role, { headers }));
  }

  async #http(path, options) {
    const response = await fetch(this.url + path, options);
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
    return response.text();
  }
}

function executable() {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const named = process.env.SANSKEY_EMULATOR;
  const candidates = named ? [named] : ["release", "debug"].map((each) => join(target, each, "sanskey-emulator"));
  const found = candidates.find((each) => existsSync(each));
  if (found === undefined) {
    throw new Error(
      "There is no emulator. Build it with `cargo build --package sanskey-emulator`, or name it in SANSKEY_EMULATOR.",
    );
  }
  return found;
}

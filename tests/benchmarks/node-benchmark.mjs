// sanskey beside google-auth-library in Node: the two take turns in one run, so that a busy machine slows both down.
//
//     make bench
//
// What is printed are medians and how many times faster sanskey is; the ratios mean something, the times are this
// machine's. A number as the argument says how often each takes its turn.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { fileURLToPath, pathToFileURL } from "node:url";

import * as native from "../../node/dist/index.mjs";
import * as wasm from "../../wasm/dist/index.js";
import { startEmulator } from "../oracle/node/emulator.mjs";

const require = createRequire(new URL("../oracle/package.json", import.meta.url));
const { AwsClient } = require("google-auth-library");

const ROUNDS = Number(process.argv[2] ?? 31);
const BATCH_MS = 5;
const WARM_UP_MS = 500;
const PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/pool/providers/provider";
const AUDIENCE = `//iam.googleapis.com/${PROVIDER}`;
const REGION = "us-east-2";
const KEY = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  // As long as AWS makes them.
  sessionToken: Buffer.from(Array.from({ length: 540 }, (_, index) => Math.imul(index, 2654435761) >>> 24)).toString("base64"),
};
const CONFIG = {
  type: "external_account",
  audience: AUDIENCE,
  subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: {
    environment_id: "aws1",
    regional_cred_verification_url: "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
  },
};

console.log("| Node | sanskey | google-auth-library | times faster |\n|---|---|---|---|");
await subjectToken();
await configuration();
await processes();

/** What is computed for each exchange: a signed request as JSON, percent-encoded. */
async function subjectToken() {
  const supplier = { getAwsSecurityCredentials: async () => ({ ...KEY, token: KEY.sessionToken }), getAwsRegion: async () => REGION };
  const { credential_source: _, ...rest } = CONFIG;
  const peer = new AwsClient({ ...rest, aws_security_credentials_supplier: supplier });
  const [ours, inWasm, theirs] = await turns(
    () => native.callerIdentityToken(KEY, REGION, AUDIENCE),
    () => wasm.callerIdentityToken(KEY, REGION, AUDIENCE),
    () => peer.retrieveSubjectToken(),
  );
  row("a subject token, µs", ours, theirs, 1e3);
  row("the same by the wasm module, µs", inWasm, theirs, 1e3);
}

async function configuration() {
  const text = JSON.stringify(CONFIG);
  const [ours, theirs] = await turns(
    () => native.CredentialConfig.fromJson(text),
    () => new AwsClient(JSON.parse(text)),
  );
  row("a configuration, read and checked, µs", ours, theirs, 1e3);
}

/** From the start of Node to its end, beyond what it takes to do nothing. */
async function processes() {
  const ends = [];
  const emulator = await startEmulator({ after: (end) => ends.push(end) });
  try {
    const sanskey = new URL("../../node/dist/index.mjs", import.meta.url);
    const google = pathToFileURL(require.resolve("google-auth-library"));
    const config = JSON.stringify(emulator.configFile);
    const programs = [
      "",
      `await import("${sanskey}");`,
      `await import("${google}");`,
      `const { fetchToken } = await import("${sanskey}"); await fetchToken(${config}, { endpoints: "loopback" });`,
      `const { GoogleAuth } = (await import("${google}")).default;
       const client = await new GoogleAuth({ keyFilename: ${config}, scopes: "https://www.googleapis.com/auth/cloud-platform" }).getClient();
       await client.getAccessToken();`,
    ];
    const taken = programs.map(() => []);
    for (let round = 0; round < Math.max(ROUNDS >> 1, 1); round++) {
      for (const [index, program] of programs.entries()) {
        const start = performance.now();
        execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: fileURLToPath(new URL("../oracle", import.meta.url)), timeout: 60_000 });
        taken[index].push(performance.now() - start);
      }
    }
    const [bare, ...medians] = taken.map(median);
    const [oursLoaded, theirsLoaded, ours, theirs] = medians.map((each) => each - bare);
    console.log(`| a process that does nothing, ms | ${bare.toFixed(1)} | | |`);
    row("and imports it, ms more", oursLoaded, theirsLoaded, 1);
    row("and gets a first token as on EC2, ms more", ours, theirs, 1);
  } finally {
    for (const end of ends) await end();
  }
}

/** The median milliseconds of one call of each. */
async function turns(...functions) {
  const sizes = [];
  for (const call of functions) sizes.push(await batchSize(call));
  const taken = functions.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, call] of functions.entries()) taken[index].push((await batch(call, sizes[index])) / sizes[index]);
  }
  return taken.map(median);
}

/** As many calls as take long enough to be timed, once V8 has compiled what is called. */
async function batchSize(call) {
  for (const end = performance.now() + WARM_UP_MS; performance.now() < end; ) await batch(call, 100);
  for (let size = 1; ; size *= 2) if ((await batch(call, size)) > BATCH_MS) return size;
}

async function batch(call, size) {
  const start = performance.now();
  for (let done = 0; done < size; done++) {
    const result = call();
    if (result instanceof Promise) await result;
  }
  return performance.now() - start;
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1];
}

function row(what, ours, theirs, unit) {
  // Less than a tenth of the unit is noise.
  const ratio = ours * unit > 0.1 ? (theirs / ours).toFixed(1) : `more than ${(theirs * unit).toFixed(0)}`;
  console.log(`| ${what} | ${(ours * unit).toFixed(2)} | ${(theirs * unit).toFixed(2)} | ${ratio} |`);
}

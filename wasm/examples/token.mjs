// Gets an access token for this workload with nothing but `fetch`, and says how. The value of the token is not printed.
//
//   GOOGLE_APPLICATION_CREDENTIALS=credentials.json node examples/token.mjs
//
// With SANSKEY_ENDPOINTS=loopback the configuration may lead to an emulator on this machine.

import { readFileSync } from "node:fs";
import { fetchHost, fetchToken, SanskeyError } from "sanskey-wasm";

let requests = 0;

function printStep({ askId, action, method, status, failure, durationMs }) {
  if (action === "http_request") requests += 1;
  const what = method ? `${method} ${failure ?? status}` : failure ?? action.replace("_", " ");
  console.log(`  ${askId.padEnd(16)}  ${what.padEnd(8)}  ${Math.round(durationMs)} ms`);
}

const path = process.env.GOOGLE_APPLICATION_CREDENTIALS;
if (!path) {
  console.error("error: GOOGLE_APPLICATION_CREDENTIALS is not set\nhint: Set it to the path of the configuration.");
  process.exit(1);
}

try {
  const token = await fetchToken(readFileSync(path, "utf8"), {
    endpoints: process.env.SANSKEY_ENDPOINTS || "google",
    host: fetchHost(fetch, process.env),
    onStep: printStep,
  });
  const seconds = Math.floor((token.expiresAt.getTime() - Date.now()) / 1000);
  console.log(`requests: ${requests}`);
  console.log(`token expires at ${token.expiresAt.toISOString().replace(/\.\d+Z$/, "Z")} (in ${seconds} s)`);
} catch (error) {
  if (!(error instanceof SanskeyError)) throw error;
  console.error(`error: ${error.code}: ${error.message}\nhint: ${error.hint}`);
  process.exitCode = 1;
}

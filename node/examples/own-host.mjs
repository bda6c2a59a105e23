// A host of your own: whatever HTTP client, cache or secret store this program has. Only what is needed must be there;
// the rest counts as unsupported. Without a method `wait`, `fetchToken` waits itself.
//
//   GOOGLE_APPLICATION_CREDENTIALS=credentials.json node examples/own-host.mjs

import { fetchToken, HostFailure } from "sanskey";

const host = {
  async http({ method, url, headers, body, timeoutMs, clientCertificate, unixSocket }) {
    // A request that is sent in another way than it says reaches somebody else, or as nobody.
    if (clientCertificate || unixSocket) throw new HostFailure("unsupported", "fetch knows neither certificates nor sockets");
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      // Plain fetch uses no proxy in Node 20. A client that does must not when the request says `bypassProxy`.
      const response = await fetch(url, { method, headers, body: body || undefined, redirect: "manual", signal });
      return { status: response.status, headers: response.headers, body: await response.text() };
    } catch (error) {
      // The kind decides whether it is tried again.
      throw new HostFailure(error.name === "TimeoutError" ? "timeout" : "unreachable", error.message);
    }
  },
  readEnv: (names) => Object.fromEntries(names.map((name) => [name, process.env[name]])),
};

const token = await fetchToken(process.env.GOOGLE_APPLICATION_CREDENTIALS, {
  endpoints: process.env.SANSKEY_ENDPOINTS || "google",
  host,
});
console.log(`token expires at ${token.expiresAt.toISOString()}`);

// A Worker that gets a Google access token with AWS keys, and says how long it is good for.
//
// Its bindings: GOOGLE_CREDENTIALS, the credential configuration as JSON text, and, as secrets, AWS_REGION,
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. SANSKEY_ENDPOINTS=loopback is for an emulator on this machine.

import { fetchHost, fetchToken, SanskeyError } from "sanskey-wasm";

export default {
  async fetch(_request, env) {
    const steps = [];
    try {
      const token = await fetchToken(env.GOOGLE_CREDENTIALS, {
        endpoints: env.SANSKEY_ENDPOINTS ?? "google",
        host: fetchHost(fetch, env),
        onStep: (step) => steps.push(step),
      });
      // Here a real Worker calls a Google API with `Authorization: Bearer ${token.value}`.
      return Response.json({ expiresAt: token.expiresAt, kind: token.kind, steps });
    } catch (error) {
      if (!(error instanceof SanskeyError)) throw error;
      return Response.json({ error, steps }, { status: 502 });
    }
  },
};

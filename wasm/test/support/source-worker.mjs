// A Worker whose requests share a token source.

import { fetchHost, TokenSource } from "sanskey-wasm";

let source;
let exchanges = 0;

export default {
  async fetch(_request, env) {
    source ??= new TokenSource(env.GOOGLE_CREDENTIALS, {
      endpoints: "loopback",
      host: fetchHost(fetch, env),
      onExchange: () => (exchanges += 1),
    });
    const { kind, value } = await source.token();
    return Response.json({ kind, value, exchanges });
  },
};

// A small Google API on loopback. It serves only bearers of tokens that the emulator issued.

import { startServer, bodyOf } from "../../../wasm/test/support/server.mjs";
import { whoami } from "../../../wasm/test/support/emulator.mjs";

/** The service account of the emulator's configuration. */
export const SERVICE_ACCOUNT = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com";

/** One request, as the API understood it. */
export const call = (request, body = null, query = {}, principal = SERVICE_ACCOUNT) => ({ request, body, query, principal });

/**
 * Gives the answers of each request in turn, such as `{"GET /v1/things": [{ items: [] }]}`. What it understood is in
 * `calls`; requests without a good token, or that it does not know, are in `refused`.
 */
export async function startGoogleApi(t, emulator, answers) {
  const left = new Map(Object.entries(answers).map(([request, given]) => [request, [...given]]));
  const api = { calls: [], refused: [] };
  api.url = await startServer(t, async (incoming, response) => {
    const url = new URL(incoming.url, "http://localhost");
    const request = `${incoming.method} ${decodeURI(url.pathname)}`;
    const text = await bodyOf(incoming);
    const reply = (status, body) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const refuse = (code, status) => {
      api.refused.push(request);
      reply(code, { error: { code, status, message: `${request} was refused.` } });
    };
    const principal = await bearerOf(incoming, emulator);
    if (!principal) return refuse(401, "UNAUTHENTICATED");
    if (!left.get(request)?.length) return refuse(404, "NOT_FOUND");
    const isJson = text && incoming.headers["content-type"] === "application/json";
    api.calls.push(call(request, isJson ? JSON.parse(text) : text || null, Object.fromEntries(url.searchParams), principal));
    reply(200, left.get(request).shift());
  });
  return api;
}

async function bearerOf({ headers: { authorization = "" } }, emulator) {
  const [scheme, value] = authorization.split(" ");
  if (scheme !== "Bearer" || !value) return undefined;
  const { status, email, subject } = await whoami(emulator.url, { value });
  return status === 200 ? email ?? subject : undefined;
}

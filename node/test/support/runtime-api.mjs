// The Runtime API of Lambda on loopback, as far as a runtime interface client asks for it.
// Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda Developer Guide.

import { bodyOf, startServer } from "../../../wasm/test/support/server.mjs";

const REPORT = /^\/2018-06-01\/runtime\/(?:invocation\/([^/]+)\/(response|error)|(init\/error))$/;
const PATIENCE_MS = 30_000;

/**
 * Hands events to one client: `invoke(event)` gives what it reports, as `{ kind, body }` with the kind `response`,
 * `error` or `init/error`; `report()` waits for the next report alone. In `unknown` are requests that the API does not
 * know, or that came out of turn.
 */
export async function startRuntimeApi(t) {
  const events = queue();
  const reports = queue();
  const unknown = [];
  let invocations = 0;
  let openRequest;

  const url = await startServer(t, async (request, response) => {
    if (`${request.method} ${request.url}` === "GET /2018-06-01/runtime/invocation/next") {
      const event = await events.take();
      openRequest = `8476a536-e9f4-11e8-9739-${String(++invocations).padStart(12, "0")}`;
      response.writeHead(200, {
        "content-type": "application/json",
        "lambda-runtime-aws-request-id": openRequest,
        "lambda-runtime-deadline-ms": String(Date.now() + PATIENCE_MS),
        "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:123456789012:function:events",
        "lambda-runtime-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
      });
      response.end(JSON.stringify(event));
      return;
    }
    const text = await bodyOf(request);
    const [, id, kind, init] = (request.method === "POST" && REPORT.exec(request.url)) || [];
    if (!init && !(id && id === openRequest)) {
      unknown.push(`${request.method} ${request.url}`);
      response.writeHead(404).end('{"errorType":"NotFound"}');
      return;
    }
    openRequest = undefined;
    response.writeHead(202, { "content-type": "application/json" }).end('{"status":"OK"}');
    reports.put({ kind: kind ?? init, body: JSON.parse(text) });
  });

  const report = () => Promise.race([
    reports.take(),
    new Promise((_, reject) => {
      setTimeout(() => reject(new Error("the client reports nothing")), PATIENCE_MS).unref();
    }),
  ]);
  const invoke = (event) => {
    events.put(event);
    return report();
  };
  return { address: new URL(url).host, unknown, invoke, report };
}

/** What is put in can be taken out once, before or after. */
function queue() {
  const things = [];
  const takers = [];
  return {
    put: (thing) => (takers.length > 0 ? takers.shift()(thing) : things.push(thing)),
    take: () => (things.length > 0 ? Promise.resolve(things.shift()) : new Promise((resolve) => takers.push(resolve))),
  };
}

import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { HostFailure } from "../../../wasm/src/errors.js";
import { httpResponse, MAX_BODY_BYTES } from "../../../wasm/src/hosts/response.js";
import type { ClientCertificate, HttpRequest, HttpResponse } from "../../../wasm/src/types.js";
import { lazy } from "../builtin.js";
import { failureOf } from "./failure.js";
import { proxyAuthorization, proxyFor } from "./proxy.js";

/** The requests that are under way for one answer: that to the server, and that to the proxy before it. */
type Track = <T extends ClientRequest>(request: T) => T;

/** Sends one request over a connection of its own. Redirects are answers like any other. */
export async function send(
  request: HttpRequest,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  signal?.throwIfAborted();
  const url = new URL(request.url);
  const underWay = new Set<ClientRequest>();
  let stop = (_reason: unknown) => {};
  const stopped = new Promise<never>((_, reject) => (stop = reject));
  const onAbort = () => stop(signal?.reason);
  const timer = setTimeout(
    () => stop(new HostFailure("timeout", `no complete answer from ${request.unixSocket ?? url.host} within ${request.timeoutMs} ms`)),
    request.timeoutMs,
  );
  signal?.addEventListener("abort", onAbort);
  try {
    return await Promise.race([exchange(request, url, env, (it) => (underWay.add(it), it)), stopped]);
  } catch (thrown) {
    throw signal?.aborted ? signal?.reason : failureOf(thrown, request.unixSocket ?? url.host);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    for (const it of underWay) it.destroy();
  }
}

async function exchange(
  request: HttpRequest,
  url: URL,
  env: Readonly<Record<string, string | undefined>>,
  track: Track,
): Promise<HttpResponse> {
  const proxy = request.bypassProxy || request.unixSocket ? undefined : proxyFor(url, env);
  const options: RequestOptions & { secureContext?: SecureContext } = {
    method: request.method,
    // No pool of connections: it would keep the process alive.
    agent: false,
    ...(request.unixSocket && { socketPath: request.unixSocket }),
    ...(await certificate(request.clientCertificate)),
  };
  if (url.protocol === "https:") {
    const https = lazy<typeof import("node:https")>("node:https");
    const socket = proxy && (await tunnel(proxy, url, track));
    return answer(track(https.request(url, socket ? { ...options, socket } as typeof options : options)), request);
  }
  if (!proxy) return answer(track(client(url.protocol).request(url, options)), request);
  const relayed = track(client(proxy.protocol).request(proxy, { ...options, path: url.href }));
  relayed.setHeader("host", url.host);
  authorize(relayed, proxy);
  return answer(relayed, request);
}

function client(protocol: string): typeof import("node:http") {
  if (protocol === "http:") return lazy("node:http");
  if (protocol === "https:") return lazy<typeof import("node:http")>("node:https");
  throw new HostFailure("unsupported", `there is no way to speak ${protocol}`);
}

function authorize(request: ClientRequest, proxy: URL): void {
  const authorization = proxyAuthorization(proxy);
  if (authorization) request.setHeader("proxy-authorization", authorization);
}

/** A connection to the server of `url` through a proxy: RFC 9110 section 9.3.6. */
function tunnel(proxy: URL, url: URL, track: Track): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const authority = `${url.hostname}:${url.port || 443}`;
    const request = track(client(proxy.protocol).request(proxy, { method: "CONNECT", path: authority, agent: false }));
    request.setHeader("host", authority);
    authorize(request, proxy);
    request.on("connect", ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket as Socket);
      socket.destroy();
      reject(new HostFailure("unreachable", `the proxy ${proxy.host} answered CONNECT with ${statusCode}`));
    });
    request.on("response", ({ statusCode }) => {
      reject(new HostFailure("unreachable", `the proxy ${proxy.host} answered CONNECT with ${statusCode}`));
    });
    request.on("error", reject);
    request.end();
  });
}

function answer(outgoing: ClientRequest, { headers, body }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    for (const [name, value] of headers) outgoing.appendHeader(name, value);
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const { statusCode = 0 } = response;
      textOf(response).then((text) => resolve(httpResponse(statusCode, pairsOf(response), text)), reject);
    });
    if (body === "") outgoing.end();
    else outgoing.end(body);
  });
}

function pairsOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) pairs.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return pairs;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString("utf8");
}

/** What the certificate and its key are made into for TLS, with the authorities that Node trusts. */
async function certificate(files: ClientCertificate | null): Promise<{ secureContext: SecureContext } | undefined> {
  if (!files) return undefined;
  const { readFile } = lazy<typeof import("node:fs/promises")>("node:fs/promises");
  const { createSecureContext } = lazy<typeof import("node:tls")>("node:tls");
  try {
    const [cert, key] = await Promise.all([readFile(files.certPath), readFile(files.keyPath)]);
    return { secureContext: createSecureContext({ cert, key }) };
  } catch (thrown) {
    throw failureOf(thrown, "the client certificate cannot be used");
  }
}

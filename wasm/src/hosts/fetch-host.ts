import { HostFailure, type HostFailureKind } from "../errors.js";
import { sleep } from "../sleep.js";
import type { EnvValues, HostContext, HttpRequest, HttpResponse } from "../types.js";
import { envValues, httpResponse, MAX_BODY_BYTES } from "./response.js";

/** What `fetchHost` needs of a `fetch`. The global one of every runtime has it. */
export type FetchFunction = (
  url: string,
  init: {
    method: string;
    headers: [string, string][];
    body?: string;
    redirect: "manual";
    // Each runtime has a type of its own for it.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    signal: any;
  },
) => Promise<FetchResponse>;

/** What `fetchHost` needs of what a `fetch` resolves to. */
export interface FetchResponse {
  readonly status: number;
  readonly type?: string;
  readonly headers: { forEach(callback: (value: string, name: string) => void): void };
  readonly body?: unknown;
  text(): Promise<string>;
}

interface ByteReader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
}

/** What `fetchHost` answers. */
export interface FetchHost {
  http(request: HttpRequest, context?: HostContext): Promise<HttpResponse>;
  readEnv(names: readonly string[]): EnvValues;
  wait(ms: number, context?: HostContext): Promise<void>;
  warn(message: string): void;
}

/**
 * A host on top of `fetch`, for workers, web pages, Deno, Bun and Node. It sends HTTP requests, looks variables up in
 * `env`, waits, and warns on the console. It has no files and no programs.
 *
 * `env` is an object such as `process.env`, `Deno.env.toObject()` or the `env` of a Worker; values that are not text
 * are ignored. Default: the global `fetch`, and no variables.
 */
export function fetchHost(fetch?: FetchFunction, env: object = {}): FetchHost {
  return {
    http: async (request, context) => send(fetch ?? globalFetch(), request, context?.signal),
    readEnv: (names) => envValues(env as Readonly<Record<string, unknown>>, names),
    wait: (ms, context) => sleep(ms, context?.signal),
    warn: (message) => console.warn(`sanskey: ${message}`),
  };
}

function globalFetch(): FetchFunction {
  if (typeof globalThis.fetch !== "function") {
    throw new HostFailure("unsupported", "this runtime has no global fetch; pass one to fetchHost");
  }
  // A function of its own, because browsers refuse to call `fetch` as a method of another object.
  return (url, init) => globalThis.fetch(url, init);
}

async function send(fetch: FetchFunction, request: HttpRequest, outer: AbortSignal | undefined): Promise<HttpResponse> {
  if (request.clientCertificate) throw new HostFailure("unsupported", "fetch cannot present a client certificate");
  if (request.unixSocket) throw new HostFailure("unsupported", "fetch has no Unix domain sockets");
  outer?.throwIfAborted();
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort = () => {};
  // Raced as well as signalled, for a `fetch` that does not heed its signal.
  const cut = new Promise<never>((_, reject) => {
    onAbort = () => reject(outer?.reason);
    const timeout = () => reject(new HostFailure("timeout", `no complete answer within ${request.timeoutMs} ms`));
    timer = setTimeout(timeout, request.timeoutMs);
  });
  outer?.addEventListener("abort", onAbort);
  try {
    return await Promise.race([exchange(fetch, request, controller.signal), cut]);
  } catch (thrown) {
    throw outer?.aborted ? outer.reason : failureOf(thrown);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onAbort);
    // Closes the connection of an answer that was cut off. After a complete one it does nothing.
    controller.abort();
  }
}

async function exchange(fetch: FetchFunction, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  const { method, url, headers, body } = request;
  const response = await fetch(url, {
    method,
    headers: headers.map(([name, value]) => [name, value]),
    // An empty string would make fetch send a content type.
    ...(body === "" ? {} : { body }),
    redirect: "manual",
    signal,
  });
  // Browsers hide the status and the target of a redirect that they were told not to follow.
  if (response.type === "opaqueredirect") return httpResponse(302, [], "");
  const pairs: [string, string][] = [];
  response.headers.forEach((value, name) => pairs.push([name, value]));
  return httpResponse(response.status, pairs, await textOf(response));
}

async function textOf(response: FetchResponse): Promise<string> {
  const stream = response.body as { getReader?(): ByteReader } | null | undefined;
  if (typeof stream?.getReader !== "function") return response.text();
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let room = MAX_BODY_BYTES; room > 0; ) {
    const { done, value } = await reader.read();
    if (done || !value) break;
    text += decoder.decode(value.subarray(0, room), { stream: true });
    room -= value.byteLength;
  }
  return text + decoder.decode();
}

/** Error codes of Node's and Bun's `fetch`, which they put on the error or on its cause. */
const KINDS: Readonly<Record<string, HostFailureKind>> = {
  ETIMEDOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  EACCES: "denied",
  EPERM: "denied",
  ERR_INVALID_URL: "other",
};

function failureOf(thrown: unknown): unknown {
  if (thrown instanceof HostFailure) return thrown;
  const { name, message, code, cause } = Object(thrown) as { [key in "name" | "message" | "code" | "cause"]?: unknown };
  const causeCode = (Object(cause) as { code?: unknown }).code ?? code;
  const known = typeof causeCode === "string" ? KINDS[causeCode] : undefined;
  const detail = typeof causeCode === "string" ? ` (${causeCode})` : "";
  const text = `${typeof message === "string" ? message : "fetch failed"}${detail}`;
  if (known) return new HostFailure(known, text);
  if (isCertificateProblem(causeCode)) return new HostFailure("other", text);
  if (name === "NotAllowedError" || name === "NotCapable" || name === "PermissionDenied" || name === "SecurityError") {
    return new HostFailure("denied", text);
  }
  // The fetch standard reports every network error, and every refusal by CORS, as a TypeError without details.
  // Other runtimes throw errors with a code of their own.
  if (name === "TypeError" || name === "Error") return new HostFailure("unreachable", text + corsHint());
  return new HostFailure("other", text);
}

function isCertificateProblem(code: unknown): boolean {
  return typeof code === "string" && /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL/.test(code);
}

function corsHint(): string {
  if (!("document" in globalThis) && !("importScripts" in globalThis)) return "";
  return "; in a web page this may also mean that the server does not allow requests from this origin (CORS)";
}

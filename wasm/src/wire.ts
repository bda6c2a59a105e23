/**
 * The JSON texts that cross into the core, and nothing else: snake_case there, the public types here.
 * Texts from the core are trusted to have their shape; replies come from hosts, and are checked.
 */

import { awsOptions } from "./aws-options.js";
import { bytesOf } from "./base64.js";
import { HostFailure, misuse } from "./errors.js";
import { FLAG, optional, TEXT, TEXTS } from "./members.js";
import { sealed } from "./redact.js";
import { Token, type TokenInfo, type TokenKind } from "./token.js";
import type {
  Ask, CommandOutput, EnvValues, ExchangeOptions, HeaderList, HttpRequest, HttpResponse, Outcome, Reply, Step,
  SubjectTokenDescription,
} from "./types.js";

interface WireHttpRequest {
  action: "http_request";
  method: string;
  url: string;
  headers: [string, string][];
  body: string;
  timeout_ms: number;
  client_certificate: { cert_path: string; key_path: string } | null;
  bypass_proxy: boolean;
  unix_socket?: string;
}

type WireAsk = { id: string; step?: string; attempt?: number } & (
  | WireHttpRequest
  | { action: "read_env"; names: string[] }
  | { action: "read_file"; path: string }
  | { action: "run_command"; argv: string[]; env: Record<string, string>; timeout_ms: number }
  | { action: "wait"; duration_ms: number }
);

type WireStep =
  | { step: "pending"; asks: WireAsk[] }
  | { step: "done"; outcome: WireOutcome; clock_skew_seconds: number | null };

interface WireToken {
  value: string;
  expires_at: number;
  kind: TokenKind;
  refresh_token?: string;
}

interface WireTokenInfo {
  active: boolean;
  username: string | null;
  scopes: string[];
  client_id: string | null;
  subject: string | null;
  issuer: string | null;
  expires_at: number | null;
  issued_at: number | null;
}

interface WireDescription {
  issuer: string | null;
  subject: string | null;
  audiences: string[];
  issued_at: number | null;
  expires_at: number | null;
  access_key_id: string | null;
  region: string | null;
  principals: string[];
}

type WireOutcome =
  | { goal: "access_token" | "delegated_access_token" | "downscoped_access_token" | "id_token"; token: WireToken }
  | { goal: "sign_blob"; key_id: string; signature: string }
  | { goal: "sign_jwt"; key_id: string; jwt: string }
  | { goal: "sign_url"; url: string; expires_at: number }
  | { goal: "introspection"; token_info: WireTokenInfo }
  | { goal: "revocation" };

/** What tokens are unless something else is said of them. Source: RFC 8693 section 3. */
const JWT = "urn:ietf:params:oauth:token-type:jwt";

/** OPTIONS */
export function optionsText(options: ExchangeOptions): string {
  const { endpoints = "google", entropy } = options;
  return JSON.stringify({
    endpoints,
    entropy,
    ...awsOptions(options),
    subject_token: optional("subjectToken", options.subjectToken, TEXT),
    actor_token: optional("actorToken", options.actorToken, TEXT),
    actor_token_type: optional("actorTokenType", options.actorTokenType, TEXT) ?? JWT,
    bind_to_certificate: optional("bindToCertificate", options.bindToCertificate, FLAG),
    token_servers: optional("tokenServers", options.tokenServers, TEXTS),
    api_client: optional("apiClient", options.apiClient, TEXT),
  });
}

/** STEP, and at its end how far the clock had to be corrected. */
export function stepOf(text: string): [step: Step, clockSkewSeconds: number | null] {
  const step = JSON.parse(text) as WireStep;
  return step.step === "pending"
    ? [{ step: "pending", asks: step.asks.map(askOf) }, null]
    : [{ step: "done", outcome: outcomeOf(step.outcome) }, step.clock_skew_seconds];
}

function outcomeOf(outcome: WireOutcome): Outcome {
  switch (outcome.goal) {
    case "access_token":
    case "delegated_access_token":
    case "downscoped_access_token":
    case "id_token":
      return { goal: outcome.goal, token: token_(outcome.token) };
    case "introspection":
      return { goal: outcome.goal, tokenInfo: tokenInfo(outcome.token_info) };
    case "revocation":
      return { goal: outcome.goal };
    case "sign_blob":
      return { goal: outcome.goal, keyId: outcome.key_id, signature: bytesOf(outcome.signature) };
    case "sign_jwt":
      return sealed({ goal: outcome.goal, keyId: outcome.key_id }, { jwt: outcome.jwt });
    case "sign_url":
      return sealed({ goal: outcome.goal, expiresAt: new Date(outcome.expires_at * 1000) }, { url: outcome.url });
  }
}

/** What is told of a subject token. */
export function descriptionOf(text: string): SubjectTokenDescription {
  const { access_key_id, expires_at, issued_at, ...others } = JSON.parse(text) as WireDescription;
  return Object.freeze({
    ...others, accessKeyId: access_key_id, expiresAt: moment(expires_at), issuedAt: moment(issued_at),
  });
}

function tokenInfo({ client_id, expires_at, issued_at, ...others }: WireTokenInfo): TokenInfo {
  return Object.freeze({ ...others, clientId: client_id, expiresAt: moment(expires_at), issuedAt: moment(issued_at) });
}

function moment(time: number | null): Date | null {
  return time === null ? null : new Date(time * 1000);
}

/** TOKEN */
export function tokenOf(text: string): Token {
  return token_(JSON.parse(text) as WireToken);
}

function token_({ value, expires_at, kind, refresh_token }: WireToken): Token {
  return new Token(value, expires_at * 1000, kind, refresh_token);
}

/** ACTION, an HTTP request of the pure functions, which has no id. */
export function requestOf(text: string): HttpRequest {
  return request(JSON.parse(text) as WireHttpRequest, {});
}

function request<About extends object>(wire: WireHttpRequest, about: About): HttpRequest & About {
  const { action, method, url, headers, body, timeout_ms, client_certificate, bypass_proxy, unix_socket } = wire;
  const clientCertificate = client_certificate && {
    certPath: client_certificate.cert_path,
    keyPath: client_certificate.key_path,
  };
  return sealed(
    {
      ...about, action, method, url, timeoutMs: timeout_ms, clientCertificate, bypassProxy: bypass_proxy,
      unixSocket: unix_socket ?? null,
    },
    { headers: headers as HeaderList, body },
  );
}

function askOf(wire: WireAsk): Ask {
  const { id, step = id, attempt = 1 } = wire;
  const about = { id, step, attempt };
  switch (wire.action) {
    case "http_request":
      return request(wire, about);
    case "read_env":
      return { ...about, action: wire.action, names: wire.names };
    case "read_file":
      return { ...about, action: wire.action, path: wire.path };
    case "run_command":
      return sealed({ ...about, action: wire.action, timeoutMs: wire.timeout_ms }, { argv: wire.argv, env: wire.env });
    case "wait":
      return { ...about, action: wire.action, durationMs: wire.duration_ms };
  }
}

/** A JSON array of REPLY. */
export function repliesText(replies: Iterable<readonly [id: string, reply: Reply]>): string {
  return JSON.stringify(Array.from(replies, ([id, reply]) => wireReply(id, reply)));
}

/** The kind of a reply is told from its shape. Whether it fits the ask is the core's business. */
function wireReply(id: string, reply: Reply): object {
  if (reply === undefined) return { id, reply: "waited" };
  if (reply === null || typeof reply === "string") return { id, reply: "file", content: reply };
  if (reply instanceof HostFailure) return { id, reply: "failed", kind: reply.kind, message: reply.message };
  if (isHttpResponse(reply)) {
    const { status, body } = reply;
    return { id, reply: "http_response", status, headers: headerPairs(reply.headers), body };
  }
  if (isCommandOutput(reply)) {
    const { exitCode, stdout, stderr } = reply;
    return { id, reply: "command_output", exit_code: exitCode, stdout, stderr };
  }
  // A copy, because sealed values print as redacted.
  if (isEnvValues(reply)) return { id, reply: "env", values: { ...reply } };
  throw misuse(`The reply to ${JSON.stringify(id)} is of no known kind.`);
}

function isHttpResponse(reply: object): reply is HttpResponse {
  const { status, headers, body } = reply as HttpResponse;
  return Number.isInteger(status) && typeof headers === "object" && headers !== null && typeof body === "string";
}

function isCommandOutput(reply: object): reply is CommandOutput {
  const { exitCode, stdout, stderr } = reply as CommandOutput;
  return (exitCode === null || Number.isInteger(exitCode)) && typeof stdout === "string" && typeof stderr === "string";
}

function isEnvValues(reply: object): reply is EnvValues {
  const isObject = typeof reply === "object" && !Array.isArray(reply);
  return isObject && Object.values(reply).every((value) => value === undefined || typeof value === "string");
}

/** Pairs of any of the shapes that headers come in. */
export function headerPairs(
  headers: Iterable<readonly [string, string]> | Readonly<Record<string, string>>,
): [string, string][] {
  const pairs = Symbol.iterator in headers ? (headers as Iterable<readonly [string, string]>) : Object.entries(headers);
  return Array.from(pairs as Iterable<readonly [string, string]>, ([name, value]) => [name, String(value)]);
}

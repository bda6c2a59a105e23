/** The host loop: asks the exchange, lets the host answer, tells the exchange. */

import { checkCredentials } from "./aws-options.js";
import { CredentialConfig, type ConfigInput } from "./config.js";
import { HostFailure, misuse, type HostFailureKind } from "./errors.js";
import { Exchange } from "./exchange.js";
import { sleep } from "./sleep.js";
import type { Token, TokenInfo } from "./token.js";
import type {
  Action, Ask, AwsCredentials, AwsOptions, Endpoints, ExchangeOptions, Goal, Host, HostContext, HttpResponse, Outcome,
  Reply, Step, TokenOptions,
} from "./types.js";

/** What happened at one ask. It holds no secrets, and may be logged. */
export interface StepReport {
  /** Such as `sts` or `aws-role`. */
  readonly askId: string;
  readonly action: Action["action"];
  /** Of an HTTP request. */
  readonly method?: string;
  /** Of the answer to an HTTP request. */
  readonly status?: number;
  /** Why there was no answer. */
  readonly failure?: HostFailureKind;
  readonly durationMs: number;
}

/** What a function that supplies the proof of identity is told. */
export interface SubjectTokenContext {
  /** The provider that the proof is for, `//iam.googleapis.com/...`. */
  readonly audience: string;
  /** What the proof has to be, as a URN (RFC 8693 section 3). */
  readonly subjectTokenType: string;
}

/** How the loop runs, whatever it is for. */
export interface RunOptions {
  /** How to reach the network and the rest of the world. */
  readonly host?: Host | undefined;
  /** Which servers the configuration may name. Default: `google`. */
  readonly endpoints?: Endpoints | undefined;
  /** Called after each answered ask. */
  readonly onStep?: ((report: StepReport) => void) | undefined;
  /** Gives up when aborted; the function then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How the identity is to be proven, and how the loop runs. */
export interface FetchOptions extends RunOptions, AwsOptions, TokenOptions {
  /**
   * AWS credentials, or a function that gets them: any credential provider of the AWS SDK (version 3), such as
   * `fromNodeProviderChain()` or a client's `config.credentials`. They are used instead of looking in profiles, in the
   * environment, and at the metadata services. A function is called once for each token; what it throws comes out as
   * it is.
   */
  readonly awsCredentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>) | undefined;
  /** The AWS region, such as `eu-central-1`, or a function that gets it, such as `config.region` of an SDK client. */
  readonly awsRegion?: string | (() => string | Promise<string>) | undefined;
  /**
   * The proof of identity itself, in place of what the configuration's source gives; or a function that gets it, which
   * is called once for each token. What it throws comes out as it is.
   */
  readonly subjectToken?: string | ((context: SubjectTokenContext) => string | Promise<string>) | undefined;
}

/** How a token is to be got. */
export interface FetchTokenOptions extends FetchOptions {
  /**
   * OAuth 2.0 scopes: a list, or a string in which they are separated by spaces or commas. Default:
   * `https://www.googleapis.com/auth/cloud-platform`.
   */
  readonly scopes?: readonly string[] | string | undefined;
}

/** By way of whom, for which configuration, and what asks. */
export interface Place {
  readonly host: Host;
  readonly config: ConfigInput;
  readonly apiClient?: string | undefined;
}

/** In place of a proof that a function will get: never sent. */
const PLACEHOLDER = "not-yet-known";

/** Gets an access token. */
export async function fetchTokenWith(place: Place, { scopes, ...options }: FetchTokenOptions): Promise<Token> {
  return (await fetchWith(place, { goal: "access_token", scopes }, options)).token;
}

/** Whatever the goal is, with a proof of identity. */
export async function fetchWith<G extends Goal>(
  { host, config, apiClient }: Place,
  goal: G,
  options: FetchOptions,
): Promise<Extract<Outcome, { goal: G["goal"] }>> {
  const { signal } = options;
  check(host);
  signal?.throwIfAborted();
  const { awsCredentials, awsRegion, subjectToken, ...others } = { ...options, apiClient };
  const supplies = typeof subjectToken === "function";
  if (supplies || typeof awsCredentials === "function" || typeof awsRegion === "function") {
    // Nobody is asked for keys that cannot be used: what is wrong with the rest shows before the first ask.
    const rest = new Exchange(config, goal, { ...others, subjectToken: supplies ? PLACEHOLDER : subjectToken });
    try {
      rest.poll();
    } finally {
      rest.free();
    }
  }
  const found = await unlessAborted(signal, resolved(config, awsCredentials, awsRegion, subjectToken));
  return run(host, config, goal, { ...others, ...found }, options);
}

/** Asks about a token. */
export async function introspectTokenWith(
  { host, config }: Place,
  token: string | Token,
  options: RunOptions,
): Promise<TokenInfo> {
  const { endpoints } = options;
  return (await run(host, config, { goal: "introspection", token }, { endpoints }, options)).tokenInfo;
}

/** Ends a login. */
export async function revokeLoginWith({ host, config }: Place, options: RunOptions): Promise<void> {
  const { endpoints } = options;
  await run(host, config, { goal: "revocation" }, { endpoints }, options);
}

/** What functions have to say. */
async function resolved(
  config: ConfigInput,
  awsCredentials: FetchOptions["awsCredentials"],
  awsRegion: FetchOptions["awsRegion"],
  subjectToken: FetchOptions["subjectToken"],
): Promise<ExchangeOptions> {
  const [credentials, region, proof] = await inOrder([
    typeof awsCredentials === "function" ? credentialsOf(awsCredentials) : awsCredentials,
    typeof awsRegion === "function" ? regionOf(awsRegion) : awsRegion,
    typeof subjectToken === "function" ? subjectTokenOf(subjectToken, config) : subjectToken,
  ] as const);
  return { awsCredentials: credentials, awsRegion: region, subjectToken: proof };
}

/** No proof is a mistake of the function: to look elsewhere would be to act as somebody else. */
async function subjectTokenOf(provider: (context: SubjectTokenContext) => unknown, config: ConfigInput): Promise<string> {
  const { audience, subjectTokenType } = CredentialConfig.fromJson(CredentialConfig.textOf(config));
  const token = await provider({ audience, subjectTokenType });
  if (typeof token === "string") return token;
  throw misuse("subjectToken() must be a string.");
}

/** No credentials are a mistake of the function: to look elsewhere would be to act as somebody else. */
async function credentialsOf(provider: () => unknown): Promise<AwsCredentials> {
  return checkCredentials("awsCredentials()", await provider());
}

async function regionOf(provider: () => unknown): Promise<string> {
  const region = await provider();
  if (typeof region === "string" && region !== "") return region;
  throw misuse("awsRegion() must be a string, such as eu-central-1.");
}

const METHODS = ["http", "readEnv", "readFile", "runCommand", "wait", "warn"] as const;

function check(host: unknown): void {
  if ((typeof host !== "object" && typeof host !== "function") || host === null) {
    throw misuse(`host must be an object with a method http, and as many as are needed of ${METHODS.slice(1).join(", ")}.`);
  }
  for (const name of METHODS) {
    const method = (host as Host)[name];
    if (method !== undefined && typeof method !== "function") throw misuse(`host.${name} must be a function.`);
  }
}

async function run<G extends Goal>(
  host: Host,
  config: ConfigInput,
  goal: G,
  options: ExchangeOptions,
  { signal, onStep }: RunOptions,
): Promise<Extract<Outcome, { goal: G["goal"] }>> {
  check(host);
  signal?.throwIfAborted();
  const exchange = new Exchange(config, goal, options);
  // Ends whatever the host is still doing when this function returns, by whichever way.
  const end = new AbortController();
  try {
    let replies: readonly (readonly [string, Reply])[] = [];
    for (;;) {
      signal?.throwIfAborted();
      const step: Step = exchange.advance(replies);
      if (step.step === "done") {
        if (exchange.clockSkewSeconds) host.warn?.(clockWarning(exchange.clockSkewSeconds));
        return step.outcome as Extract<Outcome, { goal: G["goal"] }>;
      }
      const round = step.asks.map((ask) => answer(host, ask, { signal: end.signal }, onStep));
      replies = await unlessAborted(signal, inOrder(round));
    }
  } finally {
    end.abort();
    exchange.free();
  }
}

function clockWarning(skewSeconds: number): string {
  const where = skewSeconds > 0 ? "behind" : "ahead";
  return (
    `The clock of this machine is ${Math.abs(skewSeconds)} seconds ${where}, and a request was refused because of its ` +
    "date. It was signed again with the server's time. Set the clock, or see why it is not kept in time."
  );
}

/** What comes of `work`; or the signal's reason, as soon as it is aborted. */
async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
  });
  // Beginning the work may have aborted it.
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

type Results<T extends readonly unknown[]> = { -readonly [I in keyof T]: Awaited<T[I]> };

/** All results, or the error of the first one in the list that failed, however they came in. */
async function inOrder<T extends readonly unknown[]>(promises: T): Promise<Results<T>> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  }) as Results<T>;
}

async function answer(
  host: Host,
  ask: Ask,
  context: HostContext,
  onStep: RunOptions["onStep"],
): Promise<readonly [id: string, reply: Reply]> {
  const start = performance.now();
  const reply = await carryOut(host, ask, context).catch((thrown: unknown) => {
    if (thrown instanceof HostFailure) return thrown;
    throw thrown;
  });
  onStep?.(report(ask, reply, performance.now() - start));
  return [ask.id, reply];
}

async function carryOut(host: Host, ask: Ask, context: HostContext): Promise<Reply> {
  switch (ask.action) {
    case "http_request":
      return host.http ? host.http(ask, context) : lacks("http");
    case "read_env":
      return host.readEnv ? host.readEnv(ask.names, context) : lacks("readEnv");
    case "read_file":
      return host.readFile ? host.readFile(ask.path, context) : lacks("readFile");
    case "run_command":
      return host.runCommand ? host.runCommand(ask, context) : lacks("runCommand");
    case "wait":
      // Waiting needs nobody's permission. Whatever the method returns, a timer for one: the wait is over.
      if (!host.wait) return sleep(ask.durationMs, context.signal);
      return void (await host.wait(ask.durationMs, context));
  }
}

function lacks(method: string): never {
  throw new HostFailure("unsupported", `the host has no method ${method}`);
}

function report(ask: Ask, reply: Reply, durationMs: number): StepReport {
  const base = { askId: ask.id, action: ask.action, durationMs };
  const request = ask.action === "http_request" ? { ...base, method: ask.method } : base;
  if (reply instanceof HostFailure) return { ...request, failure: reply.kind };
  return ask.action === "http_request" ? { ...request, status: (reply as HttpResponse)?.status } : request;
}

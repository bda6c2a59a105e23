/** The host loop: asks the exchange, lets the host answer, tells the exchange. */

import { checkCredentials } from "./aws-options.js";
import type { ConfigInput } from "./config.js";
import { HostFailure, misuse, type HostFailureKind } from "./errors.js";
import { Exchange } from "./exchange.js";
import { sleep } from "./sleep.js";
import type { Token } from "./token.js";
import type {
  Action, Ask, AwsCredentials, AwsOptions, Endpoints, ExchangeOptions, Goal, Host, HostContext, HttpResponse, Outcome,
  Reply, Step,
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

/** How a token is to be got. */
export interface FetchTokenOptions extends AwsOptions {
  /**
   * OAuth 2.0 scopes: a list, or a string in which they are separated by spaces or commas. Default:
   * `https://www.googleapis.com/auth/cloud-platform`.
   */
  readonly scopes?: readonly string[] | string | undefined;
  /** How to reach the network and the rest of the world. */
  readonly host?: Host | undefined;
  /**
   * AWS credentials, or a function that gets them: any credential provider of the AWS SDK (version 3), such as
   * `fromNodeProviderChain()` or a client's `config.credentials`. They are used instead of looking in profiles, in the
   * environment, and at the metadata services. A function is called once for each token; what it throws comes out as
   * it is.
   */
  readonly awsCredentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>) | undefined;
  /** The AWS region, such as `eu-central-1`, or a function that gets it, such as `config.region` of an SDK client. */
  readonly awsRegion?: string | (() => string | Promise<string>) | undefined;
  /** Which servers the configuration may name. Default: `google`. */
  readonly endpoints?: Endpoints | undefined;
  /** Called after each answered ask. */
  readonly onStep?: ((report: StepReport) => void) | undefined;
  /** Gives up when aborted; `fetchToken` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Gets an access token by way of `host`. */
export async function fetchTokenWith(host: Host, config: ConfigInput, options: FetchTokenOptions): Promise<Token> {
  const { scopes, signal, onStep } = options;
  check(host);
  signal?.throwIfAborted();
  const goal: Goal = { goal: "access_token", scopes };
  const { awsCredentials, awsRegion, ...others } = options;
  if (typeof awsCredentials === "function" || typeof awsRegion === "function") {
    // Nobody is asked for keys that cannot be used: what is wrong with the rest shows before the first ask.
    const rest = new Exchange(config, goal, others);
    try {
      rest.poll();
    } finally {
      rest.free();
    }
  }
  const resolvedOptions = { ...others, ...(await unlessAborted(signal, resolved(awsCredentials, awsRegion))) };
  const outcome = await run(host, config, goal, resolvedOptions, signal, onStep);
  return outcome.token;
}

/** What functions have to say. */
async function resolved(
  awsCredentials: FetchTokenOptions["awsCredentials"],
  awsRegion: FetchTokenOptions["awsRegion"],
): Promise<ExchangeOptions> {
  const [credentials, region] = await inOrder([
    typeof awsCredentials === "function" ? credentialsOf(awsCredentials) : awsCredentials,
    typeof awsRegion === "function" ? regionOf(awsRegion) : awsRegion,
  ] as const);
  return { awsCredentials: credentials, awsRegion: region };
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

async function run(
  host: Host,
  config: ConfigInput,
  goal: Goal,
  options: ExchangeOptions,
  signal: AbortSignal | undefined,
  onStep: FetchTokenOptions["onStep"],
): Promise<Outcome> {
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
        return step.outcome;
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
  onStep: FetchTokenOptions["onStep"],
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

/** The host loop: asks the exchange, lets the host answer, tells the exchange. */

import type { ConfigInput } from "./config.js";
import { HostFailure, type HostFailureKind } from "./errors.js";
import { Exchange } from "./exchange.js";
import { sleep } from "./sleep.js";
import type { Token } from "./token.js";
import type {
  Action, Ask, AwsCredentials, Endpoints, ExchangeOptions, Goal, Host, HostContext, HttpResponse, Outcome, Reply, Step,
} from "./types.js";
import { misuse } from "./wire.js";

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
export interface FetchTokenOptions {
  /** OAuth 2.0 scopes. Default: `https://www.googleapis.com/auth/cloud-platform`. */
  readonly scopes?: readonly string[] | undefined;
  /** How to reach the network and the rest of the world. */
  readonly host?: Host | undefined;
  /**
   * AWS credentials, or a function that gets them, such as a credential provider of the AWS SDK. They are used instead
   * of looking in the environment and in the metadata service.
   */
  readonly awsCredentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>) | undefined;
  /** The AWS region, such as `eu-central-1`. */
  readonly awsRegion?: string | undefined;
  /** Which servers the configuration may name. Default: `google`. */
  readonly endpoints?: Endpoints | undefined;
  /** Called after each answered ask. */
  readonly onStep?: ((report: StepReport) => void) | undefined;
  /** Gives up when aborted; `fetchToken` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Gets an access token by way of `host`. */
export async function fetchTokenWith(host: Host, config: ConfigInput, options: FetchTokenOptions): Promise<Token> {
  const { awsCredentials, awsRegion, endpoints, scopes, signal, onStep } = options;
  check(host);
  signal?.throwIfAborted();
  const credentials = typeof awsCredentials === "function" ? await awsCredentials() : awsCredentials;
  const exchangeOptions = { awsCredentials: credentials, awsRegion, endpoints };
  const outcome = await run(host, config, { goal: "access_token", scopes }, exchangeOptions, signal, onStep);
  return outcome.token;
}

const METHODS = ["http", "readEnv", "readFile", "runCommand", "wait"] as const;

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
  let stop: () => void = () => {};
  try {
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(signal?.reason);
    });
    // Without a round to race against, nobody else listens.
    aborted.catch(() => {});
    signal?.addEventListener("abort", stop);
    let replies: readonly (readonly [string, Reply])[] = [];
    for (;;) {
      signal?.throwIfAborted();
      const step: Step = exchange.advance(replies);
      if (step.step === "done") return step.outcome;
      const round = step.asks.map((ask) => answer(host, ask, { signal: end.signal }, onStep));
      replies = await Promise.race([inOrder(round), aborted]);
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    end.abort();
    exchange.free();
  }
}

/** All results, or the error of the first one in the list that failed, however they came in. */
async function inOrder<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
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

/** The host loop: asks the exchange, lets the host answer, tells the exchange. */

import { seconds } from "./clock.js";
import type { ConfigInput } from "./config.js";
import { call, HostFailure, misuse } from "./errors.js";
import { nativeExchange } from "./exchange.js";
import type { NativeExchange } from "./native.js";
import { settledInOrder, unlessAborted } from "./promises.js";
import { checkListeners, exchangeReport, stepReport, tell, type Channels, type Listeners, type StepReport } from "./reports.js";
import { sleep } from "./sleep.js";
import { supplied, type ProofOptions } from "./supplied.js";
import type { Token, TokenInfo } from "./token.js";
import type { Ask, Endpoints, Goal, Host, HostContext, Outcome, Reply } from "./types.js";
import { repliesText, stepOf } from "./wire.js";

/** How the loop runs, whatever it is for. */
export interface RunOptions extends Listeners {
  /** How to reach the network and the rest of the world. */
  readonly host?: Host | undefined;
  /** Which servers the configuration may name. Default: `google`. */
  readonly endpoints?: Endpoints | undefined;
  /** Gives up when aborted; the function then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How the identity is to be proven, and how the loop runs. */
export interface FetchOptions extends RunOptions, ProofOptions {}

/** How a token is to be got. */
export interface FetchTokenOptions extends FetchOptions {
  /**
   * OAuth 2.0 scopes: a list, or a string in which they are separated by spaces or commas. Default:
   * `https://www.googleapis.com/auth/cloud-platform`.
   */
  readonly scopes?: readonly string[] | string | undefined;
}

/** By way of whom, for which configuration, what asks, and who is told besides the listeners. */
export interface Place {
  readonly host: Host;
  readonly config: ConfigInput;
  readonly apiClient?: string | undefined;
  readonly channels?: Channels | undefined;
}

/** What comes of a goal. */
export type OutcomeOf<G extends Goal> = Extract<Outcome, { goal: G["goal"] }>;

/** Gets an access token. */
export async function fetchTokenWith(place: Place, { scopes, ...options }: FetchTokenOptions): Promise<Token> {
  return (await fetchWith(place, { goal: "access_token", scopes }, options)).token;
}

/** Whatever the goal is, with a proof of identity. */
export async function fetchWith<G extends Goal>(place: Place, goal: G, options: FetchOptions): Promise<OutcomeOf<G>> {
  const { host, config, apiClient } = place;
  const { signal } = options;
  checkDrive(host, options);
  signal?.throwIfAborted();
  const known = await unlessAborted(signal, supplied(config, goal, options));
  return run(nativeExchange(config, goal, { ...known, apiClient }), goal, place, options);
}

/** Asks about a token. */
export async function introspectTokenWith(place: Place, token: string | Token, options: RunOptions): Promise<TokenInfo> {
  return (await runWithoutProof(place, { goal: "introspection", token }, options)).tokenInfo;
}

/** Ends a login. */
export async function revokeLoginWith(place: Place, options: RunOptions): Promise<void> {
  await runWithoutProof(place, { goal: "revocation" }, options);
}

async function runWithoutProof<G extends Goal>(place: Place, goal: G, options: RunOptions): Promise<OutcomeOf<G>> {
  const { endpoints, signal } = options;
  checkDrive(place.host, options);
  signal?.throwIfAborted();
  return run(nativeExchange(place.config, goal, { endpoints }), goal, place, options);
}

async function run<G extends Goal>(exchange: NativeExchange, goal: G, place: Place, options: RunOptions): Promise<OutcomeOf<G>> {
  try {
    return await drive(exchange, goal, place, options);
  } finally {
    exchange.free?.();
  }
}

const METHODS = ["http", "readEnv", "readFile", "runCommand", "wait", "warn"] as const;

/** That there is a host, and that whoever is called can be called. */
export function checkDrive(host: unknown, listeners: Listeners): void {
  checkListeners(listeners);
  if ((typeof host !== "object" && typeof host !== "function") || host === null) {
    throw misuse(`host must be an object with a method http, and as many as are needed of ${METHODS.slice(1).join(", ")}.`);
  }
  for (const name of METHODS) {
    const method = (host as Host)[name];
    if (method !== undefined && typeof method !== "function") throw misuse(`host.${name} must be a function.`);
  }
}

/** Drives an exchange to its end, and reports it. */
export async function drive<G extends Goal>(
  exchange: NativeExchange,
  { goal }: G,
  { host, channels }: Place,
  { signal, onStep, onExchange }: RunOptions,
): Promise<OutcomeOf<G>> {
  const start = performance.now();
  let requests = 0;
  const toldOfSteps = (ask: Ask, reply: Reply, durationMs: number): void =>
    tell<StepReport>(() => stepReport(ask, reply, durationMs), onStep, channels?.("step"));
  const answered = (ask: Ask, context: HostContext): Promise<readonly [string, Reply]> => {
    if (ask.action === "http_request") requests += 1;
    return answer(host, ask, context, toldOfSteps);
  };
  const [outcome, problem] = await rounds(exchange, host, signal, answered).then(
    (outcome) => [outcome as OutcomeOf<G>, undefined] as const,
    (thrown: unknown) => [undefined, { thrown }] as const,
  );
  tell(() => exchangeReport(goal, performance.now() - start, requests, problem), onExchange, channels?.("exchange"));
  if (problem) throw problem.thrown;
  return outcome;
}

async function rounds(
  exchange: NativeExchange,
  host: Host,
  signal: AbortSignal | undefined,
  answered: (ask: Ask, context: HostContext) => Promise<readonly [string, Reply]>,
): Promise<Outcome> {
  // Ends whatever the host is still doing when this function returns, by whichever way.
  const end = new AbortController();
  try {
    let replies: readonly (readonly [string, Reply])[] = [];
    for (;;) {
      signal?.throwIfAborted();
      const text = repliesText(replies);
      const [step, clockSkewSeconds] = stepOf(call(() => exchange.advance(text, seconds())));
      if (step.step === "done") {
        if (clockSkewSeconds) warnOfTheClock(host, clockSkewSeconds);
        return step.outcome;
      }
      const round = step.asks.map((ask) => answered(ask, { signal: end.signal }));
      replies = await unlessAborted(signal, settledInOrder(round));
    }
  } finally {
    end.abort();
  }
}

/** There is an outcome, and nobody is to lose it over a warning. */
function warnOfTheClock(host: Host, skewSeconds: number): void {
  try {
    host.warn?.(clockWarning(skewSeconds), "clock_skew");
  } catch {
    // The host's own matter.
  }
}

function clockWarning(skewSeconds: number): string {
  const where = skewSeconds > 0 ? "behind" : "ahead";
  return (
    `The clock of this machine is ${Math.abs(skewSeconds)} seconds ${where}. What names the time was signed again with ` +
    "the server's. Set the clock, or see why it is not kept in time."
  );
}

async function answer(
  host: Host,
  ask: Ask,
  context: HostContext,
  told: (ask: Ask, reply: Reply, durationMs: number) => void,
): Promise<readonly [id: string, reply: Reply]> {
  const start = performance.now();
  const reply = await carryOut(host, ask, context).catch((thrown: unknown) => {
    if (thrown instanceof HostFailure) return thrown;
    throw thrown;
  });
  told(ask, reply, performance.now() - start);
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

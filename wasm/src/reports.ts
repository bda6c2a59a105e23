/** What is told of exchanges while they run, for logs and metrics. Nothing in it is secret. */

import type { ErrorCode } from "./error-codes.js";
import { HostFailure, misuse, SanskeyError, type Fault, type HostFailureKind, type Stage } from "./errors.js";
import type { Action, Ask, Goal, HttpResponse, Reply } from "./types.js";

/** What happened at one ask. It holds no secrets, and may be logged. */
export interface StepReport {
  /** Such as `sts` or `aws-role`; `sts-2` when it was tried again. */
  readonly askId: string;
  /** What it was about, whichever try it was: `sts` for `sts-2`. */
  readonly step: string;
  /** Which try of the step it was, from 1 on; of a wait, which try came after it. */
  readonly attempt: number;
  readonly action: Action["action"];
  /** Of an HTTP request. */
  readonly method?: string;
  /** Of the answer to an HTTP request. */
  readonly status?: number;
  /** Why there was no answer. */
  readonly failure?: HostFailureKind;
  readonly durationMs: number;
}

/** How one exchange ended. It holds no secrets, and may be logged. */
export interface ExchangeReport {
  /** What it was for. */
  readonly goal: Goal["goal"];
  readonly durationMs: number;
  /** How many HTTP requests were made. */
  readonly requests: number;
  /** Null if it succeeded. `other`: it was aborted, or the host or a listener threw what is no error of sanskey. */
  readonly error: ErrorCode | "other" | null;
  /** Which part of it failed. */
  readonly stage: Stage | null;
  /** Whose turn it is. */
  readonly fault: Fault | null;
}

/** Who is told. What a listener throws ends the exchange, or takes the place of its outcome. */
export interface Listeners {
  /** Called after each answered ask. */
  readonly onStep?: ((report: StepReport) => void) | undefined;
  /** Called once when an exchange is over, whichever way. */
  readonly onExchange?: ((report: ExchangeReport) => void) | undefined;
}

/** Other ways to be told, such as a channel of the process: whoever listens there at this moment, if anybody does. */
export type Channels = (about: "exchange" | "step") => ((report: object) => void) | undefined;

export function checkListeners({ onStep, onExchange }: Listeners): void {
  for (const [name, listener] of Object.entries({ onStep, onExchange })) {
    if (listener != null && typeof listener !== "function") throw misuse(`${name} must be a function.`);
  }
}

/** Makes a report if anybody listens; all get the same one. */
export function tell<Report extends object>(
  make: () => Report,
  ...listeners: readonly (((report: Report) => void) | null | undefined)[]
): void {
  const present = listeners.filter((listener) => listener != null);
  if (present.length === 0) return;
  const report = Object.freeze(make());
  for (const listener of present) listener(report);
}

export function stepReport(ask: Ask, reply: Reply, durationMs: number): StepReport {
  const { id, step, attempt, action } = ask;
  const base = { askId: id, step, attempt, action, durationMs };
  const request = ask.action === "http_request" ? { ...base, method: ask.method } : base;
  if (reply instanceof HostFailure) return { ...request, failure: reply.kind };
  return ask.action === "http_request" ? { ...request, status: (reply as HttpResponse)?.status } : request;
}

/** `problem` is what the exchange ended with, if it failed. */
export function exchangeReport(
  goal: Goal["goal"],
  durationMs: number,
  requests: number,
  problem: { readonly thrown: unknown } | undefined,
): ExchangeReport {
  const base = { goal, durationMs, requests };
  if (!problem) return { ...base, error: null, stage: null, fault: null };
  const { thrown } = problem;
  if (!(thrown instanceof SanskeyError)) return { ...base, error: "other", stage: null, fault: null };
  return { ...base, error: thrown.code, stage: thrown.stage ?? null, fault: thrown.fault };
}

import { seconds } from "./clock.js";
import { CredentialConfig, type ConfigInput } from "./config.js";
import { call, misuse } from "./errors.js";
import { goalText } from "./goals.js";
import type { NativeExchange } from "./native.js";
import type { ExchangeOptions, Goal, Now, Reply, Step } from "./types.js";
import { optionsText, repliesText, stepOf } from "./wire.js";

/**
 * One attempt at what the goal says, such as getting a token. It does no I/O itself: it says what it must be told, and is
 * told.
 *
 * ```js
 * const exchange = new Exchange(config, { goal: "access_token", scopes });
 * let step = exchange.poll();
 * while (step.step === "pending") {
 *   for (const ask of step.asks) exchange.reply(ask.id, await answer(ask));
 *   step = exchange.poll();
 * }
 * ```
 *
 * Most programs want `fetchToken`, which is this loop. Every method throws `SanskeyError`.
 */
export class Exchange {
  #native: NativeExchange | undefined;
  #clockSkewSeconds: number | null = null;

  constructor(config: ConfigInput, goal: Goal, options: ExchangeOptions = {}) {
    this.#native = nativeExchange(config, goal, options);
  }

  /** What is needed next, or the outcome. Polling twice changes nothing. */
  poll(now?: Now): Step {
    const exchange = this.#alive();
    const time = seconds(now);
    return this.#stepOf(call(() => exchange.poll(time)));
  }

  /** Answers one ask: with what the host method for its action returned, or with the `HostFailure` that it threw. */
  reply(id: string, reply: Reply): void {
    const exchange = this.#alive();
    const text = repliesText([[id, reply]]);
    call(() => exchange.reply(text));
  }

  /** Answers any number of asks, and polls. */
  advance(replies: Iterable<readonly [id: string, reply: Reply]>, now?: Now): Step {
    const exchange = this.#alive();
    const text = repliesText(replies);
    const time = seconds(now);
    return this.#stepOf(call(() => exchange.advance(text, time)));
  }

  /**
   * How many seconds a server's clock is ahead of this machine's, known once the exchange is done; negative if it is
   * behind. Null if nothing had to be signed again with the server's time.
   */
  get clockSkewSeconds(): number | null {
    return this.#clockSkewSeconds;
  }

  /**
   * Wipes and gives back the memory of the exchange, which must not be used afterwards. Without it the garbage
   * collector does so, some time.
   */
  free(): void {
    this.#native?.free?.();
    this.#native = undefined;
  }

  #stepOf(text: string): Step {
    const [step, clockSkewSeconds] = stepOf(text);
    this.#clockSkewSeconds = clockSkewSeconds;
    return step;
  }

  #alive(): NativeExchange {
    if (this.#native) return this.#native;
    throw misuse("The exchange has been freed.");
  }
}

/** One that the driver can drive. */
export function nativeExchange(config: ConfigInput, goal: Goal, options: ExchangeOptions): NativeExchange {
  const text = CredentialConfig.textOf(config);
  const wireGoal = goalText(goal);
  const wireOptions = optionsText(options);
  return call((native) => new native.NativeExchange(text, wireGoal, wireOptions));
}

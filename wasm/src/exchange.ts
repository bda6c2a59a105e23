import { seconds } from "./clock.js";
import { CredentialConfig, type ConfigInput } from "./config.js";
import { call } from "./errors.js";
import type { NativeExchange } from "./native.js";
import type { ExchangeOptions, Goal, Now, Reply, Step } from "./types.js";
import { goalText, misuse, optionsText, repliesText, stepOf } from "./wire.js";

/**
 * One attempt at getting a token, which does no I/O itself: it says what it must be told, and is told.
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

  constructor(config: ConfigInput, goal: Goal, options: ExchangeOptions = {}) {
    const text = CredentialConfig.textOf(config);
    const wireGoal = goalText(goal);
    const wireOptions = optionsText(options);
    this.#native = call((native) => new native.NativeExchange(text, wireGoal, wireOptions));
  }

  /** What is needed next, or the outcome. Polling twice changes nothing. */
  poll(now?: Now): Step {
    const exchange = this.#alive();
    const time = seconds(now);
    return stepOf(call(() => exchange.poll(time)));
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
    return stepOf(call(() => exchange.advance(text, time)));
  }

  /**
   * Wipes and gives back the memory of the exchange, which must not be used afterwards. Without it the garbage
   * collector does so, some time.
   */
  free(): void {
    this.#native?.free?.();
    this.#native = undefined;
  }

  #alive(): NativeExchange {
    if (this.#native) return this.#native;
    throw misuse("The exchange has been freed.");
  }
}

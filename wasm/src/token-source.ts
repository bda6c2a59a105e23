import { seconds } from "./clock.js";
import { CredentialConfig } from "./config.js";
import { checkDrive, drive, type FetchOptions, type FetchTokenOptions, type OutcomeOf, type Place } from "./driver.js";
import { call, misuse, SanskeyError } from "./errors.js";
import { goalText } from "./goals.js";
import type { NativeExchange, NativeTokenSource } from "./native.js";
import { unlessAborted, within } from "./promises.js";
import { supplied, withoutFunctions } from "./supplied.js";
import type { Token } from "./token.js";
import type { Goal, TokenGoal } from "./types.js";
import { optionsText, tokenOf } from "./wire.js";

/** Which tokens a source gives, and how it gets them: what `fetchToken` takes, but for `signal`. */
export interface TokenSourceOptions extends Omit<FetchTokenOptions, "signal"> {
  /** Another kind of token, such as `{ goal: "id_token", audience }`, in place of an access token with `scopes`. */
  readonly goal?: TokenGoal | undefined;
}

/** How long one caller waits. */
export interface CallOptions {
  /** Ends the waiting of this caller, who gets the signal's reason. Others are not affected. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How long somebody waits for an exchange that somebody else has begun. On Cloudflare Workers a promise of a request
 * that was cancelled never settles; no exchange that is worth waiting for takes as long.
 */
const PATIENCE_MS = 30_000;

interface Problem {
  readonly thrown: unknown;
}

/** The next token, or why there is none; both if the token that there is has to do. */
type Landing = { token: Token; problem: Problem | undefined } | { token: undefined; problem: Problem };

/** An exchange for the next token, which any number of callers wait for. */
interface Flight {
  readonly since: number;
  /** It never rejects: perhaps nobody waits for it any more. */
  readonly landing: Promise<Landing>;
}

/**
 * Gives a token that is good, and gets the next one in time.
 *
 * What the classes of this name in the packages share, which say how to get at the world.
 */
export class TokenSource {
  readonly #place: Place;
  readonly #goal: TokenGoal;
  readonly #options: Omit<FetchOptions, "signal">;
  #native: NativeTokenSource | undefined;
  /** The token that was got last, once it has been asked for. */
  #token: Token | undefined;
  /** The one to join, if there is one. */
  #flight: Flight | undefined;

  /** Nothing is asked. */
  protected constructor(place: Place, { goal, scopes, ...options }: TokenSourceOptions) {
    checkDrive(place.host, options);
    if ((options as CallOptions).signal != null) throw misuse("A token source has no signal; its methods have.");
    if (goal != null && scopes != null) throw misuse("The scopes belong into the goal where there is one.");
    const config = CredentialConfig.textOf(place.config);
    this.#place = { ...place, config };
    this.#goal = goal ?? { goal: "access_token", scopes };
    this.#options = options;
    const wireGoal = goalText(this.#goal);
    const wireOptions = optionsText({ ...withoutFunctions(options), apiClient: place.apiClient });
    this.#native = call((native) => new native.NativeTokenSource(config, wireGoal, wireOptions));
  }

  /** A token that is good. Throws what `fetchToken` throws, if there is none to be had. */
  async token({ signal }: CallOptions = {}): Promise<Token> {
    signal?.throwIfAborted();
    const advice = this.#look();
    if (advice === "use" || (advice === "renew" && this.#toJoin())) return this.#held();
    const { token, problem } = await this.#landed(signal, () => this.#takeOff());
    if (token) return token;
    throw problem.thrown;
  }

  /**
   * The next token, whatever there is: for one that an API has refused (401), with everything asked anew.
   *
   * If somebody is getting the next token already, that is it. What `token` gives is not lost if this fails.
   */
  async refresh({ signal }: CallOptions = {}): Promise<Token> {
    signal?.throwIfAborted();
    const { token, problem } = await this.#landed(signal, () => {
      this.#core((native) => native.forget());
      return this.#takeOff();
    });
    if (token && !problem) return token;
    throw problem?.thrown;
  }

  /**
   * Anything else in the same name, such as `{ goal: "sign_url", ... }`: what comes of it. The federated token is used
   * again, so that a signature costs one request. Throws `SanskeyError`.
   */
  async fetch<G extends Goal>(goal: G, { signal }: CallOptions = {}): Promise<OutcomeOf<G>> {
    signal?.throwIfAborted();
    const [outcome, problem] = await this.#exchanged(goal, goalText(goal), signal);
    if (problem) throw problem.thrown;
    return outcome;
  }

  /**
   * All that the source knows, as a text that holds secrets: for where it goes on, such as in the next invocation of a
   * function.
   */
  exportState(): string {
    return this.#core((native) => native.exportState());
  }

  /**
   * Goes on from an exported state. False if it is no state of the same configuration, goal and options, written by the
   * same version: then nothing has changed.
   */
  importState(state: string): boolean {
    if (typeof state !== "string") throw misuse("state must be a string.");
    const isOwn = this.#core((native) => native.importState(state, seconds(), uptime()));
    if (isOwn) this.#token = undefined;
    return isOwn;
  }

  /** Wipes and gives back the memory of the source, which must not be used afterwards. */
  free(): void {
    this.#native?.free?.();
    this.#native = undefined;
    this.#token = undefined;
  }

  #look(): string {
    return this.#core((native) => native.look(seconds(), uptime()));
  }

  /** Only after some exchange has got one. */
  #held(): Token {
    return (this.#token ??= tokenOf(this.#core((native) => native.token()) as string));
  }

  /** The exchange that somebody else is about, unless it takes too long already. */
  #toJoin(): Flight | undefined {
    const flight = this.#flight;
    return flight && (uptime() - flight.since) * 1000 < PATIENCE_MS ? flight : undefined;
  }

  /** What the exchange of somebody else comes to, or that which `takeOff` begins. */
  async #landed(signal: AbortSignal | undefined, takeOff: () => Flight): Promise<Landing> {
    // One that takes long may land after all, and then it is everybody's who has waited for it.
    const joined: Promise<Landing>[] = [];
    for (let other = this.#toJoin(); other; other = this.#toJoin()) {
      joined.push(other.landing);
      const landing = await within(PATIENCE_MS - (uptime() - other.since) * 1000, signal, Promise.race(joined));
      if (landing) return landing;
      // Nobody else should join it. (By now there may be a newer one.)
      this.#leave(other);
    }
    joined.push(takeOff().landing);
    return unlessAborted(signal, Promise.race(joined));
  }

  #takeOff(): Flight {
    // Not before it can be joined: a function that is asked may ask this source.
    const landing = Promise.resolve().then(() => this.#next()).finally(() => this.#leave(flight));
    const flight = { since: uptime(), landing };
    this.#flight = flight;
    return flight;
  }

  #leave(flight: Flight): void {
    if (this.#flight === flight) this.#flight = undefined;
  }

  async #next(): Promise<Landing> {
    try {
      const [, problem, settled] = await this.#exchanged(this.#goal, undefined, undefined);
      if (!problem) return { token: this.#held(), problem };
      // A listener may have thrown after all had gone well.
      if (settled === "new" || this.#look() === "refresh") return { token: undefined, problem };
      this.#warn(problem);
      return { token: this.#held(), problem };
    } catch (thrown) {
      // The source has been freed meanwhile.
      return { token: undefined, problem: { thrown } };
    }
  }

  /** An outcome, or why there is none, and what the source makes of it. Whoever is called may throw anything. */
  async #exchanged<G extends Goal>(
    goal: G,
    wireGoal: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<[outcome: OutcomeOf<G>, problem?: undefined] | [outcome: undefined, problem: Problem, settled: string | undefined]> {
    for (let isFirst = true; ; isFirst = false) {
      let settled: string | undefined;
      try {
        const known = await unlessAborted(signal, supplied(this.#place.config, goal, this.#options));
        const options = optionsText({ ...known, apiClient: this.#place.apiClient });
        const exchange = this.#core((native) => native.exchange(wireGoal, options, seconds(), uptime()));
        try {
          return [await drive(exchange, goal, this.#place, { ...this.#options, signal })];
        } finally {
          settled = this.#settle(exchange);
        }
      } catch (thrown) {
        // Nobody has been asked, because somebody who was to supply a proof has failed.
        if (settled === undefined && wireGoal === undefined) this.#core((native) => native.fail(seconds(), uptime()));
        // Once is enough, also if others fill the memory meanwhile.
        if (settled !== "again" || !isFirst) return [undefined, { thrown }, settled];
      }
    }
  }

  #settle(exchange: NativeExchange): string {
    try {
      const settled = this.#core((native) => native.settle(exchange, seconds(), uptime()));
      if (settled === "new") this.#token = undefined;
      return settled;
    } finally {
      exchange.free?.();
    }
  }

  /** What a host has thrown may hold secrets. */
  #warn({ thrown }: Problem): void {
    const why = thrown instanceof SanskeyError ? ` (${thrown.code})` : "";
    const until = this.#held().expiresAt.toISOString();
    try {
      const message = `The next token could not be got${why}; the one that there is is used until ${until} at the latest.`;
      this.#place.host.warn?.(message, "token_kept");
    } catch {
      // There is a token, and nobody is to lose it over a warning.
    }
  }

  #core<T>(work: (native: NativeTokenSource) => T): T {
    const native = this.#native;
    if (!native) throw misuse("The token source has been freed.");
    return call(() => work(native));
  }
}

/** Seconds of a clock that nobody sets. Where it stands still, as in Workers without I/O, the time of day goes on. */
function uptime(): number {
  return performance.now() / 1000;
}

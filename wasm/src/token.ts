import { seconds } from "./clock.js";
import { call } from "./errors.js";
import { REDACTED } from "./redact.js";
import type { Now } from "./types.js";

/** `federated`: issued by Google's STS to the workload itself. `service_account`: issued to the impersonated account. */
export type TokenKind = "federated" | "service_account";

/** `fresh`: use it. `stale`: it still works, and is worth replacing. `expired`: do not use it. */
export type Freshness = "expired" | "fresh" | "stale";

/** An access token. Printing it, also as JSON, does not show its value. */
export class Token {
  readonly #value: string;
  readonly #expiresAt: number;
  /** Whose token it is. */
  readonly kind: TokenKind;

  constructor(value: string, expiresAt: Now, kind: TokenKind) {
    this.#value = value;
    this.#expiresAt = seconds(expiresAt);
    this.kind = kind;
  }

  /** The bearer value, for `Authorization: Bearer ...`. A secret. */
  get value(): string {
    return this.#value;
  }

  /** When Google stops accepting it. */
  get expiresAt(): Date {
    return new Date(this.#expiresAt * 1000);
  }

  /** Whether to use it or to get another one. */
  freshness(now?: Now): Freshness {
    return call((native) => native.tokenFreshness(this.#expiresAt, seconds(now))) as Freshness;
  }

  toJSON(): { value: string; expiresAt: string; kind: TokenKind } {
    return { value: REDACTED, expiresAt: this.expiresAt.toISOString(), kind: this.kind };
  }

  toString(): string {
    return `Token(${this.kind}, expires at ${this.expiresAt.toISOString()})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

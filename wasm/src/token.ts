import { seconds } from "./clock.js";
import { call, misuse } from "./errors.js";
import { REDACTED } from "./redact.js";
import type { Now } from "./types.js";

/**
 * `federated`: issued by Google's STS to the workload, or to the person, itself. `service_account`: issued to the
 * impersonated account. `id_token`: that account's OpenID Connect token. `delegated`: issued to the account for a person
 * of a Google Workspace domain. `downscoped`: good for less than the token that it was made of.
 */
export type TokenKind = "delegated" | "downscoped" | "federated" | "id_token" | "service_account";

/** `fresh`: use it. `stale`: it still works, and is worth replacing. `expired`: do not use it. */
export type Freshness = "expired" | "fresh" | "stale";

/** What Google's Security Token Service knows about a token (RFC 7662 section 2.2). */
export interface TokenInfo {
  /** Whether the token is good. Of one that is not, nothing else is known. */
  readonly active: boolean;
  readonly username: string | null;
  readonly scopes: readonly string[];
  readonly clientId: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly expiresAt: Date | null;
  readonly issuedAt: Date | null;
}

/** An access token. Printing it, also as JSON, does not show its value. */
export class Token {
  readonly #value: string;
  readonly #expiresAt: number;
  readonly #refreshToken: string | null;
  /** Whose token it is. */
  readonly kind: TokenKind;

  constructor(value: string, expiresAt: Now, kind: TokenKind, refreshToken: string | null = null) {
    this.#value = value;
    this.#expiresAt = seconds(expiresAt);
    this.kind = kind;
    this.#refreshToken = refreshToken;
  }

  /** The bearer value, for `Authorization: Bearer ...`. A secret. */
  get value(): string {
    return this.#value;
  }

  /** When Google stops accepting it. */
  get expiresAt(): Date {
    return new Date(this.#expiresAt * 1000);
  }

  /**
   * The login's new refresh token, which replaces the one in the configuration (`withRefreshToken`): the old one may
   * not work any more. Null if there is no new one. A secret.
   */
  get refreshToken(): string | null {
    return this.#refreshToken;
  }

  /** Whether to use it or to get another one. */
  freshness(now?: Now): Freshness {
    return call((native) => native.tokenFreshness(this.#expiresAt, seconds(now))) as Freshness;
  }

  toJSON(): { value: string; expiresAt: string; kind: TokenKind; refreshToken?: string } {
    const shown = { value: REDACTED, expiresAt: this.expiresAt.toISOString(), kind: this.kind };
    return this.#refreshToken === null ? shown : { ...shown, refreshToken: REDACTED };
  }

  toString(): string {
    return `Token(${this.kind}, expires at ${this.expiresAt.toISOString()})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** The value of a token that was given as either. The packages sanskey and sanskey-wasm take each other's tokens. */
export function valueOf(token: string | Token): string {
  const value: unknown = typeof token === "string" ? token : (token as Token | null | undefined)?.value;
  if (typeof value === "string") return value;
  throw misuse("token must be a Token, or its value.");
}

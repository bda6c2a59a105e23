import { native, type Native } from "./native.js";
import type { ErrorCode } from "./error-codes.js";

/**
 * Whose turn it is: `config` fix the configuration file, `host` the network, file system or program of this machine
 * failed, `remote` the server said no, `misuse` fix the calling program.
 */
export type Fault = "config" | "host" | "misuse" | "remote";

/** Which part of an exchange failed. */
export type Stage = "aws_sts" | "config" | "delegation" | "id_token" | "impersonation" | "sign" | "source" | "sts";

/** What `SanskeyError` is made of. */
export interface SanskeyErrorFields {
  readonly code: ErrorCode;
  readonly fault: Fault;
  readonly message: string;
  readonly hint: string;
  readonly stage?: Stage | undefined;
  readonly askId?: string | undefined;
  readonly status?: number | undefined;
  readonly retryable?: boolean | undefined;
  readonly field?: string | undefined;
  readonly error?: string | undefined;
  readonly errorDescription?: string | undefined;
  /** What was thrown underneath. */
  readonly cause?: unknown;
}

// Two copies of this file may meet in one process (ESM and CommonJS, two versions). `instanceof` holds across them.
const sanskeyBrand = Symbol.for("sanskey.SanskeyError");
const hostFailureBrand = Symbol.for("sanskey.HostFailure");

function isBranded(value: unknown, brand: symbol): boolean {
  return typeof value === "object" && value !== null && brand in value;
}

/**
 * Why there is no token. It never holds a secret.
 *
 * `message` says what happened. As text, and on the first line of the stack trace, the error is
 * `SanskeyError: code: message hint`, so that whatever prints it says what to do.
 */
export class SanskeyError extends Error {
  /** Stable, for programs. */
  declare readonly code: ErrorCode;
  declare readonly fault: Fault;
  /** What to do next, for people. */
  declare readonly hint: string;
  /** Whether the same call may succeed later. The exchange has already tried as often as is polite. */
  declare readonly retryable: boolean;
  declare readonly stage: Stage | undefined;
  /** Which ask failed, such as `sts` or `aws-role`. */
  declare readonly askId: string | undefined;
  /** The HTTP status of the refusal. */
  declare readonly status: number | undefined;
  /** The field of the configuration to fix, such as `credential_source.url`. */
  declare readonly field: string | undefined;
  /** The server's own error code, such as `invalid_grant`. */
  declare readonly error: string | undefined;
  /** The server's own words. */
  declare readonly errorDescription: string | undefined;

  constructor(fields: SanskeyErrorFields) {
    const { message, cause, ...rest } = fields;
    super(fullText(fields), cause === undefined ? undefined : { cause });
    // Some engines write the stack trace when it is first looked at. Its first line is to have the full text.
    void this.stack;
    Object.defineProperty(this, "message", { value: message, configurable: true, writable: true });
    for (const [name, value] of Object.entries({ retryable: false, ...rest })) {
      // Absent fields are left out, so that a printed error shows what is known and nothing else.
      if (value !== undefined && value !== null) Object.defineProperty(this, name, { enumerable: true, value });
    }
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === SanskeyError ? isBranded(value, sanskeyBrand) : Function.prototype[Symbol.hasInstance].call(this, value);
  }

  override toString(): string {
    return `${this.name}: ${fullText(this)}`;
  }

  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...(this as object) };
  }
}

function fullText({ code, message, hint }: SanskeyErrorFields): string {
  return [`${code}: ${message}`, hint].filter(Boolean).join(" ");
}

Object.defineProperty(SanskeyError.prototype, "name", { value: "SanskeyError" });
Object.defineProperty(SanskeyError.prototype, sanskeyBrand, { value: true });

/** `denied`: not permitted. `unsupported`: this host has no such thing. Of the others, the first two are tried again. */
export type HostFailureKind = "denied" | "other" | "timeout" | "unreachable" | "unsupported";

/** What a host method throws if it could not do what it was asked. The message must not hold secrets. */
export class HostFailure extends Error {
  readonly kind: HostFailureKind;

  constructor(kind: HostFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === HostFailure ? isBranded(value, hostFailureBrand) : Function.prototype[Symbol.hasInstance].call(this, value);
  }
}
Object.defineProperty(HostFailure.prototype, "name", { value: "HostFailure" });
Object.defineProperty(HostFailure.prototype, hostFailureBrand, { value: true });

/** Calls into the core, and turns what it throws into `SanskeyError`. */
export function call<T>(work: (native: Native) => T): T {
  const core = native();
  if (!core) {
    throw new SanskeyError({
      code: "invalid_argument",
      fault: "misuse",
      message: "sanskey-wasm/slim has no module to run.",
      hint: "Call init(module) with the WebAssembly module or its bytes first, or import sanskey-wasm.",
    });
  }
  try {
    return work(core);
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

/** The core throws the error's JSON: as a string from wasm, as an `Error`'s message from the Node addon. */
function fromNative(thrown: unknown): unknown {
  const text = thrown instanceof Error ? thrown.message : thrown;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(text as string);
    if (typeof fields.code !== "string") throw thrown;
  } catch {
    // A wrong type of argument, found before the core was reached, says itself what is wrong.
    if (thrown instanceof TypeError) return thrown;
    return new SanskeyError({
      code: "bug",
      fault: "misuse",
      message: "The core failed in a way that it never should.",
      hint: "This is a defect of sanskey. Please report it with what was called, and without any secrets.",
    });
  }
  const { ask_id: askId, error_description: errorDescription, ...rest } = fields;
  if (fields.code === "invalid_argument") rest.message = withOwnNames(String(fields.message));
  return new SanskeyError({ ...rest, askId, errorDescription } as unknown as SanskeyErrorFields);
}

/** The core names arguments as its JSON does; here they are spelled as in JavaScript. */
function withOwnNames(message: string): string {
  return message.replace(/^(In the \w+, |The (argument|parameter) )[\w.]+/, (names) =>
    names.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

/** An error that is found before the core is reached. */
export function misuse(message: string): SanskeyError {
  const hint = "Correct the argument that the message names.";
  return new SanskeyError({ code: "invalid_argument", fault: "misuse", message, hint });
}

import { textOfParts, textOfProvider, type ConfigParts, type ProviderParts } from "./config-parts.js";
import { call, misuse } from "./errors.js";
import { sealed } from "./redact.js";
import { valueOf, type Token } from "./token.js";

/**
 * Whatever a configuration can be given as: the object, its JSON text (a string, or UTF-8 in a `Uint8Array`), or the
 * parsed JSON. The package `sanskey` also takes the path of its file: a string, or a `file:` URL.
 */
export type ConfigInput = CredentialConfig | string | object;

interface WireSummary {
  type: string;
  audience: string;
  subject_token_type: string;
  source: string;
  token_url: string;
  service_account_impersonation_url: string | null;
  service_account_email: string | null;
  token_lifetime_seconds: number | null;
  quota_project_id: string | null;
  universe_domain: string;
  client_id: string | null;
  project_number: string | null;
}

// The packages sanskey and sanskey-wasm each have this class, and take each other's objects.
const textOfConfig = Symbol.for("sanskey.CredentialConfig.text");

/**
 * A credential configuration (AIP-4117): the JSON that `gcloud iam workload-identity-pools create-cred-config` writes.
 * It has been read and found sound. Unknown fields are ignored.
 */
export class CredentialConfig {
  readonly #text: string;
  /** `external_account`, `external_account_authorized_user` or `impersonated_service_account`. */
  readonly type: string;
  /** The workload identity pool provider, `//iam.googleapis.com/projects/...`. A login may have none, `""`. */
  readonly audience: string;
  /** What the proof of identity is, as a URN (RFC 8693 section 3); `""` for a login. */
  readonly subjectTokenType: string;
  /** Where the proof of identity comes from, such as `aws`; `authorized_user` for a login. */
  readonly source: string;
  readonly tokenUrl: string;
  /** Absent if the workload acts as itself. */
  readonly serviceAccountImpersonationUrl: string | null;
  readonly serviceAccountEmail: string | null;
  readonly tokenLifetimeSeconds: number | null;
  readonly quotaProjectId: string | null;
  readonly universeDomain: string;
  readonly clientId: string | null;
  /** The number of the project that the pool is in. */
  readonly projectNumber: string | null;

  /** Use `fromJson`, `fromObject`, `fromParts` or `fromProvider`. */
  protected constructor(text: string) {
    const summary = JSON.parse(call((native) => native.configSummary(text))) as WireSummary;
    this.#text = text;
    this.type = summary.type;
    this.audience = summary.audience;
    this.subjectTokenType = summary.subject_token_type;
    this.source = summary.source;
    this.tokenUrl = summary.token_url;
    this.serviceAccountImpersonationUrl = summary.service_account_impersonation_url;
    this.serviceAccountEmail = summary.service_account_email;
    this.tokenLifetimeSeconds = summary.token_lifetime_seconds;
    this.quotaProjectId = summary.quota_project_id;
    this.universeDomain = summary.universe_domain;
    this.clientId = summary.client_id;
    this.projectNumber = summary.project_number;
  }

  /** Reads and checks the JSON text of a configuration. Throws `SanskeyError`, whose `field` names what to correct. */
  static fromJson(text: string | Uint8Array): CredentialConfig {
    if (typeof text === "string" || isA(text, "Uint8Array")) return new this(this.textOf(text));
    throw misuse("CredentialConfig.fromJson takes JSON text: a string or a Uint8Array.");
  }

  /** The same for JSON that has been parsed. */
  static fromObject(object: object): CredentialConfig {
    return new this(this.textOf(object));
  }

  /**
   * A new configuration for a provider of a workload identity pool, without a file and without gcloud:
   *
   *     CredentialConfig.fromParts({ projectNumber: "123456789012", pool: "my-pool", provider: "my-provider", source: "aws" })
   *
   * Throws `SanskeyError`: with the `field` of the configuration to correct, or `invalid_argument` for a wrong type.
   */
  static fromParts(parts: ConfigParts): CredentialConfig {
    return new this(textOfParts(parts));
  }

  /**
   * The same with the provider by its full name: `locations/global/workforcePools/POOL/providers/PROVIDER`, or
   * `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
   */
  static fromProvider(provider: string, parts: ProviderParts): CredentialConfig {
    return new this(textOfProvider(provider, parts));
  }

  /**
   * The JSON text, as it was given, or as gcloud writes it for the parts that were given. Where a client secret was in
   * the configuration it is in the text; `JSON.stringify` does not use this.
   */
  toJson(): string {
    return this.#text;
  }

  /** The same configuration with another `quota_project_id`. Throws `SanskeyError` if it cannot be one. */
  withQuotaProject(id: string): CredentialConfig {
    if (typeof id !== "string") throw misuse("id must be a string.");
    return this.#with((members) => (members.quota_project_id = id));
  }

  /**
   * The same login with another refresh token, such as `Token.refreshToken`. Every other member and the order of all stay
   * as they are. Throws `SanskeyError` if this is not a login: neither an `external_account_authorized_user` nor one that
   * a service account is impersonated with.
   */
  withRefreshToken(token: string): CredentialConfig {
    if (typeof token !== "string") throw misuse("token must be a string.");
    if (this.source !== "authorized_user") throw misuse("Only an external_account_authorized_user has a refresh token.");
    const isLogin = this.type === "external_account_authorized_user";
    return this.#with((members) => {
      const login = isLogin ? members : (members.source_credentials as Record<string, unknown>);
      login.refresh_token = token;
    });
  }

  /**
   * The headers of a request to a Google Cloud API: `authorization`, and `x-goog-user-project` if the configuration names
   * a quota project. The token is what `fetchToken` gave, or its value. Printing the object does not show their values.
   */
  requestHeaders(token: string | Token): Readonly<Record<string, string>> {
    const value = valueOf(token);
    const pairs = call((native) => native.requestHeaders(value, this.quotaProjectId ?? undefined));
    return sealed({}, Object.fromEntries(JSON.parse(pairs) as [string, string][]));
  }

  /** @internal The JSON text of any form of a configuration. */
  static textOf(config: ConfigInput): string {
    if (typeof config === "string") return config;
    if (typeof config !== "object" || config === null) throw misuse(ACCEPTED);
    if (isA(config, "Uint8Array")) return decoded(config as Uint8Array);
    const own = (config as { [textOfConfig]?: unknown })[textOfConfig];
    if (typeof own === "function") return own.call(config) as string;
    if (isA(config, "Promise")) throw misuse("The configuration is a promise, and must be awaited.");
    const text: unknown = JSON.stringify(config);
    // What is no plain object, such as a URL, is a JSON string, or nothing.
    if (typeof text !== "string" || text.startsWith('"')) throw misuse(ACCEPTED);
    return text;
  }

  #with(change: (members: Record<string, unknown>) => void): CredentialConfig {
    // In front of JSON text there may be a byte order mark.
    const members = JSON.parse(this.#text.replace(/^\uFEFF/, "")) as Record<string, unknown>;
    change(members);
    return (this.constructor as typeof CredentialConfig).fromJson(JSON.stringify(members, null, 2));
  }

  /** @internal On the prototype, where nothing prints it. */
  [textOfConfig](): string {
    return this.#text;
  }
}

const ACCEPTED =
  "The configuration must be its JSON text (a string or a Uint8Array), the parsed JSON, or a CredentialConfig.";

/** `instanceof` for what may come from another realm, such as that of a test runner. */
export function isA(value: unknown, name: "Promise" | "URL" | "Uint8Array"): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw misuse("The configuration's bytes are not UTF-8 text.");
  }
}

import { call } from "./errors.js";
import { misuse } from "./wire.js";

/** Whatever a configuration can be given as: the object, its JSON text, or the parsed JSON. */
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

/**
 * A credential configuration (AIP-4117): the JSON that `gcloud iam workload-identity-pools create-cred-config` writes.
 * It has been read and found sound. Unknown fields are ignored.
 */
export class CredentialConfig {
  readonly #text: string;
  /** `external_account`. */
  readonly type: string;
  /** The workload identity pool provider, `//iam.googleapis.com/projects/...`. */
  readonly audience: string;
  readonly subjectTokenType: string;
  /** Where the proof of identity comes from, such as `aws`. */
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

  /** Use `fromJson` or `fromObject`. */
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
  static fromJson(text: string): CredentialConfig {
    if (typeof text !== "string") throw misuse("CredentialConfig.fromJson takes a string.");
    return new this(text);
  }

  /** The same for JSON that has been parsed. */
  static fromObject(object: object): CredentialConfig {
    return new this(this.textOf(object));
  }

  /** @internal The JSON text of any form of a configuration. */
  static textOf(config: ConfigInput): string {
    if (typeof config === "string") return config;
    if (typeof config !== "object" || config === null) throw misuse("The configuration must be an object or JSON text.");
    return #text in config ? config.#text : JSON.stringify(config);
  }
}

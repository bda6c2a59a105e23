import { CredentialConfig, type ConfigInput } from "./config.js";
import { call } from "./errors.js";
import { membersOf, TEXT, TEXTS } from "./members.js";
import type { Endpoints } from "./types.js";

/** One thing that is wrong with a configuration, or that is hardly meant so. Nothing in it is secret. */
export interface Finding {
  /** `error`: the configuration is refused for it. `warning`: it is accepted. */
  readonly severity: "error" | "warning";
  /** Stable. Of an error it is an `ErrorCode`. */
  readonly code: string;
  /** Such as `credential_source.url`; null if the text is no JSON object. */
  readonly field: string | null;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Where the URLs of a configuration may lead. */
export interface CheckOptions {
  /** Default: `google`. */
  readonly endpoints?: Endpoints | undefined;
  /** Hosts, besides the well-known ones, that may give the proof of identity. */
  readonly tokenServers?: readonly string[] | undefined;
}

/**
 * Everything that is wrong with a configuration, and then what is hardly meant so. A field is spoken of once.
 *
 * Takes what `fetchToken` takes, sound or not. There is an error among the findings if, and only if, `fetchToken` would
 * refuse the configuration before it asked for anything. Throws `SanskeyError` if there is no text to check.
 */
export function checkConfig(config: ConfigInput, options: CheckOptions = {}): Finding[] {
  const text = CredentialConfig.textOf(config);
  const wireOptions = JSON.stringify(membersOf("options", options, { endpoints: TEXT, tokenServers: TEXTS }) ?? {});
  return JSON.parse(call((native) => native.checkConfig(text, wireOptions))) as Finding[];
}

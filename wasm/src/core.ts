/** The wasm package but for the bytes of the module: all its entries share one copy of this. */

import type { ConfigInput } from "./config.js";
import { fetchTokenWith, type FetchTokenOptions } from "./driver.js";
import { fetchHost } from "./hosts/fetch-host.js";
import type { Token } from "./token.js";

export * from "./api.js";
export { checkConfig } from "./check.js";
export { CredentialConfig } from "./config.js";

/**
 * Gets a Google access token for the workload that `config` describes: a `CredentialConfig`, the JSON text, or the
 * parsed JSON. Throws `SanskeyError`.
 *
 * Without `host` it uses the global `fetch` and no environment variables.
 */
export function fetchToken(config: ConfigInput, options: FetchTokenOptions = {}): Promise<Token> {
  return fetchTokenWith(options.host ?? fetchHost(), config, options);
}

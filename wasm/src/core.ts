/** The wasm package but for the bytes of the module: all its entries share one copy of this. */

import type { ConfigInput } from "./config.js";
import {
  fetchTokenWith, introspectTokenWith, revokeLoginWith, type FetchTokenOptions, type RunOptions,
} from "./driver.js";
import { fetchHost } from "./hosts/fetch-host.js";
import type { Token, TokenInfo } from "./token.js";

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

/**
 * Asks Google's Security Token Service whose a federated token is, and whether it is good (RFC 7662). The token is one
 * that `config` gives without a service account, or its value. The service answers OAuth clients: `config` must have
 * `client_id` and `client_secret`. Throws `SanskeyError`.
 */
export function introspectToken(config: ConfigInput, token: string | Token, options: RunOptions = {}): Promise<TokenInfo> {
  return introspectTokenWith(options.host ?? fetchHost(), config, token, options);
}

/**
 * Ends a person's login: revokes the refresh token of an `external_account_authorized_user` (RFC 7009). Throws
 * `SanskeyError`.
 */
export function revokeLogin(config: ConfigInput, options: RunOptions = {}): Promise<void> {
  return revokeLoginWith(options.host ?? fetchHost(), config, options);
}

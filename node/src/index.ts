import { checkConfig as checkText, type CheckOptions, type Finding } from "../../wasm/src/check.js";
import type { ConfigInput } from "../../wasm/src/config.js";
import {
  fetchTokenWith, introspectTokenWith, revokeLoginWith, type FetchTokenOptions, type RunOptions,
} from "../../wasm/src/driver.js";
import type { Token, TokenInfo } from "../../wasm/src/token.js";
import { resolveConfig } from "./config.js";
import { nodeHost } from "./host/node-host.js";

export * from "../../wasm/src/api.js";
export { backend, type Backend } from "./backend.js";
export { CredentialConfig } from "./config.js";
export { nodeHost, type NodeHost, type NodeHostOptions } from "./host/node-host.js";

/**
 * Gets a Google access token for the workload that `config` describes: a `CredentialConfig`, the path of its file, the
 * JSON text, or the parsed JSON. Throws `SanskeyError`.
 *
 * Without `host` it uses `nodeHost()`.
 */
export async function fetchToken(config: ConfigInput, options: FetchTokenOptions = {}): Promise<Token> {
  // What asks, in the words of Google's own libraries.
  const apiClient = `gl-node/${process.versions.node}`;
  return fetchTokenWith(options.host ?? nodeHost(), resolveConfig(config), { ...options, apiClient });
}

/**
 * Asks Google's Security Token Service whose a federated token is, and whether it is good (RFC 7662). The token is one
 * that `config` gives without a service account, or its value. The service answers OAuth clients: `config` must have
 * `client_id` and `client_secret`. Throws `SanskeyError`.
 */
export async function introspectToken(
  config: ConfigInput,
  token: string | Token,
  options: RunOptions = {},
): Promise<TokenInfo> {
  return introspectTokenWith(options.host ?? nodeHost(), resolveConfig(config), token, options);
}

/**
 * Ends a person's login: revokes the refresh token of an `external_account_authorized_user` (RFC 7009). Throws
 * `SanskeyError`.
 */
export async function revokeLogin(config: ConfigInput, options: RunOptions = {}): Promise<void> {
  return revokeLoginWith(options.host ?? nodeHost(), resolveConfig(config), options);
}

/**
 * Everything that is wrong with a configuration, and then what is hardly meant so. A field is spoken of once.
 *
 * Takes what `fetchToken` takes, sound or not. There is an error among the findings if, and only if, `fetchToken` would
 * refuse the configuration before it asked for anything. Throws `SanskeyError` if there is no text to check, such as for
 * a file that is not there.
 */
export function checkConfig(config: ConfigInput, options: CheckOptions = {}): Finding[] {
  return checkText(resolveConfig(config), options);
}

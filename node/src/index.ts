import { checkConfig as checkText, type CheckOptions, type Finding } from "../../wasm/src/check.js";
import type { ConfigInput } from "../../wasm/src/config.js";
import { fetchTokenWith, type FetchTokenOptions } from "../../wasm/src/driver.js";
import type { Token } from "../../wasm/src/token.js";
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
  return fetchTokenWith(options.host ?? nodeHost(), resolveConfig(config), options);
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

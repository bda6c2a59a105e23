import type { ConfigInput } from "../../wasm/src/config.js";
import type { Place, RunOptions } from "../../wasm/src/driver.js";
import { channels } from "./channels.js";
import { resolveConfig } from "./config.js";
import { nodeHost } from "./host/node-host.js";

/** What asks is told in the words of Google's own libraries. */
export function placeOf(config: ConfigInput, options?: RunOptions): Place {
  const apiClient = `gl-node/${process.versions.node}`;
  return { host: options?.host ?? nodeHost(), config: resolveConfig(config), apiClient, channels };
}

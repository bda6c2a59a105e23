import type { ConfigInput } from "../../wasm/src/config.js";
import { TokenSource as Shared, type TokenSourceOptions } from "../../wasm/src/token-source.js";
import { placeOf } from "./place.js";

/**
 * Gives a token that is good, and gets the next one in time. One source serves all of a program.
 *
 * A token is renewed in its last four minutes, by the first caller that asks then; the others get the one that there is.
 * Where there is none to use, all wait for the same exchange. If the renewal fails, the token that there is is given as
 * long as it is good, `host.warn` is told, and it is tried again 15 seconds later at the earliest; without such a token
 * everybody who waits gets the error, and the next call tries again.
 *
 * AWS credentials, the region and the federated token are used again as long as they are good, so that a refresh on EC2
 * costs two requests. What proves the identity is asked anew each time: environment, files, functions. Nothing runs in
 * the background. Printing a source shows no secret.
 */
export class TokenSource extends Shared {
  /**
   * Takes what `fetchToken` takes; a file with the configuration is read now. Nothing else is asked yet. Throws
   * `SanskeyError` if that can be of no use.
   */
  constructor(config: ConfigInput, options: TokenSourceOptions = {}) {
    super(placeOf(config, options), options);
  }
}

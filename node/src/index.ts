import { checkConfig as checkText, type CheckOptions, type Finding } from "../../wasm/src/check.js";
import type { ConfigInput } from "../../wasm/src/config.js";
import {
  fetchTokenWith, introspectTokenWith, revokeLoginWith, type FetchOptions, type FetchTokenOptions, type RunOptions,
} from "../../wasm/src/driver.js";
import {
  fetchDelegatedTokenWith, fetchDownscopedTokenWith, fetchIdTokenWith, signBlobWith, signJwtWith, signUrlWith,
} from "../../wasm/src/service-account.js";
import type { Token, TokenInfo } from "../../wasm/src/token.js";
import type {
  DelegatedTokenParams, DownscopedTokenParams, IdTokenParams, SignBlobParams, SignedBlob, SignedJwt, SignedUrl,
  SignJwtParams, SignUrlParams,
} from "../../wasm/src/types.js";
import { resolveConfig } from "./config.js";
import { placeOf } from "./place.js";

export * from "../../wasm/src/api.js";
export { backend, type Backend } from "./backend.js";
export { CredentialConfig } from "./config.js";
export {
  createAuthClient, createGoogleAuth, type AuthClientOptions, type GoogleAuthClasses, type GoogleClass,
} from "./google-auth.js";
export { nodeHost, type NodeHost, type NodeHostOptions } from "./host/node-host.js";
export { TokenSource } from "./token-source.js";

/**
 * Gets a Google access token for the workload that `config` describes: a `CredentialConfig`, the path of its file, the
 * JSON text, or the parsed JSON. Throws `SanskeyError`.
 *
 * Without `host` it uses `nodeHost()`.
 */
export async function fetchToken(config: ConfigInput, options: FetchTokenOptions = {}): Promise<Token> {
  return fetchTokenWith(placeOf(config, options), options);
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
  return introspectTokenWith(placeOf(config, options), token, options);
}

/**
 * Ends a person's login: revokes the refresh token of an `external_account_authorized_user` (RFC 7009). Throws
 * `SanskeyError`.
 */
export async function revokeLogin(config: ConfigInput, options: RunOptions = {}): Promise<void> {
  return revokeLoginWith(placeOf(config, options), options);
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

/**
 * Gets an ID token of the configuration's service account, for services that want to know who calls. The workload needs
 * no more than `roles/iam.workloadIdentityUser` on the account. Throws `SanskeyError`.
 */
export async function fetchIdToken(config: ConfigInput, options: IdTokenParams & FetchOptions): Promise<Token> {
  return fetchIdTokenWith(placeOf(config, options), options);
}

/**
 * Has the configuration's service account sign bytes. The workload needs `roles/iam.serviceAccountTokenCreator` on the
 * account. Throws `SanskeyError`.
 */
export async function signBlob(config: ConfigInput, options: SignBlobParams & FetchOptions): Promise<SignedBlob> {
  return signBlobWith(placeOf(config, options), options);
}

/**
 * Has the configuration's service account sign a JWT. The workload needs `roles/iam.serviceAccountTokenCreator` on the
 * account. Throws `SanskeyError`.
 */
export async function signJwt(config: ConfigInput, options: SignJwtParams & FetchOptions): Promise<SignedJwt> {
  return signJwtWith(placeOf(config, options), options);
}

/**
 * Makes a URL of Cloud Storage that carries the permission of the configuration's service account (version 4). The
 * workload needs `roles/iam.serviceAccountTokenCreator` on the account, and the account a role on the object. Throws
 * `SanskeyError`.
 */
export async function signUrl(config: ConfigInput, options: SignUrlParams & FetchOptions): Promise<SignedUrl> {
  return signUrlWith(placeOf(config, options), options);
}

/**
 * Gets an access token for a person of a Google Workspace domain, for whom the configuration's service account acts. The
 * workload needs `roles/iam.serviceAccountTokenCreator` on the account. Throws `SanskeyError`.
 */
export async function fetchDelegatedToken(config: ConfigInput, options: DelegatedTokenParams & FetchOptions): Promise<Token> {
  return fetchDelegatedTokenWith(placeOf(config, options), options);
}

/**
 * Gets an access token that is good for less than the configuration allows, with or without a service account. Throws
 * `SanskeyError`.
 */
export async function fetchDownscopedToken(config: ConfigInput, options: DownscopedTokenParams & FetchOptions): Promise<Token> {
  return fetchDownscopedTokenWith(placeOf(config, options), options);
}

/** What is done in the name of a service account, whatever the host is. */

import { fetchWith, type FetchOptions, type Place } from "./driver.js";
import { misuse } from "./errors.js";
import type { Token } from "./token.js";
import type {
  DelegatedTokenParams, DownscopedTokenParams, IdTokenParams, SignBlobParams, SignedBlob, SignedJwt, SignedUrl,
  SignJwtParams, SignUrlParams,
} from "./types.js";

export async function fetchIdTokenWith(place: Place, options: IdTokenParams & FetchOptions): Promise<Token> {
  const { audience, includeEmail, ...others } = given(options);
  return (await fetchWith(place, { goal: "id_token", audience, includeEmail }, others)).token;
}

export async function signBlobWith(place: Place, options: SignBlobParams & FetchOptions): Promise<SignedBlob> {
  const { payload, ...others } = given(options);
  return fetchWith(place, { goal: "sign_blob", payload }, others);
}

export async function signJwtWith(place: Place, options: SignJwtParams & FetchOptions): Promise<SignedJwt> {
  const { claims, ...others } = given(options);
  return fetchWith(place, { goal: "sign_jwt", claims }, others);
}

export async function signUrlWith(place: Place, options: SignUrlParams & FetchOptions): Promise<SignedUrl> {
  const { bucket, object, expiresInSeconds, method, headers, query, virtualHosted, bucketBoundHost, ...others } = given(options);
  const params = { bucket, object, expiresInSeconds, method, headers, query, virtualHosted, bucketBoundHost };
  return fetchWith(place, { goal: "sign_url", ...params }, others);
}

export async function fetchDelegatedTokenWith(place: Place, options: DelegatedTokenParams & FetchOptions): Promise<Token> {
  const { subject, scopes, tokenUrl, ...others } = given(options);
  return (await fetchWith(place, { goal: "delegated_access_token", subject, scopes, tokenUrl }, others)).token;
}

export async function fetchDownscopedTokenWith(place: Place, options: DownscopedTokenParams & FetchOptions): Promise<Token> {
  const { accessBoundary, scopes, ...others } = given(options);
  return (await fetchWith(place, { goal: "downscoped_access_token", accessBoundary, scopes }, others)).token;
}

/** All of these need to be told something. */
function given<Options extends object>(options: Options): Options {
  if (typeof options === "object" && options !== null) return options;
  throw misuse("options must be an object, and say what is wanted.");
}

import { seconds } from "./clock.js";
import { call } from "./errors.js";
import type { Token } from "./token.js";
import type { HttpRequest, Now } from "./types.js";
import { requestOf, tokenOf } from "./wire.js";

/** What a service account's token is asked for with. Source: IAM Credentials API, `generateAccessToken`. */
export interface ImpersonationRequestParams {
  /** `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`. */
  readonly url: string;
  /** The federated token. */
  readonly token: string | Token;
  readonly scopes?: readonly string[] | undefined;
  /** From 600 to 43200. Default: 3600. */
  readonly lifetimeSeconds?: number | undefined;
  /** Service accounts in between, the first one being the one that the token may impersonate. */
  readonly delegates?: readonly string[] | undefined;
}

/** The request for a service account's access token. */
export function impersonationRequest(params: ImpersonationRequestParams): HttpRequest {
  const { url, token } = params;
  const wire = JSON.stringify({
    url,
    token: typeof token === "string" ? token : token.value,
    scopes: params.scopes ?? [],
    lifetime_seconds: params.lifetimeSeconds ?? 3600,
    delegates: params.delegates ?? [],
  });
  return requestOf(call((native) => native.impersonationRequest(wire)));
}

/** The token in the answer to `impersonationRequest`. Throws `SanskeyError` if there is none. */
export function parseImpersonationResponse(status: number, body: string, now?: Now): Token {
  const time = seconds(now);
  return tokenOf(call((native) => native.parseImpersonationResponse(status, body, time)));
}

import { seconds } from "./clock.js";
import { call } from "./errors.js";
import type { Token } from "./token.js";
import type { HttpRequest, Now } from "./types.js";
import { requestOf, tokenOf } from "./wire.js";

/** What Google's Security Token Service is asked with. Source: RFC 8693 section 2.1, AIP-4117. */
export interface StsRequestParams {
  /** `https://sts.googleapis.com/v1/token`, or a form of it. */
  readonly tokenUrl: string;
  readonly audience: string;
  readonly subjectToken: string;
  readonly subjectTokenType: string;
  readonly scopes?: readonly string[] | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** The project to bill, for workforce pools. */
  readonly userProject?: string | undefined;
}

/** The request that exchanges a subject token for a Google access token. */
export function stsRequest(params: StsRequestParams): HttpRequest {
  const wire = JSON.stringify({
    token_url: params.tokenUrl,
    audience: params.audience,
    subject_token: params.subjectToken,
    subject_token_type: params.subjectTokenType,
    scopes: params.scopes ?? [],
    client_id: params.clientId ?? null,
    client_secret: params.clientSecret ?? null,
    user_project: params.userProject ?? null,
  });
  return requestOf(call((native) => native.stsRequest(wire)));
}

/** The token in the answer to `stsRequest`. Throws `SanskeyError` if there is none. */
export function parseStsResponse(status: number, body: string, now?: Now): Token {
  const time = seconds(now);
  return tokenOf(call((native) => native.parseStsResponse(status, body, time)));
}

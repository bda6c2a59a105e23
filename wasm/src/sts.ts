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
  /** A proof of who acts for the workload. */
  readonly actorToken?: string | undefined;
  /** What `actorToken` is, as a URN. It must be given with it. */
  readonly actorTokenType?: string | undefined;
  /** What the token is to be good for at most (Credential Access Boundary): an object, or its JSON text. */
  readonly accessBoundary?: object | string | undefined;
  /** The SHA-256 fingerprint of the certificate that the token is to be bound to. */
  readonly bindCertFingerprint?: string | undefined;
  /** What asks, such as `gl-node/20.1.0`, for the header `x-goog-api-client`. */
  readonly apiClient?: string | undefined;
  /** Default: `form`. */
  readonly bodyFormat?: "form" | "json" | undefined;
}

/** The request that exchanges a subject token for a Google access token. */
export function stsRequest(params: StsRequestParams): HttpRequest {
  const { accessBoundary } = params;
  const wire = JSON.stringify({
    token_url: params.tokenUrl,
    audience: params.audience,
    subject_token: params.subjectToken,
    subject_token_type: params.subjectTokenType,
    scopes: params.scopes ?? [],
    client_id: params.clientId ?? null,
    client_secret: params.clientSecret ?? null,
    user_project: params.userProject ?? null,
    actor_token: params.actorToken ?? null,
    actor_token_type: params.actorTokenType ?? null,
    access_boundary: typeof accessBoundary === "object" && accessBoundary ? JSON.stringify(accessBoundary) : accessBoundary,
    bind_cert_fingerprint: params.bindCertFingerprint ?? null,
    api_client: params.apiClient ?? null,
    body_format: params.bodyFormat ?? null,
  });
  return requestOf(call((native) => native.stsRequest(wire)));
}

/** The token in the answer to `stsRequest`. Throws `SanskeyError` if there is none. */
export function parseStsResponse(status: number, body: string, now?: Now): Token {
  const time = seconds(now);
  return tokenOf(call((native) => native.parseStsResponse(status, body, time)));
}

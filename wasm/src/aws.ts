import { checkCredentials } from "./aws-options.js";
import { seconds } from "./clock.js";
import { call, misuse } from "./errors.js";
import { sealed } from "./redact.js";
import type { AwsCredentials, HeaderList, Now } from "./types.js";
import { headerPairs } from "./wire.js";

/**
 * The subject token that Google's STS takes from AWS workloads: a signed `GetCallerIdentity` request, JSON,
 * percent-encoded. `audience` is the full name of the pool provider. The token is a secret, valid for minutes.
 */
export function callerIdentityToken(
  credentials: AwsCredentials,
  region: string,
  audience: string,
  now?: Now,
): string {
  const { accessKeyId, secretAccessKey, sessionToken } = checkCredentials("credentials", credentials);
  requireTexts({ region, audience });
  const time = seconds(now);
  return call((native) =>
    native.callerIdentityToken(accessKeyId, secretAccessKey, sessionToken ?? undefined, region, audience, time),
  );
}

/** A request to sign, for any AWS service, with AWS Signature Version 4 in headers. */
export interface SignRequestParams {
  readonly method: string;
  readonly url: string;
  readonly headers?: HeaderList | Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly credentials: AwsCredentials;
  readonly region: string;
  /** The service's name in signatures, such as `sts` or `execute-api`. */
  readonly service: string;
  readonly now?: Now | undefined;
}

/**
 * All headers to send: the given ones, and those that sign them. Printing the object does not show their values.
 * Source: AWS IAM user guide, "Create a signed AWS API request".
 */
export function signRequest(params: SignRequestParams): Readonly<Record<string, string>> {
  const { method, url, region, service } = params;
  requireTexts({ method, url, region, service });
  const { accessKeyId, secretAccessKey, sessionToken } = checkCredentials("credentials", params.credentials);
  const headers = headerPairs(params.headers ?? []).flat();
  const { body = "" } = params;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const time = seconds(params.now);
  const signed = call((native) =>
    native.signRequest(
      method, url, headers, bytes, accessKeyId, secretAccessKey, sessionToken ?? undefined, region, service, time,
    ),
  );
  const pairs: Record<string, string> = {};
  for (let i = 0; i + 1 < signed.length; i += 2) pairs[signed[i]!] = signed[i + 1]!;
  return sealed({}, pairs);
}

function requireTexts(texts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(texts)) {
    if (typeof value !== "string") throw misuse(`${name} must be a string.`);
  }
}

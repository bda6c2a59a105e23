import { call, misuse } from "./errors.js";
import { membersOf, TEXT } from "./members.js";
import type { SubjectTokenDescription } from "./types.js";
import { descriptionOf } from "./wire.js";

/** What a subject token is, and for whom. */
export interface DescribeOptions {
  /** Default: `urn:ietf:params:oauth:token-type:jwt`. */
  readonly tokenType?: string | undefined;
  /** The provider that the token is for, `//iam.googleapis.com/...`. Without it there are no principals. */
  readonly audience?: string | undefined;
}

/** Tells a JWT's claims, or the key, the region and the date of a signed AWS request; of other tokens nothing. */
export function describeSubjectToken(token: string, options: DescribeOptions = {}): SubjectTokenDescription {
  if (typeof token !== "string") throw misuse(`token must be ${TEXT}.`);
  const { token_type, audience } = membersOf("options", options, { tokenType: TEXT, audience: TEXT }) ?? {};
  const type = (token_type ?? "urn:ietf:params:oauth:token-type:jwt") as string;
  return descriptionOf(call((native) => native.describeSubjectToken(token, type, (audience ?? "") as string)));
}

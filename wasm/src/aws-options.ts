/** What is said about AWS, checked, as the core's JSON has it. Whether values make sense is the core's business. */

import { misuse } from "./errors.js";
import { membersOf, optional, SECONDS, TEXT, TEXTS, type Members } from "./members.js";
import type { AwsCredentials, ExchangeOptions } from "./types.js";

const ASSUME_ROLE: Members = {
  roleArn: TEXT,
  roleSessionName: TEXT,
  externalId: TEXT,
  durationSeconds: SECONDS,
  policy: TEXT,
  policyArns: TEXTS,
  sourceIdentity: TEXT,
};
const GET_SESSION_TOKEN: Members = { durationSeconds: SECONDS };
const GET_WEB_IDENTITY_TOKEN: Members = { audience: TEXT, durationSeconds: SECONDS, signingAlgorithm: TEXT };

/** The members of OPTIONS whose names begin with `aws_`; null is not given. */
export function awsOptions(options: ExchangeOptions): object {
  const { awsCredentials, awsRegion, awsProfile, awsGetSessionToken, awsWebIdentityToken } = options;
  return {
    aws_credentials: awsCredentials == null ? null : wireCredentials("awsCredentials", awsCredentials),
    aws_region: optional("awsRegion", awsRegion, TEXT),
    aws_profile: optional("awsProfile", awsProfile, TEXT),
    aws_assume_role: roles(options.awsAssumeRole),
    aws_get_session_token: membersOf("awsGetSessionToken", awsGetSessionToken, GET_SESSION_TOKEN),
    aws_web_identity_token: membersOf("awsWebIdentityToken", awsWebIdentityToken, GET_WEB_IDENTITY_TOKEN),
  };
}

/** `name` tells whoever gave them what to correct. */
export function checkCredentials(name: string, given: unknown): AwsCredentials {
  if (typeof given !== "object" || given === null) {
    throw misuse(`${name} must be { accessKeyId, secretAccessKey, sessionToken? }.`);
  }
  const { accessKeyId, secretAccessKey, sessionToken } = given as AwsCredentials;
  for (const [member, value] of Object.entries({ accessKeyId, secretAccessKey, sessionToken: sessionToken ?? "" })) {
    if (typeof value !== "string") throw misuse(`${name}.${member} must be a string.`);
  }
  return given as AwsCredentials;
}

function wireCredentials(name: string, given: unknown): object {
  const { accessKeyId, secretAccessKey, sessionToken } = checkCredentials(name, given);
  return { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken ?? null };
}

function roles(given: ExchangeOptions["awsAssumeRole"]): object[] | null {
  if (given == null) return null;
  if (!Array.isArray(given)) return [role("awsAssumeRole", given)];
  return given.map((each, position) => role(`awsAssumeRole[${position}]`, each));
}

function role(name: string, given: unknown): object {
  const fields = membersOf(name, given, ASSUME_ROLE);
  if (typeof fields?.role_arn !== "string") throw misuse(`${name}.roleArn must be a string.`);
  return fields;
}

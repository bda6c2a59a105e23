/** What is said about AWS, checked, as the core's JSON has it. Whether values make sense is the core's business. */

import { misuse } from "./errors.js";
import type { AwsCredentials, ExchangeOptions } from "./types.js";

const TEXT = "a string";
const TEXTS = "an array of strings";
const SECONDS = "a whole number of seconds";
type Kind = typeof SECONDS | typeof TEXT | typeof TEXTS;
type Members = Readonly<Record<string, Kind>>;

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
    aws_get_session_token: call("awsGetSessionToken", awsGetSessionToken, GET_SESSION_TOKEN),
    aws_web_identity_token: call("awsWebIdentityToken", awsWebIdentityToken, GET_WEB_IDENTITY_TOKEN),
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
  const fields = call(name, given, ASSUME_ROLE);
  if (typeof fields?.role_arn !== "string") throw misuse(`${name}.roleArn must be a string.`);
  return fields;
}

function call(name: string, given: unknown, members: Members): Record<string, unknown> | null {
  if (given == null) return null;
  if (typeof given !== "object" || Array.isArray(given)) {
    throw misuse(`${name} must be an object with members of ${Object.keys(members).join(", ")}.`);
  }
  // A policy under a misspelled name would narrow nothing.
  const unknown = Object.keys(given).find((member) => !Object.hasOwn(members, member));
  if (unknown !== undefined) throw misuse(`${name} has no member ${unknown}, but ${Object.keys(members).join(", ")}.`);
  const fields: Record<string, unknown> = {};
  for (const [member, kind] of Object.entries(members)) {
    fields[snake(member)] = optional(`${name}.${member}`, (given as Readonly<Record<string, unknown>>)[member], kind);
  }
  return fields;
}

function optional(name: string, value: unknown, kind: Kind): unknown {
  if (value == null) return null;
  if (!is(value, kind)) throw misuse(`${name} must be ${kind}.`);
  return value;
}

function is(value: unknown, kind: Kind): boolean {
  if (kind === TEXT) return typeof value === "string";
  if (kind === SECONDS) return Number.isSafeInteger(value);
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

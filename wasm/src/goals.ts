/** What an exchange is for, checked, as the core's JSON has it. Whether values make sense is the core's business. */

import { base64Of } from "./base64.js";
import { isA } from "./config.js";
import { misuse } from "./errors.js";
import { ANY, FLAG, membersOf, SECONDS, TEXT, type Members } from "./members.js";
import { valueOf, type Token } from "./token.js";
import type { Goal } from "./types.js";
import { headerPairs } from "./wire.js";

const GOALS: Readonly<Record<Goal["goal"], Members>> = {
  access_token: { scopes: ANY },
  delegated_access_token: { subject: TEXT, scopes: ANY, tokenUrl: TEXT },
  downscoped_access_token: { accessBoundary: ANY, scopes: ANY },
  id_token: { audience: TEXT, includeEmail: FLAG },
  introspection: { token: ANY },
  revocation: {},
  sign_blob: { payload: ANY },
  sign_jwt: { claims: ANY },
  sign_url: {
    bucket: TEXT, object: TEXT, expiresInSeconds: SECONDS, method: TEXT, headers: ANY, query: ANY, virtualHosted: FLAG,
    bucketBoundHost: TEXT,
  },
};

/** GOAL */
export function goalText(given: Goal): string {
  const goal = given?.goal;
  if (typeof goal !== "string" || !Object.hasOwn(GOALS, goal)) {
    throw misuse(`The goal must be an object whose member goal is one of ${Object.keys(GOALS).join(", ")}.`);
  }
  const { scopes, token, payload, claims, access_boundary, expires_in_seconds, headers, query, ...others } =
    membersOf("goal", given, { goal: TEXT, ...GOALS[goal] }) ?? {};
  return JSON.stringify({
    ...others,
    scopes: scopeList(scopes),
    token: "token" in GOALS[goal] ? valueOf(token as Token | string) : undefined,
    payload: "payload" in GOALS[goal] ? payloadText(payload) : undefined,
    claims: jsonText("claims", claims),
    access_boundary: jsonText("accessBoundary", access_boundary),
    expires_in: expires_in_seconds,
    headers: pairs("headers", headers),
    query: pairs("query", query),
  });
}

/** Scopes in a string are separated by spaces or commas. */
function scopeList(scopes: unknown): unknown {
  return typeof scopes === "string" ? scopes.split(/[\s,]+/).filter(Boolean) : scopes ?? undefined;
}

function payloadText(payload: unknown): string {
  if (!isA(payload, "Uint8Array")) throw misuse("goal.payload must be a Uint8Array.");
  return base64Of(payload as Uint8Array);
}

/** JSON text as it is, or that of an object. */
function jsonText(name: string, value: unknown): string | undefined {
  if (value == null) return undefined;
  const text = typeof value === "object" && !Array.isArray(value) ? written(value) : value;
  if (typeof text !== "string") throw misuse(`goal.${name} must be an object that JSON can hold, or its JSON text.`);
  return text;
}

/** Undefined for what JSON cannot hold, such as a BigInt or a cycle. */
function written(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function pairs(name: string, value: unknown): [string, string][] | undefined {
  if (value == null) return undefined;
  if (typeof value === "object") {
    try {
      return headerPairs(value as Iterable<readonly [string, string]>);
    } catch {
      // It holds what is no pair.
    }
  }
  throw misuse(`goal.${name} must be an object of strings, or pairs of strings.`);
}

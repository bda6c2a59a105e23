/** What a caller gave in an object, checked, as the core's JSON has it. Whether values make sense is the core's business. */

import { misuse } from "./errors.js";

export const ANY = "anything";
export const FLAG = "true or false";
export const MILLISECONDS = "a whole number of milliseconds that is not negative";
export const SECONDS = "a whole number of seconds";
export const TEXT = "a string";
export const TEXT_OR_NUMBER = "a string or a whole number";
export const TEXTS = "an array of strings";
type Kind =
  | typeof ANY | typeof FLAG | typeof MILLISECONDS | typeof SECONDS | typeof TEXT | typeof TEXT_OR_NUMBER | typeof TEXTS;
export type Members = Readonly<Record<string, Kind>>;

/** The members that were given, in snake_case; null is not given. `name` tells whoever gave them what to correct. */
export function membersOf(name: string, given: unknown, members: Members): Record<string, unknown> | null {
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

/** The value if it is of the kind; null if it was not given. */
export function optional(name: string, value: unknown, kind: Kind): unknown {
  if (value == null) return null;
  if (!is(value, kind)) throw misuse(`${name} must be ${kind}.`);
  return value;
}

function is(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case ANY:
      return true;
    case FLAG:
      return typeof value === "boolean";
    case MILLISECONDS:
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case SECONDS:
      return Number.isSafeInteger(value);
    case TEXT:
      return typeof value === "string";
    case TEXT_OR_NUMBER:
      return typeof value === "string" || Number.isSafeInteger(value);
    case TEXTS:
      return Array.isArray(value) && value.every((text) => typeof text === "string");
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

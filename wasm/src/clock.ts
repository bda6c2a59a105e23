/** Between JavaScript's milliseconds and the core's seconds. */

import type { Now } from "./types.js";

/** Seconds since the epoch; the current time if there is no argument. */
export function seconds(now: Now = Date.now()): number {
  const value = Number(now) / 1000;
  if (Number.isFinite(value)) return value;
  throw new TypeError("now must be a valid Date, or milliseconds since the epoch");
}

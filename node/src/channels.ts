import type { Channels } from "../../wasm/src/reports.js";
import { lazy } from "./builtin.js";

/** The diagnostics channels `sanskey:step` and `sanskey:exchange`, for tools that watch a whole process. */
export const channels: Channels = (about) => {
  const { channel } = lazy<typeof import("node:diagnostics_channel")>("node:diagnostics_channel");
  const { hasSubscribers } = channel(`sanskey:${about}`);
  return hasSubscribers ? (report) => channel(`sanskey:${about}`).publish(report) : undefined;
};

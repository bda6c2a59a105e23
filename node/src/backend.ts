/** Which build of the core runs: the native addon where there is one for this machine, else the wasm module. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
// Compressed and as base64: see build.mjs.
import packedModule from "../../wasm/pkg/sanskey_bg.wasm";
import { SanskeyError } from "../../wasm/src/errors.js";
import { instantiate } from "../../wasm/src/instantiate.js";
import { native, provide, type Native } from "../../wasm/src/native.js";
import { lazy, ownLocation } from "./builtin.js";

/** `native`: the addon, compiled for this machine. `wasm`: the same code, which runs on any machine. */
export type Backend = "native" | "wasm";

let chosen: Backend | undefined;

/**
 * Which build of the core is in use. The environment variable `SANSKEY_BACKEND` forces one; the first use of the core
 * throws `SanskeyError` if there is no such build (`invalid_argument`) or if it does not load here (`host_unsupported`).
 */
export function backend(): Backend {
  native();
  return chosen as Backend;
}

provide(() => {
  const forced = process.env.SANSKEY_BACKEND || undefined;
  if (forced !== undefined && forced !== "native" && forced !== "wasm") {
    throw backendError("invalid_argument", `SANSKEY_BACKEND is ${JSON.stringify(forced)}, and can be native or wasm.`);
  }
  const addon = forced === "wasm" ? undefined : loadAddon(forced === "native");
  chosen = addon ? "native" : "wasm";
  return addon ?? loadWasm();
});

function loadWasm(): Native {
  const { brotliDecompressSync } = lazy<typeof import("node:zlib")>("node:zlib");
  const bytes = brotliDecompressSync(Buffer.from(packedModule, "base64"));
  return instantiate(bytes as Uint8Array<ArrayBuffer>);
}

/** The addon beside dist/. There is none for rare machines, and none beside a bundle. */
function loadAddon(required: boolean): Native | undefined {
  const path = addonPath();
  if (path && existsSync(path)) {
    try {
      return lazy<Native>(path);
    } catch (cause) {
      // Compiled for another machine, or stripped of its permissions: wasm does the same work.
      if (required) throw backendError("host_unsupported", `SANSKEY_BACKEND is native, and ${path} does not load.`, cause);
    }
  }
  if (required) {
    throw backendError("host_unsupported", `SANSKEY_BACKEND is native, and there is no ${path ?? "folder for an addon"}.`);
  }
  return undefined;
}

function backendError(code: "host_unsupported" | "invalid_argument", message: string, cause?: unknown): SanskeyError {
  const fault = code === "invalid_argument" ? "misuse" : "host";
  const hint = "Unset SANSKEY_BACKEND to use whatever runs on this machine.";
  return new SanskeyError({ code, fault, message, hint, cause });
}

function addonPath(): string | undefined {
  const here = ownLocation();
  if (here === undefined) return undefined;
  const dist = dirname(here.startsWith("file:") ? fileURLToPath(here) : here);
  const libc = process.platform === "linux" && isMusl() ? "-musl" : "";
  return join(dist, "..", `sanskey.${process.platform}-${process.arch}${libc}.node`);
}

/** Whether this Linux runs on musl instead of glibc, as Alpine does. */
function isMusl(): boolean {
  try {
    // A script, which names the C library that the system's programs are linked to.
    return readFileSync("/usr/bin/ldd", "latin1").includes("musl");
  } catch {
    // Images without a shell have no ldd. The report knows, and takes some milliseconds to write.
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
    return report?.header !== undefined && report.header.glibcVersionRuntime === undefined;
  }
}

import { HostFailure } from "../../../wasm/src/errors.js";
import { lazy } from "../builtin.js";
import { failureOf } from "./failure.js";

/** The most that a file may hold: more is no token and no configuration, but perhaps a device without an end. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The text of a file, or null if there is none. */
export async function readFile(path: string): Promise<string | null> {
  const { createReadStream } = lazy<typeof import("node:fs")>("node:fs");
  const chunks: Buffer[] = [];
  try {
    // The position of the last byte, which is one too many.
    for await (const chunk of createReadStream(path, { end: MAX_FILE_BYTES })) chunks.push(chunk as Buffer);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw failureOf(thrown, `reading ${path}`);
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > MAX_FILE_BYTES) throw new HostFailure("other", `${path} is larger than 1 MiB`);
  return bytes.toString("utf8");
}

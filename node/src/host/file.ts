import { lazy } from "../builtin.js";
import { failureOf } from "./failure.js";

/** The text of a file, or null if there is none. */
export async function readFile(path: string): Promise<string | null> {
  try {
    return await lazy<typeof import("node:fs/promises")>("node:fs/promises").readFile(path, "utf8");
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw failureOf(thrown, `reading ${path}`);
  }
}

import { sealed } from "../redact.js";
import type { CommandOutput, EnvValues, HeaderList, HttpResponse } from "../types.js";

/** The most that is kept of one answer. The core takes 1 MiB, and refuses what has one byte more. */
export const MAX_BODY_BYTES = 1024 * 1024 + 1;

/** An HTTP answer that can be logged. */
export function httpResponse(status: number, headers: HeaderList, body: string): HttpResponse {
  return sealed({ status }, { headers, body });
}

/** Environment variables that can be logged: those of `names` that are set in `env`. */
export function envValues(env: Readonly<Record<string, unknown>>, names: readonly string[]): EnvValues {
  const values: Record<string, string> = {};
  for (const name of names) {
    // A Worker's env also holds bindings, which are objects.
    const value = env[name];
    if (typeof value === "string") values[name] = value;
  }
  return sealed({}, values);
}

/** A program's output that can be logged. */
export function commandOutput(exitCode: number | null, stdout: string, stderr: string): CommandOutput {
  return sealed({ exitCode }, { stdout, stderr });
}

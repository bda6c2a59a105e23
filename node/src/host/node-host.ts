import { envValues } from "../../../wasm/src/hosts/response.js";
import { sleep } from "../../../wasm/src/sleep.js";
import type { CommandOutput, EnvValues, HostContext, HttpRequest, HttpResponse, RunCommand, WarningTopic } from "../../../wasm/src/types.js";
import { runCommand } from "./command.js";
import { readFile } from "./file.js";
import { send } from "./http.js";

export interface NodeHostOptions {
  /** Used instead of the environment of the process: for lookups, for proxies, and for programs that are run. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What `nodeHost` answers: everything. */
export interface NodeHost {
  http(request: HttpRequest, context?: HostContext): Promise<HttpResponse>;
  readEnv(names: readonly string[]): EnvValues;
  /** The text of the file, at most 1 MiB of it, or null if there is none. */
  readFile(path: string): Promise<string | null>;
  runCommand(command: RunCommand, context?: HostContext): Promise<CommandOutput>;
  wait(ms: number, context?: HostContext): Promise<void>;
  /** Emits a process warning of the type `SanskeyWarning`, with the code `SANSKEY_CLOCK_SKEW` or `SANSKEY_TOKEN_KEPT`. */
  warn(message: string, about?: WarningTopic): void;
}

/**
 * A host on Node's own modules, which answers everything.
 *
 * It goes through the proxies that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, and keeps no connection open, so
 * that nothing keeps the process alive.
 */
export function nodeHost({ env = process.env }: NodeHostOptions = {}): NodeHost {
  return {
    http: (request, context) => send(request, env, context?.signal),
    readEnv: (names) => envValues(env, names),
    readFile,
    runCommand: (command, context) => runCommand(command, env, context?.signal),
    wait: (ms, context) => sleep(ms, context?.signal),
    warn: (message, about = "clock_skew") =>
      process.emitWarning(message, { type: "SanskeyWarning", code: `SANSKEY_${about.toUpperCase()}` }),
  };
}

import type { ChildProcess } from "node:child_process";
import { HostFailure } from "../../../wasm/src/errors.js";
import { commandOutput } from "../../../wasm/src/hosts/response.js";
import type { CommandOutput, RunCommand } from "../../../wasm/src/types.js";
import { lazy } from "../builtin.js";
import { failureOf } from "./failure.js";

/** The most that a program may write, and that is kept of what it complains about. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** Runs a program without a shell. It and its children are killed when time is up, or when nobody waits any more. */
export function runCommand(
  { argv, env, timeoutMs }: RunCommand,
  hostEnv: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<CommandOutput> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal?.reason);
    const { spawn } = lazy<typeof import("node:child_process")>("node:child_process");
    const [program = "", ...args] = argv;
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        env: { ...hostEnv, ...env },
        stdio: ["ignore", "pipe", "pipe"],
        // A process group of its own, so that its children can be killed with it.
        detached: process.platform !== "win32",
        windowsHide: true,
      });
    } catch (thrown) {
      // Some failures are not events: of a name that cannot be one, or too many arguments.
      return reject(failureOf(thrown, `running ${program}`));
    }
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const giveUp = (reason: unknown) =>
      end(() => {
        killGroup(child);
        reject(reason);
      });
    const onAbort = () => giveUp(signal?.reason);
    const timer = setTimeout(
      () => giveUp(new HostFailure("timeout", `${program} did not end within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    const tooMuch = () => giveUp(new HostFailure("other", `${program} wrote more than 1 MiB`));
    const stdout = collect(child.stdout, tooMuch);
    const stderr = collect(child.stderr, () => {});
    child.on("error", (thrown) => giveUp(failureOf(thrown, `running ${program}`)));
    child.on("close", (exitCode) => end(() => resolve(commandOutput(exitCode, stdout(), stderr()))));
  });
}

/** Reads to the end, so that the program is never held up. There is no stream if the program has not begun. */
function collect(stream: NodeJS.ReadableStream | null, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    const room = MAX_OUTPUT_BYTES - size;
    size += chunk.length;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    if (size > MAX_OUTPUT_BYTES) tooMuch();
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

function killGroup(child: ChildProcess): void {
  // Whatever still holds the pipes must not keep this process alive.
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // They have all ended already.
  }
}

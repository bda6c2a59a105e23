import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { nodeHost } from "sanskey";
import { failure } from "../../wasm/test/support/http-hosts.mjs";

const host = nodeHost({ env: { PATH: process.env.PATH, FROM_HOST: "1" } });

function command(script, { args = [], env = {}, timeoutMs = 10_000 } = {}) {
  return { action: "run_command", argv: [process.execPath, "-e", script, ...args], env, timeoutMs };
}

test("a program gets its arguments as they are, and both environments", async () => {
  const script = "console.log(JSON.stringify([process.argv.slice(1), process.env.FROM_HOST, process.env.ADDED, process.env.HOME]))";
  const output = await host.runCommand(command(script, { args: ["$HOME; 'a b'", "*"], env: { ADDED: "2" } }));
  assert.equal(output.exitCode, 0);
  assert.deepEqual(JSON.parse(output.stdout), [["$HOME; 'a b'", "*"], "1", "2", null]);
});

test("an exit code is an answer, and both outputs are kept and not printed", async () => {
  const output = await host.runCommand(command("console.log('out-secret'); console.error('err-secret'); process.exitCode = 3"));
  assert.deepEqual({ ...output }, { exitCode: 3, stdout: "out-secret\n", stderr: "err-secret\n" });
  assert.doesNotMatch(inspect(output, { showHidden: true }) + JSON.stringify(output), /secret\\n/);
});

test("a program that was killed has no exit code", async () => {
  assert.equal((await host.runCommand(command("process.kill(process.pid, 'SIGKILL')"))).exitCode, null);
});

test("a program that does not exist is a failure", async () => {
  const missing = { action: "run_command", argv: ["/no/such/program"], env: {}, timeoutMs: 1000 };
  await assert.rejects(host.runCommand(missing), failure("other"));
});

test("a program that may not be run is denied", async () => {
  const notAProgram = { action: "run_command", argv: [new URL(import.meta.url).pathname], env: {}, timeoutMs: 1000 };
  await assert.rejects(host.runCommand(notAProgram), failure("denied"));
});

test("what cannot be run at all is a failure", async () => {
  for (const argv of [[], ["nul\0byte"], [process.execPath, "x".repeat(4_000_000)]]) {
    await assert.rejects(host.runCommand({ action: "run_command", argv, env: {}, timeoutMs: 1000 }), failure("other"));
  }
});

test("a program may write 1 MiB, and what it complains about beyond that is dropped", async () => {
  const script = "process.stderr.write('x'.repeat(5_000_000)); process.stdout.write('é'.repeat(512 * 1024))";
  const output = await host.runCommand(command(script));
  assert.deepEqual([output.exitCode, output.stdout.length, output.stderr.length], [0, 512 * 1024, 1024 * 1024]);
});

test("more than 1 MiB of output is a failure", async () => {
  const endless = "const more = () => { while (process.stdout.write('x'.repeat(65536))); }; process.stdout.on('drain', more); more()";
  await assert.rejects(host.runCommand(command(endless)), failure("other"));
});

// A program with a child that shows that it lives by writing to a file.
const withChild = (file, timeoutMs) => ({
  action: "run_command", argv: ["sh", "-c", 'while :; do echo alive >> "$0"; sleep 0.05; done & wait', file], env: {}, timeoutMs,
});
const size = (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

async function whenAlive(file) {
  while (size(file) === 0) await host.wait(10);
}

for (const [how, start, expected] of [
  ["when time is up", (file) => host.runCommand(withChild(file, 1000)), failure("timeout")],
  [
    "when it is aborted",
    (file) => {
      const controller = new AbortController();
      whenAlive(file).then(() => controller.abort(new Error("enough")));
      return host.runCommand(withChild(file, 60_000), { signal: controller.signal });
    },
    { message: "enough" },
  ],
]) {
  test(`a program is killed with its children ${how}`, { timeout: 30_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "alive");
    await assert.rejects(start(file), expected);
    assert.ok(size(file) > 0, "the child never started");
    // Signals arrive a little later than they are sent.
    await host.wait(200);
    const then = size(file);
    await host.wait(500);
    assert.equal(size(file), then, "the child is still alive");
  });
}

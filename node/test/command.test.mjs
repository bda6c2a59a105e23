import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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

test("more than 1 MiB of output is a failure", async () => {
  const endless = "const more = () => { while (process.stdout.write('x'.repeat(65536))); }; process.stdout.on('drain', more); more()";
  await assert.rejects(host.runCommand(command(endless)), failure("other"));
});

// A program with a child that writes its process id and waits, as shells do.
const withChild = (pidFile) => `
  const wait = "require('fs').writeFileSync(process.argv[1], String(process.pid)); setTimeout(() => {}, 60_000)";
  require("child_process").spawnSync(process.execPath, ["-e", wait, ${JSON.stringify(pidFile)}], { stdio: "inherit" });
`;

async function untilEnded(pid) {
  for (let tries = 0; tries < 200; tries += 1) {
    // Ended children that nobody has asked about are zombies, which a signal still reaches.
    const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
    if (stdout.trim() === "" || stdout.startsWith("Z")) return;
    await host.wait(25);
  }
  assert.fail(`process ${pid} is still running`);
}

for (const [how, start, expected] of [
  ["when time is up", (it) => host.runCommand({ ...it, timeoutMs: 1500 }), failure("timeout")],
  ["when it is aborted", (it) => host.runCommand(it, { signal: AbortSignal.timeout(1500) }), { name: "TimeoutError" }],
]) {
  test(`a program is killed with its children ${how}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const pidFile = join(folder, "pid");
    await assert.rejects(start(command(withChild(pidFile))), expected);
    assert.ok(existsSync(pidFile), "the child never started");
    await untilEnded(Number(readFileSync(pidFile, "utf8")));
  });
}

// Programs of `credential_source.executable` that misbehave, as real processes under the exchange.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { nodeHost } from "sanskey";
import { AUDIENCE, isHidden, JWT, start } from "./support/token-sources.mjs";

const ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9";
const ALLOWED = { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1", PATH: process.env.PATH };
const SUBJECT = "system:serviceaccount:default:sanskey";
// A program that waits for this long has to be ended by others.
const FOREVER = "sleep 30";

const host = nodeHost({ env: ALLOWED });
/** Gives programs a second: a configuration cannot give less than five. */
const hurried = { ...host, runCommand: (command, options) => host.runCommand({ ...command, timeoutMs: 1000 }, options) };

/** A provider that trusts the issuer of a cluster, and programs that find their folder in `$here`. */
async function startPrograms(t) {
  const google = await start(t, ISSUER, "--oidc-allowed-audience", "sts.amazonaws.com");
  const program = (script, timeoutMillis = 10_000) => {
    const path = google.put("program", `#!/bin/sh\nhere="\${0%/*}"\n${script}\n`, 0o755);
    return { executable: { command: path, timeout_millis: timeoutMillis } };
  };
  return {
    ...google, program,
    /** A command that writes a good answer, with other fields in some places. */
    answer: async (changes = {}) => {
      const fields = { version: 1, success: true, token_type: JWT, id_token: await google.issued(), ...changes };
      google.put("answer", `${JSON.stringify(fields, null, 1)}\n`);
      return 'cat "$here/answer"';
    },
    /** The error of an exchange that asks the program and not Google, and is not kept waiting. */
    failure: async (source, used = host) => {
      const started = performance.now();
      const error = await google.token(source, ALLOWED, { host: used }).then(
        () => assert.fail("there is a token"),
        (thrown) => thrown,
      );
      assert.ok(performance.now() - started < 8000, "it took too long");
      assert.deepEqual([error.stage, error.askId], ["source", "executable"], String(error));
      assert.ok(error.hint.length > 0 && error.message.length < 2000);
      assert.deepEqual(await google.requests(), []);
      return error;
    },
    /** The process whose id was written into a file. */
    pid: async (name) => {
      const path = google.put("unused", "").replace(/unused$/, name);
      for (let tries = 0; tries < 200; tries += 1) {
        const text = read(path);
        if (text.endsWith("\n")) return Number(text);
        await pause(20);
      }
      return assert.fail("the program never began");
    },
  };
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Whether a process is there; what is left of a child until its parent asks is none. */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(read(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

async function assertEnds(pid, what) {
  for (let tries = 0; isRunning(pid); tries += 1) {
    assert.ok(tries < 100, `${what} is still there`);
    await pause(20);
  }
}

for (const [what, script] of [
  ["complains at length", "head -c 5000000 /dev/zero >&2; ANSWER"],
  ["closes its input", "exec 0<&-; ANSWER"],
  ["reads its input", "cat; ANSWER"],
  ["ignores signals", "trap '' TERM INT HUP PIPE; ANSWER"],
  ["closes its standard error", "exec 2>&-; ANSWER"],
  ["complains in no UTF-8", "printf '\\377\\376' >&2; ANSWER"],
  ["takes its time", 'ANSWER | while read -r line; do sleep 0.1; echo "$line"; done'],
]) {
  test(`a program that ${what} may still give a token`, async (t) => {
    const { program, answer, subject } = await startPrograms(t);
    const source = program(script.replace("ANSWER", await answer()));
    assert.equal(await subject(source, ALLOWED, { host }), SUBJECT);
  });
}

test("a child that lets go of the output may stay", async (t) => {
  const { program, answer, subject, pid } = await startPrograms(t);
  const stays = `(${FOREVER} & echo $! >"$here/child") >/dev/null 2>&1 </dev/null`;
  assert.equal(await subject(program(`${stays}\n${await answer()}`), ALLOWED, { host }), SUBJECT);
  const child = await pid("child");
  assert.ok(isRunning(child));
  process.kill(child, "SIGKILL");
});

for (const [script, code, words] of [
  ["", "executable_malformed", "something other than a JSON object"],
  ["exec 1>&-; exit 0", "executable_malformed", "something other than a JSON object"],
  ["printf '\\377\\376{\"version\":1}'", "executable_malformed", "something other than a JSON object"],
  ["printf '{\"version\":1,\"success\":tr'", "executable_malformed", "something other than a JSON object"],
  ["head -c 1000000 /dev/zero", "executable_malformed", "something other than a JSON object"],
  ["head -c 2000000 /dev/zero", "host_failed", "more than 1 MiB"],
  ["yes", "host_failed", "more than 1 MiB"],
  ["trap '' TERM PIPE; head -c 2000000 /dev/zero; sleep 30", "host_failed", "more than 1 MiB"],
  ["head -c 5000000 /dev/zero | tr '\\0' x >&2; exit 3", "executable_failed", "exit code 3: xxx"],
  ["printf 'no \\377 network' >&2; exit 3", "executable_failed", "exit code 3: no \ufffd network"],
  ["kill -9 $$", "executable_failed", "was ended by a signal"],
  ["printf '{\"version\":1,'; kill -15 $$", "executable_failed", "was ended by a signal"],
  [
    'printf \'{"version":1,"success":false,"code":"401","message":"Log in \\303\\050."}\'',
    "executable_rejected", "Log in \ufffd(",
  ],
]) {
  test(`no token from: ${script}`, async (t) => {
    const { program, failure } = await startPrograms(t);
    const error = await failure(program(script));
    assert.equal(error.code, code);
    assert.ok(error.message.includes(words), error.message);
    assert.equal(error.retryable, false);
  });
}

test("a token is not shown wherever it was written", async (t) => {
  const { program, answer, issued, put, failure } = await startPrograms(t);
  const token = await issued();
  const writes = await answer({ id_token: token });
  put("words", `The token ${token} is refused.\n`);
  for (const script of [`${writes}; cat "$here/words" >&2; exit 1`, 'cat "$here/words" >&2; exit 1', `${writes}; ${writes}`]) {
    const error = await failure(program(script));
    assert.match(error.code, /^executable_(failed|malformed)$/);
    isHidden(error, token);
  }
});

for (const [what, script] of [
  ["is slow", `${FOREVER} & echo $! >$here/child; wait`],
  ["ignores signals", `trap '' TERM INT HUP; ${FOREVER} & echo $! >$here/child; while :; do wait; done`],
  ["closes its output", `exec >&- 2>&-; ${FOREVER} & echo $! >$here/child; wait`],
  ["has answered", `ANSWER; ${FOREVER} & echo $! >$here/child; wait`],
  ["left a child behind", `ANSWER; ${FOREVER} & echo $! >$here/child`],
  ["writes on", `${FOREVER} & echo $! >$here/child; while :; do echo; sleep 0.1; done`],
]) {
  test(`the timeout ends a program that ${what}, with its children`, async (t) => {
    const { program, answer, failure, pid } = await startPrograms(t);
    const source = program(`echo $$ >"$here/self"\n${script.replace("ANSWER", await answer())}`);
    const error = await failure(source, hurried);
    assert.deepEqual([error.code, error.fault, error.retryable], ["host_timeout", "host", true]);
    await assertEnds(await pid("child"), "the child");
    await assertEnds(await pid("self"), "the program");
  });
}

test("an abort ends a program with its children", async (t) => {
  const { program, token, pid } = await startPrograms(t);
  const controller = new AbortController();
  const fetching = token(program(`${FOREVER} & echo $! >$here/child; wait`), ALLOWED, { host, signal: controller.signal });
  const child = await pid("child");
  controller.abort(new Error("enough"));
  await assert.rejects(fetching, { message: "enough" });
  await assertEnds(child, "the child");
});

test("a child in a session of its own does not hold up the end of the process", async (t) => {
  const { program, url, pid } = await startPrograms(t);
  // Nobody can find it to end it; it holds the pipe while the caller's process ends.
  const detach = [
    "const child = require('node:child_process').spawn('sleep', ['30'], { detached: true, stdio: 'inherit' })",
    "require('node:fs').writeFileSync(process.argv[1], child.pid + '\\n')",
    "child.unref()",
  ];
  const source = program(`"${process.execPath}" -e "${detach.join("; ")}" "$here/child"`);
  const config = {
    type: "external_account", audience: AUDIENCE, subject_token_type: JWT, token_url: `${url}/v1/token`,
    credential_source: source,
  };
  const code = `
    import { fetchToken, nodeHost } from "sanskey";
    const host = nodeHost({ env: ${JSON.stringify(ALLOWED)} });
    const runCommand = (command, options) => host.runCommand({ ...command, timeoutMs: 1500 }, options);
    await fetchToken(${JSON.stringify(config)}, { endpoints: "loopback", host: { ...host, runCommand } })
      .catch((error) => console.log(error.code));
  `;
  const started = performance.now();
  const ended = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], {
    cwd: new URL(".", import.meta.url), timeout: 20_000,
  });
  assert.deepEqual(ended, { stdout: "host_timeout\n", stderr: "" });
  assert.ok(performance.now() - started < 10_000);
  process.kill(await pid("child"), "SIGKILL");
});

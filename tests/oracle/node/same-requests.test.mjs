// Side by side: what google-auth-library and what sanskey do with the same drawn cases, and the differences by name.
// The cases are those of the Python test, but for the logins of people: ../config_draws.py draws them.
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

import { expected, KNOWN, proofs, same } from "./known-differences.mjs";
import { ours } from "./side-by-side.mjs";

const USUAL_CASES = 1000;
const SEED = process.env.SANSKEY_SEED || randomBytes(8).toString("hex");
const ORACLE = fileURLToPath(new URL("../", import.meta.url));

test(`every difference is known and is met (SANSKEY_SEED=${SEED})`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-cases-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const met = new Set();
  for (const testCase of cases(folder)) {
    const ourRun = ours(testCase);
    const { ran, met: differences } = await expected(t, testCase);
    if (!same(ourRun, ran)) {
      const shown = inspect({ testCase, ourError: ourRun.error, theirError: ran.error }, { depth: 9 });
      assert.deepEqual({ ...ourRun, error: 0 }, { ...ran, error: 0 }, `seed ${SEED}: ${shown}`);
    }
    for (const proof of proofs(testCase, ourRun)) assert.ok(proof.headers.authorization.isRight);
    for (const name of differences) met.add(name);
  }
  assert.deepEqual([...met].toSorted(), KNOWN.map(({ name }) => name).toSorted());
});

test("the README lists them", () => {
  const text = readFileSync(join(ORACLE, "README.md"), "utf8");
  const listed = text.split("\nFrom google-auth-library (")[1].split("\n\n")[1].split("\n");
  assert.deepEqual(listed, KNOWN.map(({ name, reason }) => `- \`${name}\`: ${reason}`));
  assert.equal(new Set(listed).size, listed.length);
});

function cases(folder) {
  const own = ["bin/python", "Scripts/python.exe"].map((each) => join(ORACLE, "../../.venv", each));
  const python = process.env.PYTHON ?? own.find((each) => existsSync(each)) ?? "python3";
  const arguments_ = [join(ORACLE, "write_cases.py"), SEED, `${USUAL_CASES}`, folder];
  const lines = execFileSync(python, arguments_, { encoding: "utf8", maxBuffer: 2 ** 28 });
  const drawn = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  return drawn.filter(({ kind }) => kind !== "person");
}

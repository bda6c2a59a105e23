import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { complaints } from "../../wasm/test/support/compile.mjs";

const folder = fileURLToPath(new URL("..", import.meta.url));
const own = `${folder}test/types/user-node.ts`;
const sdk = `${folder}test/types/user-aws-sdk.ts`;

/** A program that is written for sanskey-wasm holds for sanskey too. */
function sharedUser(t, name = "user.ts") {
  const place = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(place, { recursive: true }));
  const path = join(place, "user.ts");
  const text = readFileSync(new URL(`../../wasm/test/types/${name}`, import.meta.url), "utf8");
  writeFileSync(path, text.replace('"sanskey-wasm"', '"sanskey"'));
  return path;
}

for (const [what, extension, options] of [
  ["an ES module under node16", "mts", { module: "node16", moduleResolution: "node16" }],
  ["CommonJS under node16", "cts", { module: "node16", moduleResolution: "node16" }],
  ["a bundler", "ts", { module: "esnext", moduleResolution: "bundler" }],
]) {
  test(`strict TypeScript has nothing to complain about: ${what}`, (t) => {
    const files = { [`own.${extension}`]: own, [`user.${extension}`]: sharedUser(t) };
    assert.equal(complaints(t, folder, "sanskey", files, { ...options, lib: ["ES2022"], types: ["node"] }), "");
  });
}

test("strict TypeScript has nothing to complain about: without the types of Node", (t) => {
  const options = { module: "node16", moduleResolution: "node16", lib: ["ES2022"] };
  assert.equal(complaints(t, folder, "sanskey", { "user.mts": sharedUser(t, "user-bare.ts") }, options), "");
});

for (const [what, extension, options] of [
  ["an ES module", "mts", { module: "node16", moduleResolution: "node16" }],
  ["a bundler", "ts", { module: "esnext", moduleResolution: "bundler" }],
]) {
  test(`what the AWS SDK has can be given without a cast: ${what}`, (t) => {
    const common = { ...options, lib: ["ES2022"], types: ["node"] };
    assert.equal(complaints(t, folder, "sanskey", { [`sdk.${extension}`]: sdk }, common, ["@aws-sdk", "@smithy"]), "");
  });
}

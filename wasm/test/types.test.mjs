import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { complaints } from "./support/compile.mjs";

const folder = fileURLToPath(new URL("..", import.meta.url));
const user = `${folder}test/types/user.ts`;
const slim = `${folder}test/types/user-slim.ts`;
const bare = `${folder}test/types/user-bare.ts`;
const DOM = ["ES2022", "DOM", "DOM.Iterable"];

for (const [what, files, options] of [
  ["an ES module under node16", { "user.mts": user, "slim.mts": slim }, { module: "node16", moduleResolution: "node16", lib: DOM }],
  ["CommonJS under node16", { "user.cts": user }, { module: "node16", moduleResolution: "node16", lib: DOM }],
  ["a bundler", { "user.ts": user, "slim.ts": slim }, { module: "esnext", moduleResolution: "bundler", lib: DOM }],
  ["a bundler for Workers", { "user.ts": user }, { module: "esnext", moduleResolution: "bundler", lib: DOM, customConditions: ["workerd"] }],
  ["Node's types in place of the DOM's", { "user.mts": user }, { module: "node16", moduleResolution: "node16", lib: ["ES2022"], types: ["node"] }],
  ["neither", { "user.mts": bare }, { module: "node16", moduleResolution: "node16", lib: ["ES2022"] }],
]) {
  test(`strict TypeScript has nothing to complain about: ${what}`, (t) => {
    assert.equal(complaints(t, folder, "sanskey-wasm", files, options), "");
  });
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ERROR_CODES } from "sanskey-wasm";
import * as core from "../pkg/sanskey.js";

const ours = Object.entries(ERROR_CODES).map(([code, fault]) => ({ code, fault }));

test("the error codes are those of the shared list", () => {
  const shared = JSON.parse(readFileSync(new URL("../../tests/vectors/errors/codes.json", import.meta.url), "utf8"));
  assert.deepEqual(ours, shared);
});

test("the error codes are those of the core", () => {
  core.initSync({ module: readFileSync(new URL("../dist/sanskey.wasm", import.meta.url)) });
  assert.deepEqual(ours, JSON.parse(core.errorCodes()));
});

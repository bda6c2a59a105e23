import assert from "node:assert/strict";
import { test } from "node:test";
import { runVectors } from "../../wasm/test/support/vectors.mjs";

process.env.SANSKEY_BACKEND = "wasm";
const sanskey = await import("sanskey");

test("the wasm module is in use", () => assert.equal(sanskey.backend(), "wasm"));
runVectors(sanskey);

import assert from "node:assert/strict";
import { test } from "node:test";
import { runVectors } from "../../wasm/test/support/vectors.mjs";

process.env.SANSKEY_BACKEND = "native";
const sanskey = await import("sanskey");

test("the native addon is in use", () => assert.equal(sanskey.backend(), "native"));
runVectors(sanskey);

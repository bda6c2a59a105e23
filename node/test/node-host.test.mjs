import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeHost } from "sanskey";
import { failure, httpHostTests, request, TEST_ENV } from "../../wasm/test/support/http-hosts.mjs";

const host = nodeHost({ env: TEST_ENV });

httpHostTests(host);

test("a scheme that is not HTTP is unsupported", async () => {
  await assert.rejects(host.http(request("ftp://127.0.0.1/")), failure("unsupported"));
});

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("a file is its text, and a missing one is null", async (t) => {
  const path = join(folder(t), "token");
  assert.equal(await host.readFile(path), null);
  writeFileSync(path, "tökén\n");
  assert.equal(await host.readFile(path), "tökén\n");
  assert.equal(await host.readFile(join(path, "below-a-file")), null);
});

test("a file may have 1 MiB, and a device without an end is not read to it", async (t) => {
  const path = join(folder(t), "large");
  writeFileSync(path, "x".repeat(1024 * 1024));
  assert.equal((await host.readFile(path)).length, 1024 * 1024);
  writeFileSync(path, "x".repeat(1024 * 1024 + 1));
  await assert.rejects(host.readFile(path), failure("other"));
  if (process.platform !== "win32") await assert.rejects(host.readFile("/dev/zero"), failure("other"));
});

test("a path that cannot be one is a failure", async () => {
  await assert.rejects(host.readFile("a\0b"), failure("other"));
});

test("a folder is not a file", async (t) => {
  await assert.rejects(host.readFile(folder(t)), failure("other"));
});


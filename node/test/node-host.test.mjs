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

test("a folder is not a file", async (t) => {
  await assert.rejects(host.readFile(folder(t)), failure("other"));
});


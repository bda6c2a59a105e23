// A certificate for servers on loopback.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate for 127.0.0.1 and localhost that signs itself, and its key. */
export function makeCertificate(t) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const paths = { certPath: join(folder, "cert.pem"), keyPath: join(folder, "key.pem") };
  const made = spawnSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
    "-subj", "/CN=sanskey", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", paths.keyPath, "-out", paths.certPath,
  ], { encoding: "utf8" });
  assert.equal(made.status, 0, `this test needs the program openssl: ${made.error ?? made.stderr}`);
  return paths;
}

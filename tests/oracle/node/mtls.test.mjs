// Google's own Node client and sanskey get tokens over mutual TLS with the same configuration.
import "./loopback-only.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startEmulator } from "./emulator.mjs";
import { useEnvironment } from "./environment.mjs";

/** Node reads NODE_EXTRA_CA_CERTS when it starts, so that each token needs a process of its own. */
const PROGRAMS = {
  "google-auth-library": `
    import { accessToken } from "./google-client.mjs";
    console.log(await accessToken(process.argv[1]));
  `,
  sanskey: `
    import { fetchToken } from "../../../node/dist/index.mjs";
    console.log((await fetchToken(process.argv[1], { endpoints: "loopback" })).value);
  `,
};

async function start(t) {
  useEnvironment(t);
  const folder = mkdtempSync(join(tmpdir(), "sanskey-oracle-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const emulator = await startEmulator(t, "--mtls-out", folder);
  return { emulator, folder };
}

function run(program, folder, name) {
  const options = { cwd: import.meta.dirname, env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") } };
  const guarded = `import "./loopback-only.mjs"; ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", guarded, join(folder, name)], options);
  return new Promise((resolve, reject) => {
    let [output, errors] = ["", ""];
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (errors += data));
    child.on("error", reject).on("close", (code) => resolve({ code, output: output.trim(), errors }));
  });
}

for (const [client, program] of Object.entries(PROGRAMS)) {
  for (const [name, kind] of [["credentials-federated.json", "federated"], ["credentials.json", "service_account"]]) {
    test(`${client}: ${kind}`, async (t) => {
      const { emulator, folder } = await start(t);
      const { code, output, errors } = await run(program, folder, name);
      assert.equal(code, 0, errors);
      assert.equal((await emulator.whoami(output)).kind, kind);
    });
  }

  test(`${client}: a certificate of another authority`, async (t) => {
    const { emulator, folder } = await start(t);
    const made = await (await fetch(`${emulator.url}/emulator/client-certificate?foreign`)).json();
    for (const [file, part] of [["client.pem", "certificate"], ["client-key.pem", "key"], ["chain.pem", "chain"]]) {
      writeFileSync(join(folder, file), made[part]);
    }
    const { code, errors } = await run(program, folder, "credentials-federated.json");
    assert.notEqual(code, 0);
    assert.match(errors, /invalid_grant/);
    assert.match(errors, /Unable to verify the certificate chain of the given credential/);
  });
}

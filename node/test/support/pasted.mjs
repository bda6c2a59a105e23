// Examples in a folder of their own, as a reader pastes them.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Copies a file to a new folder, beside a package `sanskey` that passes everything on to the real one, and takes
 * endpoints on this machine as that takes Google's. Gives the path of the copy; the folder goes with the test.
 */
export function paste(t, file) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const copy = join(folder, basename(fileURLToPath(file)));
  copyFileSync(file, copy);
  const home = join(folder, "node_modules", "sanskey");
  mkdirSync(home, { recursive: true });
  const real = JSON.stringify(new URL("../../dist/index.mjs", import.meta.url).href);
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "sanskey", type: "module", exports: "./index.js" }));
  writeFileSync(join(home, "index.js"), `
    export * from ${real};
    import * as real from ${real};
    const here = (options) => ({ endpoints: "loopback", ...options });
    export const fetchToken = (config, options) => real.fetchToken(config, here(options));
    export const fetchIdToken = (config, options) => real.fetchIdToken(config, here(options));
    export const signUrl = (config, options) => real.signUrl(config, here(options));
    export class TokenSource extends real.TokenSource {
      constructor(config, options) { super(config, here(options)); }
    }
    export const introspectToken = (config, token, options) => real.introspectToken(config, token, here(options));
    export const revokeLogin = (config, options) => real.revokeLogin(config, here(options));
  `);
  return copy;
}

// Builds dist/ from src/, from the shared sources in ../wasm/src/, and from ../wasm/pkg/, which is the fallback.

import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { emitTypes } from "../wasm/build/types.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = `${here}dist`;
const fallback = fileURLToPath(new URL("../wasm/pkg/sanskey_bg.wasm", import.meta.url));
if (!existsSync(fallback)) {
  console.error(`error: there is no ${fallback}\n       \`make build\` in the root folder writes it.`);
  process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
for (const [format, extension] of [["esm", ".mjs"], ["cjs", ".cjs"]]) {
  await build({
    absWorkingDir: here,
    bundle: true,
    charset: "utf8",
    entryPoints: { index: "src/index.ts" },
    format,
    loader: { ".wasm": "base64" },
    logLevel: "warning",
    // CommonJS has __filename instead.
    define: format === "cjs" ? { "import.meta.url": "undefined" } : {},
    outdir: dist,
    outExtension: { ".js": extension },
    platform: "node",
    target: "node20",
  });
}
emitTypes(here, `${dist}/types`);

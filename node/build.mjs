// Builds dist/ from src/, from the shared sources in ../wasm/src/, and from ../wasm/pkg/, which is the fallback.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { copyLicences } from "../wasm/build/licences.mjs";
import { emitTypes } from "../wasm/build/types.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = `${here}dist`;
const fallback = fileURLToPath(new URL("../wasm/pkg/sanskey_bg.wasm", import.meta.url));
if (!existsSync(fallback)) {
  console.error(`error: there is no ${fallback}\n       \`make build\` in the root folder writes it.`);
  process.exit(1);
}

// The fallback is inside the JavaScript, so that bundles have it. Every start reads it, and few use it: so it is packed.
const packed = {
  name: "packed",
  setup({ onLoad }) {
    onLoad({ filter: /_bg\.wasm$/ }, ({ path }) => ({ contents: brotliCompressSync(readFileSync(path)), loader: "base64" }));
  },
};

rmSync(dist, { recursive: true, force: true });
for (const [format, extension] of [["esm", ".mjs"], ["cjs", ".cjs"]]) {
  await build({
    absWorkingDir: here,
    bundle: true,
    entryPoints: { index: "src/index.ts" },
    format,
    // Names stay, also where two modules have a class of one name.
    keepNames: true,
    logLevel: "warning",
    // CommonJS has __filename instead.
    define: format === "cjs" ? { "import.meta.url": "undefined" } : {},
    outdir: dist,
    outExtension: { ".js": extension },
    platform: "node",
    plugins: [packed],
    target: "node20",
  });
}
emitTypes(here, `${dist}/types`);
copyLicences(dist);

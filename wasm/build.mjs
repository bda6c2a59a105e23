// Builds dist/ from src/ and from pkg/, which wasm-bindgen wrote before.

import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { copyLicences } from "./build/licences.mjs";
import { emitTypes } from "./build/types.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = `${here}dist`;
const module = `${here}pkg/sanskey_bg.wasm`;
if (!existsSync(module)) {
  console.error(`error: there is no ${module}\n       \`make build\` in the root folder writes it.`);
  process.exit(1);
}

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: "utf8",
  logLevel: "warning",
  // Names stay, for readable stack traces, also where two modules have a class of one name.
  keepNames: true,
  minifySyntax: true,
  minifyWhitespace: true,
  outdir: dist,
  platform: "neutral",
  target: "es2022",
  loader: { ".wasm": "base64" },
};

// The module that users' bundlers and runtimes deliver themselves.
const bringYourOwn = {
  name: "bring-your-own",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/sanskey\.wasm(\?module)?$/ }, ({ path }) => ({ path, external: true }));
  },
};

rmSync(dist, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: {
    index: "src/entry/inline.ts",
    workerd: "src/entry/workerd.ts",
    "edge-light": "src/entry/edge-light.ts",
    slim: "src/entry/slim.ts",
  },
  format: "esm",
  // One copy of the library for all entries, so that a program and its libraries share one instance of the core.
  splitting: true,
  chunkNames: "shared-[hash]",
  plugins: [bringYourOwn],
});
await build({
  ...common,
  entryPoints: { index: "src/entry/inline.ts", slim: "src/entry/slim.ts" },
  format: "cjs",
  // Only a part of wasm-bindgen's loader that is dropped has a use for it.
  define: { "import.meta.url": "undefined" },
  outExtension: { ".js": ".cjs" },
});
copyFileSync(module, `${dist}/sanskey.wasm`);
writeFileSync(
  `${dist}/sanskey.wasm.d.ts`,
  "/** A WebAssembly.Module in workers; bundlers differ. */\ndeclare const module: object;\nexport default module;\n",
);
emitTypes(here, `${dist}/types`);
copyLicences(dist);

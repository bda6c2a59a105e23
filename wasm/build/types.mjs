// Type declarations for both module systems, which node/ builds in the same way.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Runs the package's TypeScript over its tsconfig.json, into `outDir`. */
export function emitTypes(packageDir, outDir) {
  const typescript = createRequire(join(packageDir, "package.json")).resolve("typescript/package.json");
  const tsc = join(typescript, "../bin/tsc");
  const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--stripInternal", "--outDir", outDir];
  execFileSync(process.execPath, [tsc, "-p", packageDir, ...options], { stdio: "inherit" });
  copyForCommonJs(outDir);
}

// The packages are of type "module", where a .d.ts describes an ES module. CommonJS needs its own copies.
function copyForCommonJs(folder) {
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".d.ts")) continue;
    const text = readFileSync(join(folder, entry), "utf8");
    const specifiers = text.replace(/(from |import |import\()"(\.[^"]*)\.js"/g, '$1"$2.cjs"');
    writeFileSync(join(folder, entry.replace(/\.d\.ts$/, ".d.cts")), specifiers);
  }
}

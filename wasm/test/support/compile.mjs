// Compiles TypeScript against a package as its users have it: installed in node_modules.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const strict = {
  strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true, skipLibCheck: false, isolatedModules: true, target: "ES2022", noEmit: true,
};

/**
 * Returns what the compiler complains about. `files` maps names in the project to files; `others` are packages or
 * scopes that are used besides.
 */
export function complaints(t, packageDir, name, files, options, others = []) {
  const project = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(project, { recursive: true }));
  const home = join(project, "node_modules", name);
  mkdirSync(home, { recursive: true });
  cpSync(join(packageDir, "dist"), join(home, "dist"), { recursive: true });
  copyFileSync(join(packageDir, "package.json"), join(home, "package.json"));
  for (const other of others) {
    const [link, place] = Array.isArray(other) ? other : [other, join(packageDir, "node_modules", other)];
    mkdirSync(join(project, "node_modules", link, ".."), { recursive: true });
    symlinkSync(place, join(project, "node_modules", link));
  }
  for (const [target, source] of Object.entries(files)) copyFileSync(source, join(project, target));
  const typeRoots = [join(packageDir, "node_modules/@types")];
  const compilerOptions = { ...strict, types: [], typeRoots, ...options };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  const typescript = createRequire(join(packageDir, "package.json")).resolve("typescript/package.json");
  const { stdout, stderr } = spawnSync(process.execPath, [join(typescript, "../bin/tsc"), "-p", project], { encoding: "utf8" });
  return (stdout + stderr).trim();
}

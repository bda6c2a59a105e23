// Each test is a program of its own, in a folder with what the npm package would have there.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("..", import.meta.url));
const ADDON = readdirSync(folder).find((name) => name.startsWith(`sanskey.${process.platform}-${process.arch}`) && name.endsWith(".node"));
const program = (imports) => `${imports}
  const token = callerIdentityToken({ accessKeyId: "a", secretAccessKey: "b" }, "eu-west-1", "audience", 0);
  console.log(backend(), token.length > 100);
`;
const ESM = program('import { backend, callerIdentityToken } from "sanskey";');
const CJS = program('const { backend, callerIdentityToken } = require("sanskey");');

/** A project that has the package installed, with the given text as its addon: undefined for none. */
function installed(t, addon) {
  const project = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(project, { recursive: true }));
  const home = join(project, "node_modules/sanskey");
  mkdirSync(home, { recursive: true });
  cpSync(join(folder, "dist"), join(home, "dist"), { recursive: true });
  copyFileSync(join(folder, "package.json"), join(home, "package.json"));
  if (addon !== undefined) writeFileSync(join(home, ADDON), addon);
  return project;
}

function run(project, name, text, env = {}) {
  writeFileSync(join(project, name), text);
  const { SANSKEY_BACKEND, ...rest } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [name], { cwd: project, env: { ...rest, ...env }, encoding: "utf8" });
  return { status, stdout: stdout.trim(), stderr };
}

test("there is an addon to test with", () => {
  assert.ok(ADDON, "there is no addon: run `make build` in the root folder");
});

for (const [name, text] of [["program.mjs", ESM], ["program.cjs", CJS]]) {
  test(`${name} runs on the addon`, () => {
    // In this package's own folder, so that an addon is loaded from where the build puts it.
    const flags = name.endsWith(".mjs") ? ["--input-type=module"] : [];
    const { SANSKEY_BACKEND, ...env } = process.env;
    assert.equal(execFileSync(process.execPath, [...flags, "-e", text], { cwd: folder, env, encoding: "utf8" }).trim(), "native true");
  });

  test(`without an addon, ${name} runs on wasm`, (t) => {
    assert.deepEqual(run(installed(t), name, text), { status: 0, stdout: "wasm true", stderr: "" });
  });

  test(`with an addon that does not load, ${name} runs on wasm`, (t) => {
    assert.deepEqual(run(installed(t, "not an addon"), name, text), { status: 0, stdout: "wasm true", stderr: "" });
  });
}

test("an addon that is asked for and not there is an error that names it", (t) => {
  const project = installed(t);
  const { status, stderr } = run(project, "program.mjs", ESM, { SANSKEY_BACKEND: "native" });
  assert.equal(status, 1);
  assert.ok(stderr.includes(ADDON), stderr);
  assert.match(stderr, /SanskeyError: host_unsupported: /);
});

test("an addon that is asked for and does not load is an error that says why", (t) => {
  const { status, stderr } = run(installed(t, "not an addon"), "program.mjs", ESM, { SANSKEY_BACKEND: "native" });
  assert.equal(status, 1);
  assert.match(stderr, /SanskeyError: host_unsupported: .*does not load[\s\S]*\[cause\]/);
});

test("a backend that does not exist is an error", (t) => {
  const { status, stderr } = run(installed(t), "program.mjs", ESM, { SANSKEY_BACKEND: "java" });
  assert.equal(status, 1);
  assert.match(stderr, /SanskeyError: invalid_argument: SANSKEY_BACKEND is "java"/);
});

// As a Lambda function is usually deployed: one file, no node_modules beside it.
for (const [format, extension] of [["cjs", ".cjs"], ["esm", ".mjs"]]) {
  test(`bundled into one file as ${format}, it runs on wasm and reaches the network`, async (t) => {
    const project = mkdtempSync(join(tmpdir(), "sanskey-"));
    t.after(() => rmSync(project, { recursive: true }));
    const contents = `${ESM}
      import { nodeHost } from "sanskey";
      const request = { method: "GET", url: "http://127.0.0.1:1/", headers: [], body: "", timeoutMs: 1000, clientCertificate: null };
      nodeHost({ env: {} }).http(request).catch(({ kind }) => console.log(kind));
    `;
    const stdin = { contents, resolveDir: folder };
    const { outputFiles, warnings } = await build({ stdin, bundle: true, format, platform: "node", target: "node20", write: false, logLevel: "silent" });
    assert.deepEqual(warnings.filter(({ id }) => id !== "empty-import-meta"), []);
    const { stdout, stderr } = run(project, `bundle${extension}`, outputFiles[0].text);
    assert.deepEqual([stdout, stderr], ["wasm true\nunreachable", ""]);
  });
}

test("neither HTTP nor a process is loaded before it is needed", () => {
  const text = `
    import { backend } from "sanskey";
    backend();
    const loaded = process.moduleLoadList.filter((name) => /^NativeModule (http|https|tls|child_process)$/.test(name));
    console.log(JSON.stringify(loaded));
  `;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", text], { cwd: folder, encoding: "utf8" }).trim(), "[]");
});

test("both module systems export the same", async () => {
  assert.deepEqual(Object.keys(createRequire(import.meta.url)("sanskey")).sort(), Object.keys(await import("sanskey")).sort());
});

test("every file that package.json names is in the package, and nothing else of the project", (t) => {
  // The mark that make leaves, also where the package was built without make.
  const mark = `${folder}dist/.built`;
  if (!existsSync(mark)) {
    writeFileSync(mark, "");
    t.after(() => rmSync(mark));
  }
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: folder, encoding: "utf8" }));
  const packed = new Set(files.map(({ path }) => `./${path}`));
  const { exports, main, module, types } = createRequire(import.meta.url)("../package.json");
  const leaves = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(leaves));
  for (const path of [...leaves(exports), main, module, types, `./${ADDON}`]) assert.ok(packed.has(path), `${path} is not packed`);
  for (const path of packed) assert.match(path, /^\.\/(dist\/(?!\.)|sanskey\.[\w-]+\.node$|package\.json$|README\.md$|LICENSE)/);
});

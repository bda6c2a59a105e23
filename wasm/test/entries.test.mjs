import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import * as esm from "sanskey-wasm";

const folder = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const run = (...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
const esmScript = (script, ...flags) => run(...flags, "--input-type=module", "-e", script);
const use = "const code = (work) => { try { work(); return 'fine'; } catch (error) { return error.code; } };";
const broken = "code(() => CredentialConfig.fromJson('{'))";

const PUBLIC = [
  "CredentialConfig", "ERROR_CODES", "Exchange", "HostFailure", "SanskeyError", "Token", "TokenSource", "callerIdentityToken",
  "certificateConfig", "checkConfig", "describeSubjectToken", "fetchDelegatedToken", "fetchDownscopedToken",
  "fetchHost", "fetchIdToken", "fetchToken", "impersonationRequest", "introspectToken", "parseImpersonationResponse",
  "parseStsResponse", "revokeLogin", "signBlob", "signJwt", "signRequest", "signUrl", "stsRequest",
];

test("both module systems export the same, and no way to initialise", () => {
  assert.deepEqual(Object.keys(esm).sort(), PUBLIC);
  assert.deepEqual(Object.keys(require("sanskey-wasm")).sort(), PUBLIC);
});

test("CommonJS works", () => {
  const { callerIdentityToken } = require("sanskey-wasm");
  assert.match(callerIdentityToken({ accessKeyId: "a", secretAccessKey: "b" }, "eu-west-1", "audience"), /^%7B%22url/);
});

test("slim adds init, and says what is missing before it", () => {
  const keys = esmScript("import * as slim from 'sanskey-wasm/slim'; console.log(Object.keys(slim).sort().join())");
  assert.equal(keys, [...PUBLIC, "init"].sort().join());
  assert.deepEqual(Object.keys(require("sanskey-wasm/slim")).sort(), [...PUBLIC, "init"].sort());
  assert.equal(esmScript(`import { CredentialConfig } from "sanskey-wasm/slim"; ${use} console.log(${broken})`), "invalid_argument");
});

for (const [what, module] of [["bytes", "bytes"], ["a module", "new WebAssembly.Module(bytes)"]]) {
  test(`slim runs on ${what}, and init may be called again`, () => {
    const output = esmScript(`
      import { readFileSync } from "node:fs";
      import { CredentialConfig, init } from "sanskey-wasm/slim";
      const bytes = readFileSync("dist/sanskey.wasm");
      ${use}
      init(${module});
      init(${module});
      const first = ${broken};
      init(${module});
      console.log(first, ${broken});
    `);
    assert.equal(output, "config_not_json config_not_json");
  });
}

test("a program that imports the package and a library that imports slim share one core", () => {
  const output = esmScript(`
    import "sanskey-wasm";
    import { CredentialConfig } from "sanskey-wasm/slim";
    ${use}
    console.log(${broken});
  `);
  assert.equal(output, "config_not_json");
});

test("nothing is compiled before the first use", () => {
  const output = esmScript(`
    const { Module, Instance } = WebAssembly;
    let count = 0;
    for (const [name, original] of Object.entries({ Module, Instance })) {
      WebAssembly[name] = class extends original { constructor(...args) { super(...args); count += 1; } };
    }
    const { CredentialConfig } = await import("sanskey-wasm");
    const before = count;
    ${use}
    ${broken};
    const after = count;
    ${broken};
    console.log(before, after, count);
  `);
  assert.equal(output, "0 2 2");
});

for (const [name, change] of [
  ["Uint8Array.fromBase64", "Uint8Array.fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));"],
  ["Buffer", "delete Uint8Array.fromBase64;"],
  ["atob", "delete Uint8Array.fromBase64; delete globalThis.Buffer;"],
]) {
  test(`the bytes are decoded with ${name}`, () => {
    const script = `import { CredentialConfig } from "sanskey-wasm"; ${change} ${use} console.log(${broken})`;
    assert.equal(esmScript(script), "config_not_json");
  });
}

test("a bundle for browsers is one file without Node in it", async () => {
  const contents = `import { CredentialConfig } from "sanskey-wasm"; ${use} globalThis.result = ${broken};`;
  const stdin = { contents, resolveDir: folder };
  const { outputFiles, warnings } = await build({ stdin, bundle: true, format: "iife", minify: true, platform: "browser", write: false });
  assert.deepEqual(warnings, []);
  const bare = { WebAssembly, TextDecoder, TextEncoder, Uint8Array, atob, globalThis: undefined };
  bare.globalThis = bare;
  const { runInNewContext } = await import("node:vm");
  runInNewContext(outputFiles[0].text, bare);
  assert.equal(bare.result, "config_not_json");
});

for (const [condition, specifier] of [["workerd", "./sanskey.wasm"], ["edge-light", "./sanskey.wasm?module"]]) {
  test(`under ${condition} the module is imported, and not in the JavaScript`, async () => {
    const imported = [];
    const compiled = {
      name: "compiled",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /\.wasm/ }, ({ path }) => (imported.push(path), { path, namespace: "compiled" }));
        onLoad({ filter: /.*/, namespace: "compiled" }, () => ({ contents: "export default globalThis.compiled" }));
      },
    };
    const contents = `import { CredentialConfig } from "sanskey-wasm"; ${use} globalThis.result = ${broken};`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: folder }, bundle: true, conditions: [condition], format: "iife", plugins: [compiled], write: false,
    });
    assert.deepEqual(imported, [specifier]);
    assert.ok(outputFiles[0].text.length < 100_000, "the bytes are in the bundle");
    globalThis.compiled = new WebAssembly.Module(readFileSync(`${folder}/dist/sanskey.wasm`));
    (0, eval)(outputFiles[0].text);
    assert.equal(globalThis.result, "config_not_json");
  });
}

test("every file that package.json names is in the package, and nothing else of the project", (t) => {
  // The mark that make leaves, also where the package was built without make.
  const mark = `${folder}dist/.built`;
  if (!existsSync(mark)) {
    writeFileSync(mark, "");
    t.after(() => rmSync(mark));
  }
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: folder, encoding: "utf8" }));
  const packed = new Set(files.map(({ path }) => `./${path}`));
  const { exports, main, module, types } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const leaves = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(leaves));
  for (const path of [...leaves(exports), main, module, types]) assert.ok(packed.has(path), `${path} is not packed`);
  for (const path of packed) assert.match(path, /^\.\/(dist\/(?!\.)|package\.json$|README\.md$|LICENSE)/);
});

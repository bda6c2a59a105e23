// `node check.mjs MODULE.wasm`: the module imports nothing, and gets a token all the same.
import { readFileSync } from "node:fs";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));

const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) {
  for (const { module: from, name, kind } of imports) console.error(`the core imports ${kind} ${from}.${name}`);
  process.exit(1);
}

const { seconds_of_a_token: secondsOfAToken } = new WebAssembly.Instance(module).exports;
const seconds = secondsOfAToken();
if (seconds !== 3600) {
  console.error(`the exchange should end with a token of 3600 s, and ended with ${seconds}`);
  process.exit(1);
}
console.error("    no imports, and a whole exchange runs inside");

/** What the build makes of imported .wasm files: see build.mjs. */

declare module "*_bg.wasm" {
  const base64: string;
  export default base64;
}

declare module "*/sanskey.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*/sanskey.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

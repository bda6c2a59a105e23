/**
 * The library without the module's bytes, for those who deliver `sanskey-wasm/sanskey.wasm` themselves, and for
 * libraries, which leave that to the program. Everything else is the same as in `sanskey-wasm`.
 */
import { instantiate } from "../instantiate.js";
import { provide } from "../native.js";

/**
 * Says where the core comes from: a `WebAssembly.Module`, or the bytes of one. It is compiled at the first use; a core
 * that has started stays.
 */
export function init(moduleOrBytes: object): void {
  provide(() => instantiate(moduleOrBytes as WebAssembly.Module | BufferSource));
}

export * from "../core.js";

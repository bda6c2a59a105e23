/** For Cloudflare Workers, which refuse to compile bytes: the bundler delivers a compiled module. */
import module from "./sanskey.wasm";
import { instantiate } from "../instantiate.js";
import { provide } from "../native.js";

provide(() => instantiate(module));

export * from "../core.js";

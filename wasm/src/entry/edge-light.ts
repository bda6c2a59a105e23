/** For Vercel's edge runtime, whose bundler delivers a compiled module under this name. */
import module from "./sanskey.wasm?module";
import { instantiate } from "../instantiate.js";
import { provide } from "../native.js";

provide(() => instantiate(module));

export * from "../core.js";

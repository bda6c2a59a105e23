/** For Node, Deno, Bun, browsers and bundlers: the module is inside this file, and starts at the first use. */
import base64 from "../../pkg/sanskey_bg.wasm";
import { bytesOf } from "../base64.js";
import { instantiate } from "../instantiate.js";
import { provide } from "../native.js";

provide(() => instantiate(bytesOf(base64)));

export * from "../core.js";

import * as glue from "../pkg/sanskey.js";
import type { Native } from "./native.js";

/** Compiles if need be, and starts the module. Again and again gives the first instance. */
export function instantiate(module: WebAssembly.Module | BufferSource): Native {
  glue.initSync({ module });
  return glue;
}

// By name and not as a whole, so that the build drops wasm-bindgen's own ways of loading.
import {
  callerIdentityToken, certificateConfig, checkConfig, configSummary, createConfig, describeSubjectToken, errorCodes, impersonationRequest,
  initSync, NativeExchange, NativeTokenSource, parseImpersonationResponse, parseStsResponse, requestHeaders, signRequest, stsRequest,
  tokenFreshness, version,
} from "../pkg/sanskey.js";
import type { Native } from "./native.js";

const core: Native = {
  NativeExchange, NativeTokenSource, callerIdentityToken, certificateConfig, checkConfig, configSummary, createConfig, describeSubjectToken, errorCodes,
  impersonationRequest, parseImpersonationResponse, parseStsResponse, requestHeaders, signRequest, stsRequest,
  tokenFreshness, version,
};

/** Compiles if need be, and starts the module. Again and again gives the first instance. */
export function instantiate(module: WebAssembly.Module | BufferSource): Native {
  initSync({ module });
  return core;
}

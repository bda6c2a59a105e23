import { CredentialConfig, init } from "sanskey-wasm/slim";
import module from "sanskey-wasm/sanskey.wasm";

init(module);
init(new Uint8Array());
export const config: CredentialConfig = CredentialConfig.fromObject({});

// A program that is compiled with neither the DOM's types nor Node's.

import { CredentialConfig, fetchToken, HostFailure, TokenSource, type Host, type StepReport } from "sanskey-wasm";

const host: Host = {
  http: ({ url, bypassProxy }, { signal }) => {
    const context: { readonly signal: AbortSignal } = { signal };
    throw new HostFailure("unreachable", `${url} ${bypassProxy} ${typeof context.signal}`);
  },
};

export async function token(signal: AbortSignal): Promise<string> {
  const config = CredentialConfig.fromJson(new Uint8Array());
  return (await fetchToken(config, { host, signal, onStep: (step: StepReport) => step.askId })).value;
}

export function source(signal: AbortSignal): Promise<{ readonly value: string }> {
  return new TokenSource("{}", { host }).token({ signal });
}

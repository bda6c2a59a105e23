// What Node adds to the shared layer, in the strictest TypeScript. It is compiled, not run.

import { backend, CredentialConfig, fetchToken, introspectToken, nodeHost, revokeLogin, TokenSource, type Backend, type Host, type Token } from "sanskey";

export async function token(): Promise<Token> {
  const which: Backend = backend();
  console.log(which);
  const host: Host = nodeHost({ env: process.env });
  await fetchToken("/path/of/credentials.json", { host });
  await fetchToken(new URL("file:///path/of/credentials.json"), { host });
  CredentialConfig.fromFile(new URL("file:///path/of/credentials.json"));
  const config: CredentialConfig = CredentialConfig.fromFile("credentials.json");
  await fetchToken(CredentialConfig.fromJson("{}"), { host: { ...nodeHost(), readFile: async () => null } });
  return fetchToken(config ?? CredentialConfig.fromEnv());
}

export async function byHand(): Promise<number | null> {
  const output = await nodeHost().runCommand({ action: "run_command", argv: ["true"], env: {}, timeoutMs: 1000 });
  const text: string | null = await nodeHost().readFile("a");
  return output.exitCode ?? text?.length ?? null;
}

export async function people(token: Token): Promise<boolean> {
  const login: CredentialConfig = CredentialConfig.fromEnv().withRefreshToken(token.refreshToken ?? "");
  await revokeLogin(new URL("file:///path/of/login.json"), { host: nodeHost() });
  return (await introspectToken("/path/of/login.json", token)).active || login.withQuotaProject("p").type === "";
}

export async function source(config: CredentialConfig): Promise<string> {
  const host = nodeHost({ env: {} });
  host.warn("message", "token_kept");
  host.warn("message");
  // @ts-expect-error there is no such topic
  host.warn("message", "weather");
  const sources: readonly TokenSource[] = [
    new TokenSource("/path/of/credentials.json", { host }), new TokenSource(new URL("file:///path/of/credentials.json")), new TokenSource(config),
  ];
  return (await Promise.all(sources.map((each) => each.token()))).map(({ value }) => value).join();
}

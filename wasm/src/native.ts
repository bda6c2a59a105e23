/**
 * The Rust core as this layer sees it, and which build of it is in use.
 *
 * The Node addon and the wasm module export the same functions. An entry file says how to get at one of them with
 * `provide`; nothing is loaded before the first call that needs it.
 */

/** One exchange inside the core. Texts are the JSON that `wire.ts` reads and writes; `now` is seconds since the epoch. */
export interface NativeExchange {
  poll(now: number): string;
  reply(replies: string): void;
  /** `reply` and `poll` in one crossing. */
  advance(replies: string, now: number): string;
  /** Only the wasm build has it: its memory is not the garbage collector's. */
  free?(): void;
}

/** A token source inside the core. Times are seconds: `now` since the epoch, `uptime` of a clock that nobody sets. */
export interface NativeTokenSource {
  look(now: number, uptime: number): string;
  /** For the next token or, if there is a goal, for that. */
  exchange(goal: string | undefined, options: string, now: number, uptime: number): NativeExchange;
  settle(exchange: NativeExchange, now: number, uptime: number): string;
  /** If no exchange has come about. */
  fail(now: number, uptime: number): string;
  token(): string | null | undefined;
  exportState(): string;
  importState(state: string, now: number, uptime: number): boolean;
  /** Everything but the token. */
  forget(): void;
  free?(): void;
}

/** What both builds of the core export. */
export interface Native {
  NativeExchange: new (config: string, goal: string, options: string) => NativeExchange;
  NativeTokenSource: new (config: string, goal: string, options: string) => NativeTokenSource;
  callerIdentityToken(
    accessKeyId: string,
    secretAccessKey: string,
    sessionToken: string | undefined,
    region: string,
    audience: string,
    now: number,
  ): string;
  certificateConfig(certPath: string, keyPath: string): string;
  checkConfig(config: string, options: string): string;
  configSummary(config: string): string;
  createConfig(params: string): string;
  describeSubjectToken(token: string, tokenType: string, audience: string): string;
  errorCodes(): string;
  impersonationRequest(params: string): string;
  parseImpersonationResponse(status: number, body: string, now: number): string;
  parseStsResponse(status: number, body: string, now: number): string;
  requestHeaders(token: string, quotaProjectId: string | undefined): string;
  signRequest(
    method: string,
    url: string,
    headers: string[],
    body: Uint8Array,
    accessKeyId: string,
    secretAccessKey: string,
    sessionToken: string | undefined,
    region: string,
    service: string,
    now: number,
  ): string[];
  stsRequest(params: string): string;
  tokenFreshness(expiresAt: number, now: number): string;
  version(): string;
}

let load: (() => Native) | undefined;
let loaded: Native | undefined;

/** Names the way to load the core. The first call that needs it uses the way named last. */
export function provide(loader: () => Native): void {
  load = loader;
}

/** The core, loaded if it was not yet; undefined as long as nobody has said how. */
export function native(): Native | undefined {
  return (loaded ??= load?.());
}

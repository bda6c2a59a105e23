// What a user writes, in the strictest TypeScript. It is compiled, not run.

import {
  callerIdentityToken, certificateConfig, checkConfig, CredentialConfig, describeSubjectToken, fetchDelegatedToken, fetchDownscopedToken,
  fetchIdToken, signBlob, signJwt, signUrl, type FetchOptions, type SignedBlob, type SignedJwt, type SignedUrl, type SubjectTokenDescription,
  Exchange, fetchHost, fetchToken, HostFailure,
  impersonationRequest, introspectToken, parseStsResponse, revokeLogin, type RunOptions, type SubjectTokenContext, type TokenInfo,
  SanskeyError, signRequest, stsRequest, type Ask, type AssumeRole, type AwsOptions, type ConfigParts, type ErrorCode, type Finding,
  type FetchTokenOptions, type Goal, type GetSessionToken, type GetWebIdentityToken, type Host, type HttpRequest, type HttpResponse, type Source, type SourceName, type Step,
  type ExchangeReport, type StepReport, Token, TokenSource, type CallOptions, type Listeners, type OutcomeOf, type TokenGoal,
  type TokenSourceOptions, type WarningTopic,
} from "sanskey-wasm";

export async function token(): Promise<string> {
  const config = CredentialConfig.fromJson("{}");
  const controller = new AbortController();
  const token: Token = await fetchToken(config, {
    scopes: ["https://www.googleapis.com/auth/cloud-platform"],
    host: fetchHost(fetch, { AWS_REGION: "eu-west-1" }),
    awsCredentials: async () => ({ accessKeyId: "a", secretAccessKey: "b", sessionToken: undefined }),
    endpoints: "loopback",
    onStep: (step: StepReport) => console.log(step.askId, step.status ?? step.failure),
    signal: controller.signal,
  });
  const expires: number = token.expiresAt.getTime();
  const kind: "delegated" | "downscoped" | "federated" | "id_token" | "service_account" = token.kind;
  return `${token.value} ${expires} ${kind} ${token.freshness()}`;
}

// In the name of a service account.
export async function account(options: FetchOptions, payload: Uint8Array): Promise<readonly string[]> {
  const idToken: Token = await fetchIdToken({}, { audience: "a", includeEmail: false, ...options });
  const blob: SignedBlob = await signBlob({}, { payload, ...options });
  const jwt: SignedJwt = await signJwt("{}", { claims: { sub: "a" } });
  const url: SignedUrl = await signUrl("{}", { bucket: "b", object: "o", expiresInSeconds: 60, headers: { a: "b" }, method: "RESUMABLE" });
  const person: Token = await fetchDelegatedToken("{}", { subject: "a@b", scopes: ["s"] as const });
  const weaker: Token = await fetchDownscopedToken("{}", { accessBoundary: { accessBoundaryRules: [] }, scopes: "s" });
  const told: SubjectTokenDescription = describeSubjectToken("t", { audience: "a" });
  // @ts-expect-error whom is it for?
  await fetchIdToken({}, {});
  // @ts-expect-error bytes are signed
  await signBlob({}, { payload: "text" });
  // @ts-expect-error for how long?
  await signUrl({}, { bucket: "b", object: "o" });
  const step = new Exchange("{}", { goal: "sign_url", bucket: "b", object: "o", expiresInSeconds: 60 }).poll();
  const url2 = step.step === "done" && step.outcome.goal === "sign_url" ? step.outcome.url : "";
  return [idToken.value, blob.keyId, String(blob.signature.length), jwt.jwt, url.url, person.value, weaker.value, ...told.principals, url2];
}

// One token for a whole program, and what is told.
export async function source(signal: AbortSignal, fetchOptions: FetchTokenOptions): Promise<string> {
  const listeners: Listeners = {
    onStep: ({ askId, step, attempt }: StepReport) => console.log(askId, step.length, attempt.toFixed()),
    onExchange: ({ goal, durationMs, requests, error, stage, fault }: ExchangeReport) => {
      const code: ErrorCode | "other" | null = error;
      console.log(goal === "sign_url", durationMs.toFixed(), requests.toFixed(), code, stage === "sts", fault === "remote");
    },
  };
  const call: CallOptions = { signal };
  const goal: TokenGoal = { goal: "id_token", audience: "a" };
  const { signal: none, ...rest } = { ...fetchOptions, ...listeners };
  const options: TokenSourceOptions = { ...rest, scopes: ["s"] as const, awsRegion: async () => "eu-west-1" };
  const source = new TokenSource({}, options);
  const ids: TokenSource = new TokenSource("{}", { goal, host: { warn: (message, about: WarningTopic) => console.warn(message, about) } });
  const token: Token = await source.token();
  const next: Token = await ids.refresh(call);
  const { signature } = await source.fetch({ goal: "sign_blob", payload: new Uint8Array() }, { signal });
  const url: OutcomeOf<{ goal: "sign_url" } & Goal> = await source.fetch({ goal: "sign_url", bucket: "b", object: "o", expiresInSeconds: 60 });
  const person: Token = (await source.fetch({ goal: "delegated_access_token", subject: "a@b", scopes: "s" })).token;
  const bytes: Uint8Array = signature;
  const state: string = source.exportState();
  const taken: boolean = ids.importState(state);
  source.free();
  // @ts-expect-error a source is made for tokens
  new TokenSource({}, { goal: { goal: "sign_blob", payload: new Uint8Array() } });
  // @ts-expect-error a source is not aborted
  new TokenSource({}, { signal });
  // @ts-expect-error a signature is no token
  (await source.fetch({ goal: "sign_blob", payload: new Uint8Array() })).token;
  // @ts-expect-error for what?
  await source.fetch({});
  // @ts-expect-error reports are read-only
  listeners.onStep = undefined;
  return [token.value, next.value, url.url, person.value, bytes.length, taken, none?.aborted].join();
}

// What AWS is to be asked for.
export function awsOptions(exchangeOrFetch: AwsOptions & FetchTokenOptions): readonly unknown[] {
  const roles: readonly AssumeRole[] = [
    { roleArn: "arn:aws:iam::123456789012:role/hub" },
    {
      roleArn: "arn:aws:iam::210987654321:role/spoke", roleSessionName: "s", externalId: "e", durationSeconds: 900,
      policy: "{}", policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] as const, sourceIdentity: undefined,
    },
  ];
  const session: GetSessionToken = {};
  const jwt: GetWebIdentityToken = { audience: "a", durationSeconds: 60, signingAlgorithm: "ES384" };
  const options: FetchTokenOptions = {
    ...exchangeOrFetch, awsProfile: "p", awsAssumeRole: roles, awsGetSessionToken: session, awsWebIdentityToken: jwt,
    awsRegion: async () => "eu-west-1",
  };
  const exchange = new Exchange("{}", { goal: "access_token" }, { awsAssumeRole: { roleArn: "a" }, awsWebIdentityToken: {} });
  const skew: number | null = exchange.clockSkewSeconds;
  const warning: Host = { warn: (message) => console.warn(message.trim()) };
  // @ts-expect-error a role has a name
  const nameless: AssumeRole = { durationSeconds: 900 };
  // @ts-expect-error AWS signs with no such algorithm
  const unsafe: GetWebIdentityToken = { signingAlgorithm: "HS256" };
  // @ts-expect-error an exchange calls nobody
  new Exchange("{}", { goal: "access_token" }, { awsRegion: async () => "eu-west-1" });
  return [fetchToken({}, options), skew, warning, nameless, unsafe];
}

// A configuration without a file.
export function parts(name: SourceName, headers: Headers): readonly string[] {
  const sources: readonly Source[] = [
    name, "github_actions", { kind: name }, { kind: "aws", imdsv2: false }, { kind: "azure_app_service", resource: "api://a" },
    { kind: "file", path: "token", jsonField: undefined, format: "text" }, { kind: "url", url: "u", headers },
    { kind: "url", url: "u", headers: { a: "b" } }, { kind: "fly_io", audience: "a" }, { kind: "kubernetes", path: "p" },
    { kind: "oauth2_client_credentials", tokenUrl: "u", clientId: "c", clientSecretVariable: "V", scope: undefined }, "caller", { kind: "executable", command: "a b", timeoutMs: 5000 },
  ];
  const given: ConfigParts = { projectNumber: 123456789012, pool: "pool", provider: "provider", source: "aws", stsRegion: undefined };
  // @ts-expect-error there is no such source
  const unknown: Source = "mainframe";
  // @ts-expect-error a file has a path
  const nowhere: Source = { kind: "file" };
  // @ts-expect-error a name is not enough for a file
  const unnamed: Source = "file";
  // @ts-expect-error other sources have other settings
  const foreign: Source = { kind: "file", path: "a", headers: {} };
  // @ts-expect-error that is for workforces, whose providers have no project
  CredentialConfig.fromParts({ ...given, workforcePoolUserProject: "1" });
  const config = CredentialConfig.fromProvider("p", { source: "aws", workforcePoolUserProject: "1" });
  const made = [...sources, unknown, nowhere, unnamed, foreign].map((source) => CredentialConfig.fromParts({ ...given, source }).toJson());
  return [...made, config.toJson(), certificateConfig("a", "b")];
}

export function findings(config: object): readonly string[] {
  const found: readonly Finding[] = checkConfig(config, { endpoints: "loopback", tokenServers: ["a.example"] as const });
  // @ts-expect-error this policy does not exist
  checkConfig(config, { endpoints: "everything" });
  return found.filter(({ severity }) => severity === "error").map(({ code, field, message, hint }) => `${code} ${field ?? ""} ${message} ${hint}`);
}

// Logins of people, and proofs that the program supplies.
export async function people(token: Token, signal: AbortSignal): Promise<string | null> {
  const options: RunOptions = { host: fetchHost(), endpoints: "loopback", onStep: (step) => step.askId, signal };
  const info: TokenInfo = await introspectToken("{}", token, options);
  const nothing: void = await revokeLogin({}, options);
  const times: readonly (Date | null)[] = [info.expiresAt, info.issuedAt];
  const texts: readonly (string | null)[] = [info.username, info.clientId, info.subject, info.issuer, ...info.scopes];
  let config = CredentialConfig.fromJson("{}").withQuotaProject("p");
  if (token.refreshToken !== null) config = config.withRefreshToken(token.refreshToken);
  const headers: Readonly<Record<string, string>> = config.requestHeaders(token);
  await fetch("https://a.b", { headers });
  const supplied: FetchTokenOptions = {
    subjectToken: async ({ audience, subjectTokenType }: SubjectTokenContext) => audience + subjectTokenType,
    actorToken: "a", actorTokenType: undefined, bindToCertificate: true, tokenServers: ["idp.example.com"] as const,
  };
  await fetchToken("{}", { ...supplied, subjectToken: () => "proof" });
  new Exchange("{}", { goal: "introspection", token: "t" }, { subjectToken: "proof", apiClient: "gl-node/20.1.0" });
  new Exchange("{}", { goal: "revocation" });
  // @ts-expect-error an exchange calls nobody
  new Exchange("{}", { goal: "access_token" }, { subjectToken: () => "proof" });
  // @ts-expect-error what is asked about must be named
  new Exchange("{}", { goal: "introspection" });
  // @ts-expect-error a login is ended without a proof
  revokeLogin("{}", { subjectToken: "proof" });
  const boundary = { tokenUrl: "u", audience: "a", subjectToken: "t", subjectTokenType: "y", accessBoundary: {}, bodyFormat: "json" } as const;
  return [nothing, info.active, times, texts, stsRequest(boundary).unixSocket].length > 0 ? info.username : null;
}

// A host of one's own, with and without its type.
const own: Host = {
  async http({ method, url, headers, body, timeoutMs }: HttpRequest, { signal }): Promise<HttpResponse> {
    if (timeoutMs < 1) throw new HostFailure("timeout", "no time at all");
    const pairs = headers.map(([name, value]): [string, string] => [name, value]);
    const response = await fetch(url, { method, headers: pairs, body: body || null, redirect: "manual", signal });
    return { status: response.status, headers: response.headers, body: await response.text() };
  },
  wait: (ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};
export const withOwnHost = [
  fetchToken({}, { host: own }),
  fetchToken("{}", { host: { http: async () => ({ status: 200, headers: [["a", "b"]], body: "" }), readEnv: () => ({}) } }),
];

// The loop by hand: both unions are told apart by their field.
export async function loop(exchange: Exchange): Promise<string> {
  const host = fetchHost();
  let step: Step = exchange.poll(Date.now());
  while (step.step === "pending") {
    step = exchange.advance(await Promise.all(step.asks.map(async (ask) => [ask.id, await answer(ask)] as const)), new Date());
  }
  // @ts-expect-error not every goal has a token
  step.outcome.token;
  switch (step.outcome.goal) {
    case "access_token":
    case "delegated_access_token":
    case "downscoped_access_token":
    case "id_token":
      return step.outcome.token.value;
    case "sign_blob":
    case "sign_jwt":
      return step.outcome.keyId;
    case "sign_url":
      return step.outcome.url;
    case "introspection":
      return step.outcome.tokenInfo.username ?? "";
    case "revocation":
      return "";
  }

  async function answer(ask: Ask) {
    switch (ask.action) {
      case "http_request":
        return host.http(ask);
      case "read_env":
        return host.readEnv(ask.names);
      case "wait":
        return host.wait(ask.durationMs);
      case "read_file":
        return new HostFailure("unsupported", ask.path);
      case "run_command":
        return new HostFailure("unsupported", ask.argv.join(" "));
      default: {
        const none: never = ask;
        return none;
      }
    }
  }
}

export function errors(error: unknown): ErrorCode | undefined {
  if (!(error instanceof SanskeyError)) return undefined;
  const { code, fault, askId, status, hint } = error;
  console.log(fault satisfies "config" | "host" | "misuse" | "remote", askId?.length, status?.toFixed(), hint.length);
  if (code === "sts_rejected") return code;
  // @ts-expect-error there is no such code
  if (code === "no_such_code") return undefined;
  return code;
}

export function functions(): readonly unknown[] {
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const headers: Record<string, string> = signRequest({ method: "GET", url: "https://a.b", credentials, region: "r", service: "s" });
  const request: HttpRequest = stsRequest({ tokenUrl: "u", audience: "a", subjectToken: "t", subjectTokenType: "y" });
  const federated = parseStsResponse(200, "{}", 0);
  // @ts-expect-error requests are read-only
  request.url = "";
  // @ts-expect-error a goal has scopes that are texts
  new Exchange("{}", { goal: "access_token", scopes: [1] });
  // @ts-expect-error this policy does not exist
  new Exchange("{}", { goal: "access_token" }, { endpoints: "everything" });
  return [headers, callerIdentityToken(credentials, "r", "a", 0), federated, impersonationRequest({ url: "u", token: federated })];
}

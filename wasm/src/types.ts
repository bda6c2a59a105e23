/** The public types: what an exchange asks for, what a host answers, and what comes out. */

import type { HostFailure } from "./errors.js";
import type { Token, TokenInfo } from "./token.js";

declare global {
  // Programs may be compiled without the types of the DOM and of Node. Where they are, this adds nothing to theirs.
  interface AbortSignal {}
}

/** A point in time: a `Date`, or milliseconds since the epoch. */
export type Now = Date | number;

/** AWS security credentials, as AWS calls their parts. Without a session token they are those of an IAM user. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** A role to take on with the credentials that there are until then: `AssumeRole` of AWS STS. */
export interface AssumeRole {
  /** `arn:aws:iam::123456789012:role/name`. */
  readonly roleArn: string;
  /** The last part of the ARN that the workload will have, 2 to 64 characters. Default: `sanskey`. */
  readonly roleSessionName?: string | undefined;
  /** What the role's trust policy may demand of somebody from another account, 2 to 1,224 characters. */
  readonly externalId?: string | undefined;
  /**
   * How many seconds the credentials live: 900 to 43,200, at most 3,600 for a role that a role takes on. AWS's default
   * is 3,600.
   */
  readonly durationSeconds?: number | undefined;
  /** A policy that narrows the session, as JSON text. */
  readonly policy?: string | undefined;
  /** ARNs of managed policies that narrow the session, at most 10. */
  readonly policyArns?: readonly string[] | undefined;
  /** A name that stays through all further roles, 2 to 64 characters. */
  readonly sourceIdentity?: string | undefined;
}

/** A session of an IAM user, whose own keys are long-lived: `GetSessionToken` of AWS STS. A role cannot ask for one. */
export interface GetSessionToken {
  /** How many seconds the credentials live: 900 to 129,600. AWS's default is 43,200. */
  readonly durationSeconds?: number | undefined;
}

/**
 * A JWT that AWS signs for this workload: `GetWebIdentityToken` of AWS STS. It is the proof of identity for a workload
 * identity pool provider of the kind OIDC, in place of a signed request.
 */
export interface GetWebIdentityToken {
  /** 1 to 1,000 characters. Default: what Google expects by default, `https:` and the configuration's audience. */
  readonly audience?: string | undefined;
  /** How many seconds the JWT lives: 60 to 3,600. AWS's default is 300. */
  readonly durationSeconds?: number | undefined;
  /** Default: `RS256`. */
  readonly signingAlgorithm?: "ES384" | "RS256" | undefined;
}

/**
 * Where AWS credentials are, and what else AWS is to be asked for with them: first `awsGetSessionToken`, then
 * `awsAssumeRole`, then `awsWebIdentityToken`. Each of the three replaces the field of the same meaning in the
 * configuration's object `sanskey`.
 */
export interface AwsOptions {
  /** The profile of AWS's shared configuration files that the credentials come from, whatever the environment says. */
  readonly awsProfile?: string | undefined;
  /** A role to take on, or several, each with the credentials of the one before. */
  readonly awsAssumeRole?: AssumeRole | readonly AssumeRole[] | undefined;
  /** A session to ask for with an IAM user's keys; `{}` chooses it. */
  readonly awsGetSessionToken?: GetSessionToken | undefined;
  /** A JWT of AWS as the proof of identity, in place of a signed request; `{}` chooses it. */
  readonly awsWebIdentityToken?: GetWebIdentityToken | undefined;
}

/**
 * Which servers a configuration may name.
 * `google`: Google's own endpoints and the clouds' documented metadata addresses. `loopback`: also this machine, which
 * is for tests and emulators. `any`: no check; only for configurations that you wrote yourself.
 */
export type Endpoints = "any" | "google" | "loopback";

/** What an exchange is for: an OAuth 2.0 access token. Without scopes it is good for `cloud-platform`. */
export interface AccessTokenGoal {
  readonly goal: "access_token";
  /** A list, or a string in which they are separated by spaces or commas. */
  readonly scopes?: readonly string[] | string | undefined;
}

/** What Google's Security Token Service knows about a federated token (RFC 7662). */
export interface IntrospectionGoal {
  readonly goal: "introspection";
  /** A token that the configuration gives without a service account, or its value. */
  readonly token: string | Token;
}

/** The end of a person's login: its refresh token is revoked (RFC 7009). */
export interface RevocationGoal {
  readonly goal: "revocation";
}

/** An OpenID Connect token of the service account. */
export interface IdTokenParams {
  /** Whom it is for, such as the URL of a Cloud Run service. */
  readonly audience: string;
  /** Whether the account's address is in it. Default: true. */
  readonly includeEmail?: boolean | undefined;
}

/** A signature of the service account. */
export interface SignBlobParams {
  /** What is signed. */
  readonly payload: Uint8Array;
}

/** A JWT that the service account signs. */
export interface SignJwtParams {
  /** An object, or its JSON text. */
  readonly claims: object | string;
}

/** A URL of Cloud Storage that carries the service account's permission (version 4). */
export interface SignUrlParams {
  readonly bucket: string;
  readonly object: string;
  /** 1 to 604,800, which is a week. */
  readonly expiresInSeconds: number;
  /** `RESUMABLE` is a `POST` with the header `x-goog-resumable: start`, which begins an upload. Default: `GET`. */
  readonly method?: "DELETE" | "GET" | "HEAD" | "POST" | "PUT" | "RESUMABLE" | undefined;
  /** Headers that the request must be sent with, exactly so. */
  readonly headers?: Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;
  /** Further parameters, such as `generation`. */
  readonly query?: Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;
  /** `https://BUCKET.storage.googleapis.com/OBJECT` in place of `https://storage.googleapis.com/BUCKET/OBJECT`. */
  readonly virtualHosted?: boolean | undefined;
  /** Scheme and host of a server that leads to the bucket, such as `https://cdn.example.com`. */
  readonly bucketBoundHost?: string | undefined;
}

/** An access token for a person of a Google Workspace domain, for whom the service account acts. */
export interface DelegatedTokenParams {
  /** The person's address. */
  readonly subject: string;
  /** What an administrator has allowed the service account to do for people. At least one. */
  readonly scopes: readonly string[] | string;
  /** Default: `https://oauth2.googleapis.com/token`. */
  readonly tokenUrl?: string | undefined;
}

/** An access token that is good for less than the configuration allows. */
export interface DownscopedTokenParams {
  /** A Credential Access Boundary, `{ accessBoundaryRules: [...] }`, or its JSON text. */
  readonly accessBoundary: object | string;
  /** Those of the token that is made weaker. Default: `https://www.googleapis.com/auth/cloud-platform`. */
  readonly scopes?: readonly string[] | string | undefined;
}

/** What an exchange is for that only a service account can do, named. */
export type AccountGoal =
  | ({ readonly goal: "delegated_access_token" } & DelegatedTokenParams)
  | ({ readonly goal: "downscoped_access_token" } & DownscopedTokenParams)
  | ({ readonly goal: "id_token" } & IdTokenParams)
  | ({ readonly goal: "sign_blob" } & SignBlobParams)
  | ({ readonly goal: "sign_jwt" } & SignJwtParams)
  | ({ readonly goal: "sign_url" } & SignUrlParams);

/** What an exchange is for that ends in a token. */
export type TokenGoal = AccessTokenGoal | Extract<AccountGoal, { goal: `${string}_token` }>;

/** What an exchange is for. */
export type Goal = AccessTokenGoal | IntrospectionGoal | RevocationGoal | AccountGoal;

/** A signature, and which of the service account's keys it was made with. */
export interface SignedBlob {
  readonly keyId: string;
  /** RSA with SHA-256, PKCS #1 version 1.5. */
  readonly signature: Uint8Array;
}

/** A JWT, and which of the service account's keys it was signed with. Printing it does not show the JWT. */
export interface SignedJwt {
  readonly keyId: string;
  readonly jwt: string;
}

/** A URL that anybody who has it can use until its end. Printing it does not show the URL. */
export interface SignedUrl {
  readonly url: string;
  readonly expiresAt: Date;
}

/** What came out of an exchange, named as its goal. */
export type Outcome =
  | { readonly goal: "access_token"; readonly token: Token }
  | { readonly goal: "delegated_access_token"; readonly token: Token }
  | { readonly goal: "downscoped_access_token"; readonly token: Token }
  | { readonly goal: "id_token"; readonly token: Token }
  | { readonly goal: "introspection"; readonly tokenInfo: TokenInfo }
  | { readonly goal: "revocation" }
  | ({ readonly goal: "sign_blob" } & SignedBlob)
  | ({ readonly goal: "sign_jwt" } & SignedJwt)
  | ({ readonly goal: "sign_url" } & SignedUrl);

/** What a subject token says of itself. Nothing of it is secret, and whether it is true, only Google finds out. */
export interface SubjectTokenDescription {
  /** The claim `iss` of a JWT. */
  readonly issuer: string | null;
  /** The claim `sub` of a JWT. */
  readonly subject: string | null;
  /** The claim `aud` of a JWT; for AWS, the provider that the signed request is for. */
  readonly audiences: readonly string[];
  /** The claim `iat` of a JWT; for AWS, the date of the signature. */
  readonly issuedAt: Date | null;
  /** The claim `exp` of a JWT; for AWS, when AWS does not take the signature any more. */
  readonly expiresAt: Date | null;
  /** For AWS: the name of the key that signed. */
  readonly accessKeyId: string | null;
  /** For AWS: the region whose Security Token Service is to say who that is. */
  readonly region: string | null;
  /** Whom a role would be granted to, as IAM policies write it. */
  readonly principals: readonly string[];
}

/** Names and values. Names may repeat, and the order is kept. */
export type HeaderList = ReadonlyArray<readonly [name: string, value: string]>;

/** Files with a client certificate and its key, both PEM. */
export interface ClientCertificate {
  readonly certPath: string;
  readonly keyPath: string;
}

/**
 * An HTTP request to send as it is. Redirects must not be followed, and the answer is the answer whatever its status.
 * Headers and body hold secrets and are not printed.
 */
export interface HttpRequest {
  readonly action: "http_request";
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderList;
  /** Text; `""` is no body. */
  readonly body: string;
  /** For the whole request, from the first packet to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly clientCertificate: ClientCertificate | null;
  /** True for addresses that only this machine can reach, such as a metadata server's. */
  readonly bypassProxy: boolean;
  /**
   * The path of a Unix domain socket to send the request over, in place of a connection to the URL's host. A host that
   * cannot do so must throw a `HostFailure` of the kind `unsupported`: the host of the URL is somebody else.
   */
  readonly unixSocket: string | null;
}

/** Environment variables to look up. */
export interface ReadEnv {
  readonly action: "read_env";
  readonly names: readonly string[];
}

/** A text file to read. */
export interface ReadFile {
  readonly action: "read_file";
  readonly path: string;
}

/** A program to run, without a shell. */
export interface RunCommand {
  readonly action: "run_command";
  readonly argv: readonly string[];
  /** Variables to add to the program's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** After which the program and its children are to be killed. */
  readonly timeoutMs: number;
}

/** A pause. */
export interface Wait {
  readonly action: "wait";
  readonly durationMs: number;
}

/** One thing that an exchange wants to be told or done. */
export type Action = HttpRequest | ReadEnv | ReadFile | RunCommand | Wait;

/** An action, and what it is asked for. */
export type Ask = Action & {
  /** The name under which its answer is expected, such as `sts` or `aws-role`. */
  readonly id: string;
  /** What it is about, whichever try it is: `sts` for `sts-2`. */
  readonly step: string;
  /** Which try of the step it is, from 1 on; of a wait, which try comes after it. */
  readonly attempt: number;
};

/** What an exchange needs next, or what it came to. The asks of one step are independent of each other. */
export type Step =
  | { readonly step: "pending"; readonly asks: readonly Ask[] }
  | { readonly step: "done"; readonly outcome: Outcome };

/** The answer to an `HttpRequest`. Headers may be pairs, a `Headers` object, or an object of strings. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]> | Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answer to `ReadEnv`: the variables that are set. */
export type EnvValues = Readonly<Record<string, string | undefined>>;

/** The answer to `RunCommand`. The exit code is null if the program was killed. */
export interface CommandOutput {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `Exchange.reply` takes: what the host method for the action returned, or the `HostFailure` that it threw. */
export type Reply = HttpResponse | EnvValues | string | null | CommandOutput | undefined | void | HostFailure;

/** What a host method is told besides the action. */
export interface HostContext {
  /** Aborted when the answer is not wanted any more. Heeding it is optional. */
  readonly signal: AbortSignal;
}

/**
 * How this program reaches the world: one method per action, each of which may be asynchronous.
 *
 * A method that is left out counts as unsupported; without `wait`, the loop waits itself. A method throws `HostFailure`
 * if it could not do it; anything else that it throws ends `fetchToken` as it is.
 */
export interface Host {
  /** Must not go through a proxy if the request says `bypassProxy`. */
  http?(request: HttpRequest, context: HostContext): HttpResponse | Promise<HttpResponse>;
  readEnv?(names: readonly string[], context: HostContext): EnvValues | Promise<EnvValues>;
  /** The text of the file, or null if there is none. */
  readFile?(path: string, context: HostContext): string | null | Promise<string | null>;
  runCommand?(command: RunCommand, context: HostContext): CommandOutput | Promise<CommandOutput>;
  wait?(ms: number, context: HostContext): void | Promise<void>;
  /**
   * Tells people what they should know although all went well. No exchange asks for it, and its absence is no failure.
   * No message holds a secret.
   */
  warn?(message: string, about: WarningTopic): void;
}

/**
 * `clock_skew`: the clock of this machine is wrong, and the token was got by a server's clock. `token_kept`: a
 * `TokenSource` could not get the next token, and the one that there is is still good.
 */
export type WarningTopic = "clock_skew" | "token_kept";

/** What Google's Security Token Service is told about the token besides the proof of identity. */
export interface TokenOptions {
  /** A proof of who acts for the workload (RFC 8693 section 2.1). */
  readonly actorToken?: string | undefined;
  /** What `actorToken` is, as a URN. Default: `urn:ietf:params:oauth:token-type:jwt`. */
  readonly actorTokenType?: string | undefined;
  /** Binds the federated token to the certificate of an X.509 source: without its key, it is good for nothing. */
  readonly bindToCertificate?: boolean | undefined;
  /**
   * Hosts, such as `idp.example.com`, that may give the workload its proof of identity besides those that are known. A
   * configuration alone cannot choose one.
   */
  readonly tokenServers?: readonly string[] | undefined;
}

/** How an exchange is to be done. */
export interface ExchangeOptions extends AwsOptions, TokenOptions {
  /** Default: `google`. */
  readonly endpoints?: Endpoints | undefined;
  /** Used instead of looking for credentials in profiles, in the environment, and at the metadata services. */
  readonly awsCredentials?: AwsCredentials | undefined;
  /** Used instead of looking for the region, such as `eu-central-1`. */
  readonly awsRegion?: string | undefined;
  /** The proof of identity itself, in place of what the configuration's source gives. A secret. */
  readonly subjectToken?: string | undefined;
  /** What asks, such as `gl-node/20.1.0`, for the header `x-goog-api-client`. Default: no such header. */
  readonly apiClient?: string | undefined;
  /** Random bytes in hexadecimal for the spread of waits, instead of drawn ones; `""` for waits without any. */
  readonly entropy?: string | undefined;
}

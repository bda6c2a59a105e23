/** What functions of the caller have to say: AWS credentials, the region, the proof of identity. */

import { checkCredentials } from "./aws-options.js";
import { CredentialConfig, type ConfigInput } from "./config.js";
import { misuse } from "./errors.js";
import { Exchange } from "./exchange.js";
import { settledInOrder } from "./promises.js";
import type { AwsCredentials, AwsOptions, ExchangeOptions, Goal, TokenOptions } from "./types.js";

/** What a function that supplies the proof of identity is told. */
export interface SubjectTokenContext {
  /** The provider that the proof is for, `//iam.googleapis.com/...`. */
  readonly audience: string;
  /** What the proof has to be, as a URN (RFC 8693 section 3). */
  readonly subjectTokenType: string;
}

/** How the identity is to be proven. */
export interface ProofOptions extends AwsOptions, TokenOptions {
  /**
   * AWS credentials, or a function that gets them: any credential provider of the AWS SDK (version 3), such as
   * `fromNodeProviderChain()` or a client's `config.credentials`. They are used instead of looking in profiles, in the
   * environment, and at the metadata services. A function is called once for each token; what it throws comes out as
   * it is.
   */
  readonly awsCredentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>) | undefined;
  /** The AWS region, such as `eu-central-1`, or a function that gets it, such as `config.region` of an SDK client. */
  readonly awsRegion?: string | (() => string | Promise<string>) | undefined;
  /**
   * The proof of identity itself, in place of what the configuration's source gives; or a function that gets it, which
   * is called once for each token. What it throws comes out as it is.
   */
  readonly subjectToken?: string | ((context: SubjectTokenContext) => string | Promise<string>) | undefined;
}

/** In place of a proof that a function will get: never sent. */
const PLACEHOLDER = "not-yet-known";

/** The options of one exchange, for which each function is called once. */
export async function supplied(config: ConfigInput, goal: Goal, options: ProofOptions): Promise<ExchangeOptions> {
  const { awsCredentials, awsRegion, subjectToken } = options;
  if ([awsCredentials, awsRegion, subjectToken].some((given) => typeof given === "function")) {
    // Nobody is asked for keys that cannot be used: what is wrong with the rest shows before the first ask.
    const rest = new Exchange(config, goal, withoutFunctions(options));
    try {
      rest.poll();
    } finally {
      rest.free();
    }
  }
  const [credentials, region, proof] = await settledInOrder([
    typeof awsCredentials === "function" ? credentialsOf(awsCredentials) : awsCredentials,
    typeof awsRegion === "function" ? regionOf(awsRegion) : awsRegion,
    typeof subjectToken === "function" ? subjectTokenOf(subjectToken, config) : subjectToken,
  ] as const);
  return { ...options, awsCredentials: credentials, awsRegion: region, subjectToken: proof };
}

/** What is known of the options without asking anybody. */
export function withoutFunctions({ awsCredentials, awsRegion, subjectToken, ...others }: ProofOptions): ExchangeOptions {
  return {
    ...others,
    awsCredentials: typeof awsCredentials === "function" ? undefined : awsCredentials,
    awsRegion: typeof awsRegion === "function" ? undefined : awsRegion,
    subjectToken: typeof subjectToken === "function" ? PLACEHOLDER : subjectToken,
  };
}

/** No proof is a mistake of the function: to look elsewhere would be to act as somebody else. */
async function subjectTokenOf(provider: (context: SubjectTokenContext) => unknown, config: ConfigInput): Promise<string> {
  const { audience, subjectTokenType } = CredentialConfig.fromJson(CredentialConfig.textOf(config));
  const token = await provider({ audience, subjectTokenType });
  if (typeof token === "string") return token;
  throw misuse("subjectToken() must be a string.");
}

/** No credentials are a mistake of the function: to look elsewhere would be to act as somebody else. */
async function credentialsOf(provider: () => unknown): Promise<AwsCredentials> {
  return checkCredentials("awsCredentials()", await provider());
}

async function regionOf(provider: () => unknown): Promise<string> {
  const region = await provider();
  if (typeof region === "string" && region !== "") return region;
  throw misuse("awsRegion() must be a string, such as eu-central-1.");
}

/** What every build of the library exports. */

export { callerIdentityToken, signRequest, type SignRequestParams } from "./aws.js";
export type { CheckOptions, Finding } from "./check.js";
export type { ConfigInput } from "./config.js";
export { certificateConfig } from "./config-parts.js";
export type {
  AwsSource, AzureAppServiceSource, AzureSource, AzureWorkloadIdentitySource, BuildkiteSource, CertificateSource,
  ClientCredentialsSource, ConfigParts, EnvironmentSource, ExecutableSource, FileSource, FlyIoSource, GithubActionsSource,
  GitlabSource, KubernetesSource, ProviderParts, Source, SourceName, UrlSource,
} from "./config-parts.js";
export type { FetchOptions, FetchTokenOptions, OutcomeOf, RunOptions } from "./driver.js";
export { describeSubjectToken, type DescribeOptions } from "./describe.js";
export { ERROR_CODES, type ErrorCode } from "./error-codes.js";
export {
  HostFailure, SanskeyError, type Fault, type HostFailureKind, type SanskeyErrorFields, type Stage,
} from "./errors.js";
export { Exchange } from "./exchange.js";
export { fetchHost, type FetchFunction, type FetchHost, type FetchResponse } from "./hosts/fetch-host.js";
export { impersonationRequest, parseImpersonationResponse, type ImpersonationRequestParams } from "./impersonation.js";
export type { ExchangeReport, Listeners, StepReport } from "./reports.js";
export { parseStsResponse, stsRequest, type StsRequestParams } from "./sts.js";
export type { ProofOptions, SubjectTokenContext } from "./supplied.js";
export { Token, type Freshness, type TokenInfo, type TokenKind } from "./token.js";
export type { CallOptions, TokenSourceOptions } from "./token-source.js";
export type * from "./types.js";

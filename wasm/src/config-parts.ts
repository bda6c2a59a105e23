/** New configurations: what they are made of, checked, as the core's JSON has it. */

import { call, misuse } from "./errors.js";
import {
  ANY, FLAG, membersOf, MILLISECONDS, optional, SECONDS, TEXT, TEXT_OR_NUMBER, type Members,
} from "./members.js";

/** The sources about which nothing has to be said. */
export type SourceName =
  | "aws" | "azure" | "azure_workload_identity" | "bitbucket" | "buildkite" | "caller" | "certificate" | "circleci" | "fly_io"
  | "github_actions" | "gitlab" | "kubernetes" | "terraform_cloud" | "vercel";

/** AWS, wherever it runs code. */
export interface AwsSource {
  readonly kind: "aws";
  /** Sessions of the metadata service of EC2. Default: true. */
  readonly imdsv2?: boolean | undefined;
}

/** A virtual machine of Azure, by its managed identity. */
export interface AzureSource {
  readonly kind: "azure";
  /** The Application ID URI that the provider takes as the audience. Default: the provider's own name. */
  readonly appIdUri?: string | undefined;
}

/** A managed identity of App Service, Functions or Container Apps. */
export interface AzureAppServiceSource {
  readonly kind: "azure_app_service";
  /** The Application ID URI that the provider takes as the audience. */
  readonly resource: string;
  /** A user-assigned identity. Default: the system-assigned one. */
  readonly clientId?: string | undefined;
}

/** A pod of AKS with workload identity. */
export interface AzureWorkloadIdentitySource {
  readonly kind: "azure_workload_identity";
  /** The Application ID URI to get a token for at Microsoft Entra. Without it, the pod's own token is the proof. */
  readonly resource?: string | undefined;
}

/** A job of Buildkite, by its agent. */
export interface BuildkiteSource {
  readonly kind: "buildkite";
  /** What the token is asked for. Default: the address of the provider. */
  readonly audience?: string | undefined;
}

/** An X.509 certificate, and mutual TLS. */
export interface CertificateSource {
  readonly kind: "certificate";
  /** The file that names the certificate and its key (`certificateConfig`). Default: where gcloud puts it. */
  readonly configLocation?: string | undefined;
  /** The certificates of the authorities between this one and the provider's, as PEM. */
  readonly trustChainPath?: string | undefined;
}

/** An OAuth 2.0 client of another identity provider, by its secret (RFC 6749 section 4.4). */
export interface ClientCredentialsSource {
  readonly kind: "oauth2_client_credentials";
  /** The provider's token endpoint. `tokenServers` of `fetchToken` must have its host. */
  readonly tokenUrl: string;
  readonly clientId: string;
  /** The environment variable that has the client's secret. */
  readonly clientSecretVariable: string;
  readonly scope?: string | undefined;
  readonly resource?: string | undefined;
  readonly audience?: string | undefined;
}

/** A token in an environment variable. */
export interface EnvironmentSource {
  readonly kind: "environment";
  /** Its name. */
  readonly variable: string;
}

/** A program that prints a token, in the form of AIP-4117. */
export interface ExecutableSource {
  readonly kind: "executable";
  /** The command line. No shell takes part. */
  readonly command: string;
  /** 5,000 to 120,000. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Where the program keeps what it has got, and is not run while that is good. */
  readonly outputFile?: string | undefined;
  /** 30,000 to 1,800,000: for a workforce, whose program may ask a person. */
  readonly interactiveTimeoutMs?: number | undefined;
}

/** A token in a file, which is read anew for each exchange. */
export interface FileSource {
  readonly kind: "file";
  readonly path: string;
  /** The member of a JSON object that has the token. Without it, the text is the token. */
  readonly jsonField?: string | undefined;
  /** Follows from `jsonField`. `text` is what is so anyway, in writing. */
  readonly format?: "json" | "text" | undefined;
}

/** A machine of Fly.io. */
export interface FlyIoSource {
  readonly kind: "fly_io";
  /** What the token is asked for. Default: the address of the provider. */
  readonly audience?: string | undefined;
}

/** A job of GitHub Actions that has the permission `id-token: write`. */
export interface GithubActionsSource {
  readonly kind: "github_actions";
  /** What the token is asked for. Default: the address of the provider. */
  readonly audience?: string | undefined;
}

/** A job of GitLab CI/CD. */
export interface GitlabSource {
  readonly kind: "gitlab";
  /** The name under `id_tokens`. Default: `GITLAB_OIDC_TOKEN`. */
  readonly variable?: string | undefined;
}

/** A pod of Kubernetes, by the token that is projected into it. */
export interface KubernetesSource {
  readonly kind: "kubernetes";
  /** The file that has the token. */
  readonly path?: string | undefined;
}

/** A token from a server, which is asked anew for each exchange. */
export interface UrlSource {
  readonly kind: "url";
  readonly url: string;
  /** To send along. They stand in the configuration, which is then as secret as they are. */
  readonly headers?: Iterable<readonly [string, string]> | Readonly<Record<string, string>> | undefined;
  /** The member of a JSON object that has the token. Without it, the text is the token. */
  readonly jsonField?: string | undefined;
  /** Follows from `jsonField`. `text` is what is so anyway, in writing. */
  readonly format?: "json" | "text" | undefined;
}

/** Where the proof of identity comes from: by name where nothing else has to be said, or with its settings. */
export type Source =
  | SourceName | { readonly kind: SourceName }
  | AwsSource | AzureSource | AzureAppServiceSource | AzureWorkloadIdentitySource | BuildkiteSource | CertificateSource
  | ClientCredentialsSource | EnvironmentSource | ExecutableSource | FileSource | FlyIoSource | GithubActionsSource
  | GitlabSource | KubernetesSource | UrlSource;

interface CommonParts {
  /** Where the proof of identity comes from. */
  readonly source: Source;
  /** The address of the service account to become. Without it, the workload acts as itself. */
  readonly serviceAccount?: string | undefined;
  /** How long the service account's tokens live: 600 to 43,200. Default: 3,600. */
  readonly tokenLifetimeSeconds?: number | undefined;
  /** Needed where the token is no JWT, such as `urn:ietf:params:oauth:token-type:saml2`. */
  readonly subjectTokenType?: string | undefined;
  /** Default: `googleapis.com`. */
  readonly universeDomain?: string | undefined;
  /** The region of the Security Token Service, such as `europe-west3`. Default: the global one. */
  readonly stsRegion?: string | undefined;
}

/** What `CredentialConfig.fromParts` takes. */
export interface ConfigParts extends CommonParts {
  /** Of the project that the pool is in. It is not the project's ID. */
  readonly projectNumber: number | string;
  /** The workload identity pool, by the last part of its name. */
  readonly pool: string;
  /** The provider in the pool, by the last part of its name. */
  readonly provider: string;
}

/** What `CredentialConfig.fromProvider` takes besides the provider. */
export interface ProviderParts extends CommonParts {
  /** For a workforce pool, where it must be given: the number or the ID of the project to bill. */
  readonly workforcePoolUserProject?: string | undefined;
}

const SOURCES: Readonly<Record<string, Members>> = {
  aws: { imdsv2: FLAG },
  azure: { appIdUri: TEXT },
  azure_app_service: { resource: TEXT, clientId: TEXT },
  azure_workload_identity: { resource: TEXT },
  buildkite: { audience: TEXT },
  certificate: { configLocation: TEXT, trustChainPath: TEXT },
  environment: { variable: TEXT },
  executable: { command: TEXT, timeoutMs: MILLISECONDS, outputFile: TEXT, interactiveTimeoutMs: MILLISECONDS },
  file: { path: TEXT, jsonField: TEXT, format: TEXT },
  fly_io: { audience: TEXT },
  github_actions: { audience: TEXT },
  gitlab: { variable: TEXT },
  kubernetes: { path: TEXT },
  oauth2_client_credentials: {
    tokenUrl: TEXT, clientId: TEXT, clientSecretVariable: TEXT, scope: TEXT, resource: TEXT, audience: TEXT,
  },
  url: { url: TEXT, headers: ANY, jsonField: TEXT, format: TEXT },
};
const COMMON: Members = {
  source: ANY,
  serviceAccount: TEXT,
  tokenLifetimeSeconds: SECONDS,
  subjectTokenType: TEXT,
  universeDomain: TEXT,
  stsRegion: TEXT,
};
const OF_PARTS: Members = { projectNumber: TEXT_OR_NUMBER, pool: TEXT, provider: TEXT, ...COMMON };
const OF_PROVIDER: Members = { ...COMMON, workforcePoolUserProject: TEXT };

/** The text of a configuration for `fromParts`. */
export function textOfParts(parts: ConfigParts): string {
  const fields = checked("parts", parts, OF_PARTS);
  const number = fields.project_number;
  return created({ ...fields, project_number: number === null ? null : String(number) });
}

/** The text of a configuration for `fromProvider`. */
export function textOfProvider(provider: string, parts: ProviderParts): string {
  return created({ provider: optional("provider", provider, TEXT), ...checked("parts", parts, OF_PROVIDER) });
}

/** The text of the file that names a workload's certificate and its key (both PEM), as gcloud writes it. */
export function certificateConfig(certPath: string, keyPath: string): string {
  for (const [name, value] of Object.entries({ certPath, keyPath })) {
    if (typeof value !== "string") throw misuse(`${name} must be a string.`);
  }
  return call((native) => native.certificateConfig(certPath, keyPath));
}

function created(fields: Record<string, unknown>): string {
  const params = JSON.stringify({ ...fields, source: sourceFields(fields.source) });
  return call((native) => native.createConfig(params));
}

function sourceFields(given: unknown): object {
  if (typeof given === "string") return { kind: given };
  const kind = (given as { kind?: unknown } | null)?.kind;
  if (typeof kind !== "string") throw misuse('source must be a name, such as "aws", or an object with its kind.');
  // Of a kind that is not known here, the core says what there is.
  const members = Object.hasOwn(SOURCES, kind) ? SOURCES[kind] : {};
  const { timeout_ms, interactive_timeout_ms, headers, ...fields } = checked("source", given, { kind: TEXT, ...members });
  return {
    ...fields,
    timeout_millis: millis(timeout_ms),
    interactive_timeout_millis: millis(interactive_timeout_ms),
    headers: headers == null ? null : headersOf(headers),
  };
}

function checked(name: string, given: unknown, members: Members): Record<string, unknown> {
  const fields = membersOf(name, given, members);
  if (!fields) throw misuse(`${name} must be an object with members of ${Object.keys(members).join(", ")}.`);
  return fields;
}

/** The core reads 32 bits, and has its own opinion on timeouts that are shorter. */
function millis(timeout: unknown): number | null {
  return timeout == null ? null : Math.min(timeout as number, 0xffff_ffff);
}

/** Nothing of them may be in an error. */
function headersOf(given: unknown): [string, string][] {
  try {
    const pairs = [...(Symbol.iterator in (given as object) ? (given as Iterable<[string, string]>) : Object.entries(given as object))];
    if (typeof given !== "string" && pairs.every((pair) => pair.length === 2 && pair.every((text) => typeof text === "string"))) {
      return pairs;
    }
  } catch {
    // It is neither, or holds what is no pair.
  }
  throw misuse("source.headers must be an object of strings, or pairs of strings.");
}

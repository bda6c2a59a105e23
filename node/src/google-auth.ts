/**
 * Google's own Node libraries: clients of theirs whose tokens and signatures come from here.
 *
 * They look at the class of what they are handed, and each brings a copy of google-auth-library of its own, version 9 or
 * 10. So this package has none: whoever calls hands over the classes that are to be served.
 */

import { CredentialConfig as SharedConfig, type ConfigInput } from "../../wasm/src/config.js";
import { CredentialConfig, resolveConfig } from "./config.js";
import { TokenSource } from "./token-source.js";
import type { TokenSourceOptions } from "../../wasm/src/token-source.js";

/** What the tokens are for. */
export interface AuthClientOptions extends Omit<TokenSourceOptions, "goal"> {
  /** The ID of the project that clients work in. Default: `GOOGLE_CLOUD_PROJECT`, or else `GCLOUD_PROJECT`. */
  readonly projectId?: string | undefined;
  /** The project to bill. Default: the configuration's. */
  readonly quotaProjectId?: string | undefined;
  /**
   * For an ID token in place of an access token: whom it is for, such as the URL of a Cloud Run service. The
   * configuration has to name a service account.
   */
  readonly targetAudience?: string | undefined;
}

/** A class of Google's, with whatever arguments it is made. */
export type GoogleClass<Instance> = abstract new (...args: never[]) => Instance;

/** The classes that `google-auth-library` exports; the module itself will do. */
export interface GoogleAuthClasses<GoogleAuth extends object> {
  readonly AuthClient: GoogleClass<object>;
  readonly GoogleAuth: GoogleClass<GoogleAuth>;
}

/** What is used of what Google's class `AuthClient` has, whichever version it is of. */
interface GoogleClient {
  readonly transporter: { request(options: object): Promise<unknown> };
}

interface Request {
  readonly headers?: HeadersInit | undefined;
  readonly data?: unknown;
  readonly body?: unknown;
}

/**
 * An auth client for Google's libraries, such as `new Storage({ authClient })` or `google.drive({ version, auth })`: an
 * instance of the class `AuthClient` of `google-auth-library` 9 or 10, which the caller hands over.
 *
 * It is made of a `TokenSource`: one exchange for all requests, renewal ahead of time, and a failed renewal keeps the
 * token that is good. A token that an API refuses with 401 is replaced, once per request, unless its body is a stream.
 *
 * `config` and the options are those of `TokenSource`. Nothing is asked yet. Throws `SanskeyError`; so do the methods of
 * the client, for want of a token.
 */
export function createAuthClient<AuthClient extends object>(
  AuthClient: GoogleClass<AuthClient>,
  config: ConfigInput,
  options: AuthClientOptions = {},
): AuthClient {
  return authClientOf(AuthClient, ...sourceOf(config, options));
}

/**
 * The same as a `GoogleAuth`, which signs, too, where the configuration names a service account: with it
 * `file.getSignedUrl()` of `@google-cloud/storage` needs no key.
 *
 * `google` are the classes of the copy of `google-auth-library` that the client itself uses: clients take a `GoogleAuth`
 * of another copy for an auth client, which cannot sign. In TypeScript with version 9, whose class is generic, write
 * `createGoogleAuth<google.GoogleAuth>(…)`.
 */
export function createGoogleAuth<GoogleAuth extends object>(
  google: GoogleAuthClasses<GoogleAuth>,
  config: ConfigInput,
  options: AuthClientOptions = {},
): GoogleAuth {
  const [source, loaded, settings] = sourceOf(config, options);
  const authClient = authClientOf(google.AuthClient, source, loaded, settings);
  const Base = google.GoogleAuth as unknown as new (options: object) => object;

  class SanskeyGoogleAuth extends Base {
    /** Google's takes a function to call, too. */
    getCredentials(callback?: (problem: null, credentials: object) => void): Promise<object> | void {
      const credentials = { client_email: loaded.serviceAccountEmail ?? undefined, universe_domain: loaded.universeDomain };
      if (!callback) return Promise.resolve(credentials);
      callback(null, credentials);
    }

    /** The signature in base64. */
    async sign(data: string): Promise<string> {
      // Whatever kind of token it gives: the federated one is what signs.
      const { signature } = await source.fetch({ goal: "sign_blob", payload: new TextEncoder().encode(data) });
      return Buffer.from(signature).toString("base64");
    }
  }

  const { projectId, universeDomain } = settings;
  return new SanskeyGoogleAuth({ authClient, projectId, universeDomain }) as GoogleAuth;
}

interface Settings {
  readonly projectId: string | undefined;
  readonly quotaProjectId: string | undefined;
  readonly universeDomain: string;
}

function sourceOf(config: ConfigInput, options: AuthClientOptions): [TokenSource, CredentialConfig, Settings] {
  const { projectId, quotaProjectId, targetAudience, ...rest } = options;
  const given = CredentialConfig.fromJson(SharedConfig.textOf(resolveConfig(config)));
  const loaded = quotaProjectId == null ? given : given.withQuotaProject(quotaProjectId);
  const goal = targetAudience == null ? undefined : ({ goal: "id_token", audience: targetAudience } as const);
  const { GOOGLE_CLOUD_PROJECT, GCLOUD_PROJECT } = process.env;
  const settings = {
    projectId: projectId ?? (GOOGLE_CLOUD_PROJECT || GCLOUD_PROJECT || undefined),
    quotaProjectId: loaded.quotaProjectId ?? undefined,
    universeDomain: loaded.universeDomain,
  };
  return [new TokenSource(loaded, { ...rest, goal }), loaded, settings];
}

function authClientOf<AuthClient extends object>(
  AuthClient: GoogleClass<AuthClient>,
  source: TokenSource,
  config: CredentialConfig,
  settings: Settings,
): AuthClient {
  const Base = AuthClient as unknown as new (options: object) => GoogleClient;
  // Version 10 has headers of the class Headers, and version 9 plain objects.
  const hasHeaders = typeof (Base.prototype as { fetch?: unknown }).fetch === "function";

  class SanskeyAuthClient extends Base {
    async getAccessToken(): Promise<{ token: string; res: null }> {
      return { token: (await source.token()).value, res: null };
    }

    async getRequestHeaders(): Promise<Headers | Record<string, string>> {
      return headersFor((await source.token()).value);
    }

    async request(options: Request): Promise<unknown> {
      const { value } = await source.token();
      try {
        return await this.#send(options, value);
      } catch (thrown) {
        if (statusOf(thrown) !== 401 || isStream(options.data) || isStream(options.body)) throw thrown;
      }
      // By now somebody else may have replaced it.
      const next = await source.token();
      return this.#send(options, (next.value === value ? await source.refresh() : next).value);
    }

    async getProjectId(): Promise<string | null> {
      return settings.projectId ?? null;
    }

    #send(options: Request, token: string): Promise<unknown> {
      const headers = new Headers(options.headers);
      for (const [name, value] of Object.entries(config.requestHeaders(token))) headers.set(name, value);
      return this.transporter.request({ ...options, headers: hasHeaders ? headers : Object.fromEntries(headers) });
    }
  }

  function headersFor(token: string): Headers | Record<string, string> {
    const { authorization, ...others } = config.requestHeaders(token);
    // Version 9 writes this name so, and so do those who look for it.
    const plain = { Authorization: authorization as string, ...others };
    // Version 9 within a client, and gRPC, take the headers of version 10 for a plain object, too.
    return hasHeaders ? Object.assign(new Headers(plain), plain) : plain;
  }

  return new SanskeyAuthClient({ ...settings }) as unknown as AuthClient;
}

function statusOf(thrown: unknown): number | undefined {
  return (thrown as { response?: { status?: number } } | undefined)?.response?.status;
}

/** What has been read once cannot be sent again. */
function isStream(body: unknown): boolean {
  return typeof body === "object" && body !== null && ("pipe" in body || "getReader" in body || Symbol.asyncIterator in body);
}

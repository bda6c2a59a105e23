import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CredentialConfig as Shared, isA, type ConfigInput } from "../../wasm/src/config.js";
import { misuse, SanskeyError, type SanskeyErrorFields } from "../../wasm/src/errors.js";
import { envValues } from "../../wasm/src/hosts/response.js";
import { mayBeRepeated } from "./path.js";

declare global {
  // As for AbortSignal in the shared types: programs may be compiled without the types that have it.
  interface URL {}
}

/**
 * A credential configuration (AIP-4117): the JSON that `gcloud iam workload-identity-pools create-cred-config` writes.
 * It has been read and found sound. Unknown fields are ignored.
 */
export class CredentialConfig extends Shared {
  /** Reads the file with a configuration: its path, or its `file:` URL. */
  static fromFile(path: string | URL): CredentialConfig {
    return this.fromJson(readConfig(path));
  }

  /**
   * What `GOOGLE_APPLICATION_CREDENTIALS` holds: the path of a file, or the JSON text itself.
   * `GOOGLE_CLOUD_QUOTA_PROJECT`, if set, replaces `quota_project_id`.
   */
  static fromEnv(env: Readonly<Record<string, string | undefined>> = process.env): CredentialConfig {
    const { [VARIABLE]: value, [QUOTA_VARIABLE]: project } = envValues(env, [VARIABLE, QUOTA_VARIABLE]);
    if (value) {
      const config = this.fromJson(isJson(value) ? value : readConfig(value));
      return project ? config.withQuotaProject(project) : config;
    }
    const hint = "Set it to the path of the credential configuration, or to its JSON text.";
    throw configError("config_not_found", "config", `${VARIABLE} is not set.`, hint);
  }
}

const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";
const QUOTA_VARIABLE = "GOOGLE_CLOUD_QUOTA_PROJECT";

/** A configuration in any form: text that is not a JSON object is the path of a file, and a URL that of one. */
export function resolveConfig(config: ConfigInput): ConfigInput {
  if (typeof config === "string") return isJson(config) ? config : readConfig(config);
  if (isA(config, "URL")) return readConfig(config as URL);
  if (typeof config === "object" && config !== null) return config;
  throw misuse(
    "The configuration must be the path of its file (a string or a file: URL), its JSON text (a string or a Uint8Array), " +
      "the parsed JSON, or a CredentialConfig.",
  );
}

/** Here the white space is JavaScript's, which includes a byte order mark. */
function isJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

function readConfig(place: string | URL): string {
  const path = pathOf(place);
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    // Not as a cause: Node's error repeats the path.
    throw readError(path, (thrown as NodeJS.ErrnoException).code);
  }
}

function pathOf(place: string | URL): string {
  if (typeof place === "string") return place;
  if (!isA(place, "URL")) throw misuse("The path of a configuration must be a string or a file: URL.");
  try {
    return fileURLToPath(place);
  } catch {
    throw misuse("The URL of a configuration must be that of a file on this machine: file:///path.");
  }
}

/** A file that could not be read. What stands in the place of its path may be a key. */
function readError(path: string, code: string | undefined): SanskeyError {
  const repeated = mayBeRepeated(path);
  const file = repeated ? `The file ${JSON.stringify(path)}` : "The file of the configuration";
  switch (code) {
    case "EACCES":
    case "EPERM":
      return configError("host_denied", "host", `${file} may not be read.`, "Let this user read the configuration.");
    case "ENOENT":
    case "ENOTDIR":
    // These two are about the path itself: it is too long, or has a null character.
    case "ENAMETOOLONG":
    case "ERR_INVALID_ARG_VALUE": {
      const message = repeated
        ? `There is no file ${JSON.stringify(path)}.`
        : "What was given is neither JSON text nor the path of a file.";
      const hint = "Give the path of the credential configuration, or its JSON text.";
      return configError("config_not_found", "config", message, hint);
    }
    default:
      return configError("host_failed", "host", `${file} could not be read (${code}).`, "Check the configuration's path.");
  }
}

function configError(
  code: SanskeyErrorFields["code"],
  fault: SanskeyErrorFields["fault"],
  message: string,
  hint: string,
): SanskeyError {
  return new SanskeyError({ code, fault, stage: "config", message, hint });
}

import { readFileSync } from "node:fs";
import { CredentialConfig as Shared, type ConfigInput } from "../../wasm/src/config.js";
import { SanskeyError, type SanskeyErrorFields } from "../../wasm/src/errors.js";
import { envValues } from "../../wasm/src/hosts/response.js";

/**
 * A credential configuration (AIP-4117): the JSON that `gcloud iam workload-identity-pools create-cred-config` writes.
 * It has been read and found sound. Unknown fields are ignored.
 */
export class CredentialConfig extends Shared {
  /** Reads the file with a configuration. */
  static fromFile(path: string): CredentialConfig {
    return this.fromJson(readConfig(path));
  }

  /** Reads the file that `GOOGLE_APPLICATION_CREDENTIALS` names. */
  static fromEnv(env: Readonly<Record<string, string | undefined>> = process.env): CredentialConfig {
    const path = envValues(env, [VARIABLE])[VARIABLE];
    if (path) return this.fromFile(path);
    throw configError("config_not_found", "config", `${VARIABLE} is not set.`, `Set ${VARIABLE} to the path of the file.`);
  }
}

const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

/** A configuration in any form: text that is not a JSON object is the path of a file. */
export function resolveConfig(config: ConfigInput): ConfigInput {
  return typeof config === "string" && !/^\s*[{[]/.test(config) ? readConfig(config) : config;
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const named = JSON.stringify(path);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw configError("config_not_found", "config", `There is no file ${named}.`, "Correct the path of the configuration.");
    }
    if (code === "EACCES" || code === "EPERM") {
      throw configError("host_denied", "host", `The file ${named} may not be read.`, "Let this user read the configuration.");
    }
    throw configError("host_failed", "host", `The file ${named} could not be read (${code}).`, "Check the configuration's path.");
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

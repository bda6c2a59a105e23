// Writes a credential configuration from its parts, as gcloud would.
//
//   node examples/without-gcloud.mjs NUMBER POOL PROVIDER SOURCE [SERVICE_ACCOUNT] >credentials.json
//
// SOURCE is `aws`, `azure`, `github_actions`, `gitlab` and so on; `file:PATH` is a file that holds a token. A program that
// runs where the identity is needs no file: it gives what `fromParts` makes to `fetchToken`.

import { CredentialConfig, SanskeyError } from "sanskey";

const [projectNumber, pool, provider, name, serviceAccount] = process.argv.slice(2);
if (name === undefined) {
  console.error("usage: node examples/without-gcloud.mjs NUMBER POOL PROVIDER SOURCE [SERVICE_ACCOUNT]");
  process.exit(2);
}

try {
  const source = name.startsWith("file:") ? { kind: "file", path: name.slice("file:".length) } : name;
  console.log(CredentialConfig.fromParts({ projectNumber, pool, provider, source, serviceAccount }).toJson());
} catch (error) {
  if (!(error instanceof SanskeyError)) throw error;
  console.error(`error: ${error.code}: ${error.message}\nhint: ${error.hint}`);
  process.exitCode = 1;
}

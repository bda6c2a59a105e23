// Infrastructure as code: Terraform on EC2 or in CodeBuild manages Google Cloud.
//
// Runs a command with an access token in GOOGLE_OAUTH_ACCESS_TOKEN, which the `google` provider and the `gcs` backend
// read. The token is in no file, in no argument and in no log. It lives an hour; for longer applies, have the
// configuration ask for more (`--service-account-token-lifetime-seconds`, if an organization policy allows it).
//
// Needs
//   on AWS      a role: the instance's, or the service role of the build; it needs no policy
//   on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
//               with the roles for whatever Terraform manages
//   GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret
//
// Run
//   node terraform.mjs terraform apply -auto-approve

import { spawn } from "node:child_process";
import { CredentialConfig, fetchToken } from "sanskey";

const token = await fetchToken(CredentialConfig.fromEnv());
const [command, ...args] = process.argv.slice(2);
const env = { ...process.env, GOOGLE_OAUTH_ACCESS_TOKEN: token.value };
const child = spawn(command, args, { env, stdio: "inherit" });
// Terraform ends by itself, and in good order, when it is told to.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => (process.exitCode = code ?? 1));

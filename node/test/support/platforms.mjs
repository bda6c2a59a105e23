// The environments of AWS in which workloads run, as the emulator plays them, and what is asked there for a token.

import { writeFileSync } from "node:fs";
import { cleanEnv, instanceCredentials } from "../../../wasm/test/support/emulator.mjs";
import { SERVICE_ACCOUNT } from "./google-api.mjs";

const TASK_PATH = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24";
const ROLES = "/latest/meta-data/iam/security-credentials";

export const OF_A_FUNCTION = [
  "POST /v1/token 200",
  `POST /v1/projects/-/serviceAccounts/${SERVICE_ACCOUNT}:generateAccessToken 200`,
];
export const OF_A_POD = ["POST / 200", ...OF_A_FUNCTION];
export const OF_A_BUILD = [`GET ${TASK_PATH} 200`, ...OF_A_FUNCTION];
export const OF_AN_INSTANCE = [
  "PUT /latest/api/token 200",
  "GET /latest/meta-data/placement/availability-zone 200",
  `GET ${ROLES} 200`,
  `GET ${ROLES}/sanskey-demo-role 200`,
  ...OF_A_FUNCTION,
];

/** EC2: nothing is set but the configuration. */
export const instance = ({ configPath }) => cleanEnv({ GOOGLE_APPLICATION_CREDENTIALS: configPath });

/** CodeBuild, whose credentials come from an endpoint as those of ECS do. */
export const build = ({ url, configPath }) => cleanEnv({
  GOOGLE_APPLICATION_CREDENTIALS: configPath,
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: url + TASK_PATH,
  AWS_EXECUTION_ENV: "AWS_ECS_EC2",
  CODEBUILD_BUILD_ID: "shop:6f0d8b4e-33f3-4d93-8d5f-2c8e4a9b7c11",
});

/** EKS with IRSA, which mounts a token into the pod. Its AWS STS is the emulator. */
export const pod = ({ url, configPath }, tokenFile) => cleanEnv({
  GOOGLE_APPLICATION_CREDENTIALS: configPath,
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_STS_REGIONAL_ENDPOINTS: "regional",
  AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/sanskey-irsa-role",
  AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  AWS_ENDPOINT_URL_STS: url,
});

/** Puts a new token into the file, as the kubelet does now and then. */
export async function mountPodToken({ url }, tokenFile, query = "") {
  writeFileSync(tokenFile, await (await fetch(`${url}/emulator/web-identity-token${query}`)).text());
}

/** Lambda, which gives a process the keys of its role when it starts. */
export async function lambda({ url, configPath }) {
  const keys = await instanceCredentials(url);
  await fetch(`${url}/emulator/requests`, { method: "DELETE" });
  return cleanEnv({
    GOOGLE_APPLICATION_CREDENTIALS: configPath,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_SESSION_TOKEN: keys.sessionToken,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split(".")[0]}.x`,
    AWS_LAMBDA_FUNCTION_NAME: "events",
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
    AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/events",
    AWS_LAMBDA_LOG_STREAM_NAME: "2026/01/02/[$LATEST]0123456789abcdef",
  });
}

/** What was asked of AWS and of Google's token endpoints. The second and third of an instance come at once. */
export async function requests({ url }) {
  const listed = await (await fetch(`${url}/emulator/requests`)).json();
  const asked = listed.map(({ method, path, status }) => `${method} ${path} ${status}`);
  return asked.length === 6 ? [asked[0], ...asked.slice(1, 3).sort().reverse(), ...asked.slice(3)] : asked;
}

// What users of the AWS SDK have, given as it is, in the strictest TypeScript. It is compiled, not run.

import { STSClient } from "@aws-sdk/client-sts";
import { fromEnv } from "@aws-sdk/credential-provider-env";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider, IdentityProvider, Provider } from "@smithy/types";
import { callerIdentityToken, Exchange, fetchToken, signRequest, type FetchTokenOptions } from "sanskey";

export function given(
  identity: AwsCredentialIdentity,
  provider: AwsCredentialIdentityProvider,
  general: IdentityProvider<AwsCredentialIdentity>,
  either: AwsCredentialIdentity | AwsCredentialIdentityProvider,
  region: string | Provider<string>,
): readonly unknown[] {
  const client = new STSClient({ region: "eu-west-1" });
  const options: readonly FetchTokenOptions[] = [
    { awsCredentials: client.config.credentials, awsRegion: client.config.region },
    { awsCredentials: fromEnv(), awsRegion: region },
    { awsCredentials: identity }, { awsCredentials: provider }, { awsCredentials: general }, { awsCredentials: either },
  ];
  // Members besides the key's, also where they are written out.
  const more = fetchToken("a", {
    awsCredentials: async () => ({ ...identity, expiration: new Date(), credentialScope: "us-east-1", accountId: "123456789012" }),
  });
  // @ts-expect-error a provider of something else
  const wrong: FetchTokenOptions = { awsCredentials: client.config.region };
  return [
    options, more, wrong,
    new Exchange("{}", { goal: "access_token" }, { awsCredentials: identity }),
    callerIdentityToken(identity, "eu-west-1", "audience"),
    signRequest({ method: "GET", url: "https://a.b", credentials: identity, region: "eu-west-1", service: "sts" }),
  ];
}

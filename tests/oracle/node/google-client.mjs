// google-auth-library as its users have it.
import { GoogleAuth } from "google-auth-library";

export const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";

/** The token that google-auth-library gets with the configuration file. */
export async function accessToken(configFile, scopes = [CLOUD_PLATFORM]) {
  const client = await new GoogleAuth({ keyFilename: configFile, scopes }).getClient();
  const { token } = await client.getAccessToken();
  return token;
}


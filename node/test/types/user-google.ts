// How programs hand sanskey to Google's libraries.
import { Storage } from "@google-cloud/storage";
import * as google from "google-auth-library";
import { createAuthClient, createGoogleAuth, type AuthClientOptions } from "sanskey";

const options: AuthClientOptions = { scopes: "https://www.googleapis.com/auth/devstorage.read_only", projectId: "my-project" };
const authClient: google.AuthClient = createAuthClient(google.AuthClient, "credentials.json", options);
const auth: google.GoogleAuth = createGoogleAuth<google.GoogleAuth>(google, { type: "external_account" }, { quotaProjectId: "billed" });
const wrapped = new google.GoogleAuth({ authClient });
export const response: Promise<number> = authClient.request<{ name: string }>({ url: "https://a.example" }).then(({ status }) => status);
export const clients = [wrapped, auth, createAuthClient(google.AuthClient, "a.json", { targetAudience: "https://a.example" })];
// Of the library's own copy, which is of version 9.
declare const ofVersion9: NonNullable<NonNullable<ConstructorParameters<typeof Storage>[0]>["authClient"]>;
export const storage = new Storage({ authClient: ofVersion9 });
// @ts-expect-error There is no such option.
createAuthClient(google.AuthClient, "a.json", { audience: "a" });
// @ts-expect-error What a client is for is said by targetAudience.
createAuthClient(google.AuthClient, "a.json", { goal: { goal: "id_token", audience: "a" } });

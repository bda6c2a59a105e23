// Workloads on Azure, with the emulator in the place of Azure's metadata service, of Entra and of Google.

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { test } from "node:test";
import { CredentialConfig, fetchToken, nodeHost } from "sanskey";
import { whoami } from "../../wasm/test/support/emulator.mjs";
import { AUDIENCE, EXCHANGE, goThroughFaults, isHidden, saysSecretsAgain, start } from "./support/token-sources.mjs";

const TENANT = "11111111-2222-3333-4444-555555555555";
const V1 = `https://sts.windows.net/${TENANT}/`;
const V2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const RESOURCE = `https:${AUDIENCE}`;
/** The object id of the identity that a machine or an app has of its own in the emulator. */
const MACHINE = "5d7f9b1c-3e5a-4c8d-b0f2-6a8c0e2d4f7b";
const ASSIGNED = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

const VM_PATH = "/metadata/identity/oauth2/token";
const APP_PATH = "/msi/token";
const ENTRA_PATH = `/${TENANT}/oauth2/v2.0/token`;
const SECRET = "A1B2C3D4E5F60718293A4B5C6D7E8F90";
const CLIENT = "99999999-8888-7777-6666-555555555555";
const FOR_ENTRA = "?aud=api://AzureADTokenExchange";

const APP_SERVICE = { platform: "azure_app_service", resource: RESOURCE };
const AKS = { platform: "azure_workload_identity", resource: RESOURCE };

const startAzure = (t, options = [], issuer = V1) =>
  start(t, issuer, "--azure-tenant", TENANT, "--azure-identity-header", SECRET, "--azure-client-id", CLIENT, ...options);

/** What `gcloud iam workload-identity-pools create-cred-config --azure` writes. */
const vm = ({ url }, { more = "", resource = RESOURCE, headers = { Metadata: "True" } } = {}) => ({
  url: `${url}${VM_PATH}?api-version=2018-02-01&resource=${resource}${more}`,
  headers,
  format: { type: "json", subject_token_field_name: "access_token" },
});

/** What App Service and Container Apps set. */
const app = ({ url }) => ({ IDENTITY_ENDPOINT: `${url}${APP_PATH}`, IDENTITY_HEADER: SECRET });

/** What the webhook of AKS sets, and the token that it mounts. */
const pod = async ({ url, issued, put }, query = FOR_ENTRA) => ({
  AZURE_FEDERATED_TOKEN_FILE: put("azure-identity-token", await issued(query)),
  AZURE_CLIENT_ID: CLIENT,
  AZURE_TENANT_ID: TENANT,
  AZURE_AUTHORITY_HOST: `${url}/`,
});

test("a machine", async (t) => {
  const azure = await startAzure(t);
  assert.equal(await azure.subject(vm(azure)), MACHINE);
  assert.deepEqual(await azure.requests(), [`GET ${VM_PATH} 200`, EXCHANGE]);
});

test("the configuration that is written for Azure", async (t) => {
  const { url } = await startAzure(t);
  const serviceAccount = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com";
  const provider = AUDIENCE.replace("//iam.googleapis.com/", "");
  const made = CredentialConfig.fromProvider(provider, { source: { kind: "azure" }, serviceAccount });
  const places = /http:\/\/169\.254\.169\.254|https:\/\/(sts|iamcredentials)\.googleapis\.com/g;
  const config = JSON.parse(made.toJson().replace(places, url));
  const token = await fetchToken(config, { endpoints: "loopback", host: nodeHost({ env: {} }) });
  assert.equal((await whoami(url, token)).email, serviceAccount);
});

test("identities that are assigned to a machine", async (t) => {
  const azure = await startAzure(t, ["--azure-user-identity", ASSIGNED]);
  const one = await azure.subject(vm(azure, { more: `&client_id=${ASSIGNED}` }));
  assert.notEqual(one, MACHINE);
  assert.equal(await azure.subject(vm(azure, { more: `&object_id=${one}` })), one);
});

test("the second version of tokens has another issuer", async (t) => {
  const options = ["--azure-token-version", "2", "--oidc-allowed-audience", "e1f0a9b8-c7d6-4e5f-8a4b-3c2d1e0f9a87"];
  const azure = await startAzure(t, options, V2);
  assert.equal(await azure.subject(vm(azure)), MACHINE);
  const mistaken = await startAzure(t, options, V1);
  await assert.rejects(mistaken.token(vm(mistaken)), (error) => {
    assert.deepEqual([error.code, error.error], ["sts_rejected", "invalid_grant"]);
    return error.errorDescription.includes(`The issuer in ID Token ${V2} does not match`);
  });
});

const NO_SYSTEM_IDENTITY = "--no-azure-system-identity";

for (const [what, options, changes, error, words] of [
  ["without its header", [], { headers: {} }, "invalid_request", "Required metadata header not specified"],
  ["for another one", [], { headers: { Metadata: "true", "X-Forwarded-For": "::1" } }, "invalid_request", "X-Forwarded-For"],
  ["without a resource", [], { resource: "" }, "invalid_request", "Required query variable 'resource' is missing"],
  ["for an unknown resource", [], { resource: "api://unknown" }, "invalid_resource", "AADSTS500011"],
  ["as somebody else", [], { more: `&client_id=${ASSIGNED}` }, "invalid_request", "Identity not found"],
  ["without an identity", [NO_SYSTEM_IDENTITY, "--no-azure-user-identity"], {}, "invalid_request", "Identity not found"],
  [
    "as nobody in particular",
    [NO_SYSTEM_IDENTITY, "--azure-user-identity", ASSIGNED, "--azure-user-identity", CLIENT], {},
    "invalid_request", "Multiple user assigned identities exist",
  ],
]) {
  test(`a machine that asks ${what} is refused`, async (t) => {
    const azure = await startAzure(t, options);
    await assert.rejects(azure.token(vm(azure, changes)), (refused) => {
      assert.deepEqual([refused.code, refused.status, refused.error], ["subject_token_rejected", 400, error]);
      assert.ok(refused.errorDescription.includes(words), refused.errorDescription);
      return refused.hint.length > 0;
    });
  });
}

test("an app", async (t) => {
  const azure = await startAzure(t, ["--azure-user-identity", ASSIGNED]);
  assert.equal(await azure.subject({ sanskey: APP_SERVICE }, app(azure)), MACHINE);
  const assigned = await azure.subject({ sanskey: { ...APP_SERVICE, client_id: ASSIGNED } }, app(azure));
  assert.ok(assigned && assigned !== MACHINE);
  assert.deepEqual(await azure.requests(), [`GET ${APP_PATH} 200`, EXCHANGE, `GET ${APP_PATH} 200`, EXCHANGE]);
});

for (const [what, options, settings, changes, status, words] of [
  ["with a wrong secret", [], {}, { IDENTITY_HEADER: "0F9E8D7C6B5A49382716051423324150" }, 401, "Unauthorized"],
  ["without an identity", [NO_SYSTEM_IDENTITY], {}, {}, 400, "Unable to load the proper Managed Identity."],
  ["with another identity", [], { client_id: CLIENT }, {}, 400, "Unable to load the proper Managed Identity."],
  ["for an unknown resource", [], { resource: "api://unknown" }, {}, 400, "AADSTS500011"],
]) {
  test(`an app ${what} is refused`, async (t) => {
    const azure = await startAzure(t, options);
    const env = { ...app(azure), ...changes };
    await assert.rejects(azure.token({ sanskey: { ...APP_SERVICE, ...settings } }, env), (refused) => {
      assert.deepEqual([refused.code, refused.askId, refused.status], ["subject_token_rejected", "subject-token", status]);
      assert.ok(refused.errorDescription.includes(words), refused.errorDescription);
      assert.match(refused.hint, /identity/);
      return isHidden(refused, env.IDENTITY_HEADER);
    });
  });
}

for (const [changes, code] of [
  [{ IDENTITY_ENDPOINT: undefined }, "subject_token_missing"],
  [{ IDENTITY_HEADER: undefined }, "subject_token_missing"],
  [{ IDENTITY_ENDPOINT: "http://192.0.2.1/msi/token" }, "platform_url_refused"],
  [{ IDENTITY_HEADER: `${SECRET}\r\nx-lines: 2` }, "subject_token_invalid"],
]) {
  test(`an app with ${JSON.stringify(changes)}`, async (t) => {
    const azure = await startAzure(t);
    await assert.rejects(azure.token({ sanskey: APP_SERVICE }, { ...app(azure), ...changes }), (error) => {
      assert.equal(error.code, code);
      assert.ok(error.message.includes(Object.keys(changes)[0]));
      return isHidden(error, SECRET);
    });
    assert.deepEqual(await azure.requests(), []);
  });
}

test("a pod of AKS, whose token is replaced now and then", async (t) => {
  const azure = await startAzure(t);
  const application = await azure.subject({ sanskey: AKS }, await pod(azure));
  assert.ok(application && application !== MACHINE);
  assert.deepEqual(await azure.requests(), [`POST ${ENTRA_PATH} 200`, EXCHANGE]);
  const stale = await pod(azure, `${FOR_ENTRA}&lifetime=-1`);
  await assert.rejects(azure.token({ sanskey: AKS }, stale), { code: "subject_token_expired" });
  assert.equal(await azure.subject({ sanskey: AKS }, await pod(azure)), application);
});

test("a pod whose cluster Google trusts itself", async (t) => {
  const issuer = "https://eastus.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777/";
  const azure = await startAzure(t, ["--pod-issuer", issuer], issuer);
  const env = await pod(azure, `?aud=${RESOURCE}`);
  const source = { sanskey: { platform: "azure_workload_identity" } };
  assert.equal(await azure.subject(source, env), "system:serviceaccount:default:sanskey");
  assert.deepEqual(await azure.requests(), [EXCHANGE], "Entra is not asked");
});

for (const [query, changes, resource, status, error, words] of [
  [`${FOR_ENTRA}&sub=system:serviceaccount:default:other`, {}, RESOURCE, 401, "invalid_client", "AADSTS700213"],
  [`${FOR_ENTRA}&iss=https://issuer.example/`, {}, RESOURCE, 401, "invalid_client", "AADSTS700211"],
  ["", {}, RESOURCE, 401, "invalid_client", "AADSTS700212"],
  [FOR_ENTRA, { AZURE_CLIENT_ID: ASSIGNED }, RESOURCE, 400, "unauthorized_client", "AADSTS700016"],
  [FOR_ENTRA, { AZURE_TENANT_ID: "other.example" }, RESOURCE, 400, "invalid_tenant", "AADSTS90002"],
  [FOR_ENTRA, {}, "api://unknown", 400, "invalid_resource", "AADSTS500011"],
]) {
  test(`a pod that Entra refuses with ${words}`, async (t) => {
    const azure = await startAzure(t);
    const env = { ...(await pod(azure, query)), ...changes };
    await assert.rejects(azure.token({ sanskey: { ...AKS, resource } }, env), (refused) => {
      assert.deepEqual([refused.code, refused.askId, refused.stage], ["subject_token_rejected", "entra", "source"]);
      assert.deepEqual([refused.status, refused.error], [status, error]);
      assert.ok(refused.errorDescription.startsWith(`${words}: `), refused.errorDescription);
      assert.match(refused.hint, /federated identity credential/);
      return isHidden(refused, readFileSync(env.AZURE_FEDERATED_TOKEN_FILE, "utf8"));
    });
  });
}

test("a pod's variables and its file have to be there", async (t) => {
  const azure = await startAzure(t);
  const env = await pod(azure);
  for (const name of ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"]) {
    const { [name]: _, ...others } = env;
    await assert.rejects(azure.token({ sanskey: AKS }, others), { code: "subject_token_missing" }, name);
  }
  const elsewhere = { ...env, AZURE_AUTHORITY_HOST: "http://192.0.2.1/" };
  await assert.rejects(azure.token({ sanskey: AKS }, elsewhere), { code: "platform_url_refused" });
  azure.put("azure-identity-token", " \n");
  await assert.rejects(azure.token({ sanskey: AKS }, env), { code: "subject_token_invalid", askId: "federated-token" });
  rmSync(env.AZURE_FEDERATED_TOKEN_FILE);
  await assert.rejects(azure.token({ sanskey: AKS }, env), { code: "subject_token_missing", askId: "federated-token" });
  assert.deepEqual(await azure.requests(), []);
});

for (const [name, prepare] of [
  ["the metadata service", async (azure) => [{ path: VM_PATH, askId: "subject-token", source: vm(azure) }]],
  [
    "App Service",
    async (azure) => [{ path: APP_PATH, askId: "subject-token", source: { sanskey: APP_SERVICE }, env: app(azure) }, SECRET],
  ],
  [
    "Entra",
    async (azure) => {
      const env = await pod(azure);
      const secret = readFileSync(env.AZURE_FEDERATED_TOKEN_FILE, "utf8");
      return [{ path: ENTRA_PATH, askId: "entra", source: { sanskey: AKS }, env }, secret];
    },
  ],
]) {
  test(`${name} answers badly`, async (t) => {
    const azure = await startAzure(t);
    const [service, ...secrets] = await prepare(azure);
    await goThroughFaults(azure, service);
    if (secrets.length > 0) await saysSecretsAgain(azure, service, ...secrets);
  });
}

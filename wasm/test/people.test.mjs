// Logins of people: what is asked about them, what comes of it, and what is shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { CredentialConfig, Exchange, fetchToken, introspectToken, revokeLogin, SanskeyError, stsRequest, Token } from "sanskey-wasm";

const login = {
  type: "external_account_authorized_user",
  client_id: "client",
  refresh_token: "top-secret-refresh",
  unknown: [1.5, { z: null }],
  client_secret: "top-secret",
  token_url: "https://sts.googleapis.com/v1/oauthtoken",
  token_info_url: "https://sts.googleapis.com/v1/introspect",
  revoke_url: "https://sts.googleapis.com/v1/revoke",
  quota_project_id: "first",
  audience: "//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider",
};
const impersonating = {
  type: "impersonated_service_account",
  service_account_impersonation_url:
    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken",
  source_credentials: login,
  quota_project_id: "first",
};
const workload = {
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: { file: "/token" },
};
const printed = (it) =>
  [inspect(it, { showHidden: true, depth: 9 }), inspect(it, { customInspect: false, depth: 9 }), JSON.stringify(it), String(it)].join("\n");
const misuse = (message) => (error) => {
  assert.ok(error instanceof SanskeyError && error.code === "invalid_argument" && error.fault === "misuse", inspect(error));
  assert.match(error.message, message);
  assert.doesNotMatch(printed(error), /top-secret/);
  return true;
};
/** A host that gives one answer, and what it was asked. */
function answering(body, status = 200) {
  const asked = [];
  return { asked, host: { http: (request) => (asked.push(request), { status, headers: {}, body: JSON.stringify(body) }) } };
}

test("a login's new refresh token comes with the token, and is not printed", async () => {
  const body = { access_token: "top-secret-token", expires_in: 3600, token_type: "Bearer" };
  const { host } = answering({ ...body, refresh_token: "top-secret-next" });
  const token = await fetchToken(login, { host });
  assert.equal(token.refreshToken, "top-secret-next");
  assert.doesNotMatch(printed({ nested: [token] }), /top-secret/);
  assert.deepEqual(JSON.parse(JSON.stringify(token)).refreshToken, "[secret]");
  const without = await fetchToken(login, answering(body));
  assert.equal(without.refreshToken, null);
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(without))), ["value", "expiresAt", "kind"]);
  assert.equal(new Token("a", 0, "federated").refreshToken, null);
});

test("what is known about a token", async () => {
  const { host, asked } = answering({
    active: true, username: "ana", scope: "a b", client_id: "client", sub: "principal://ana", iss: "https://sts.googleapis.com",
    exp: 1_700_003_600, iat: 1_700_000_000,
  });
  const token = new Token("top-secret-token", Date.now(), "federated");
  const steps = [];
  const info = await introspectToken(login, token, { host, onStep: (step) => steps.push(step) });
  assert.deepEqual(info, {
    active: true, username: "ana", scopes: ["a", "b"], clientId: "client", subject: "principal://ana",
    issuer: "https://sts.googleapis.com", expiresAt: new Date(1_700_003_600_000), issuedAt: new Date(1_700_000_000_000),
  });
  assert.equal(new URLSearchParams(asked[0].body).get("token"), "top-secret-token");
  assert.equal(asked[0].url, login.token_info_url);
  assert.deepEqual(steps.map(({ method, status }) => [method, status]), [["POST", 200]]);
  assert.doesNotMatch(printed(asked), /top-secret/);
  assert.deepEqual(await introspectToken(login, "top-secret-token", answering({ active: false })), {
    active: false, username: null, scopes: [], clientId: null, subject: null, issuer: null, expiresAt: null, issuedAt: null,
  });
});

test("a login is ended", async () => {
  const { host, asked } = answering({});
  assert.equal(await revokeLogin(JSON.stringify(login), { host }), undefined);
  assert.equal(asked[0].url, login.revoke_url);
  assert.equal(new URLSearchParams(asked[0].body).get("token"), "top-secret-refresh");
  await assert.rejects(revokeLogin(login, answering({ error: "invalid_client" }, 401)), { name: "SanskeyError", fault: "remote" });
});

test("what cannot be asked about, or ended, is refused before anything is asked", async () => {
  const host = { http: () => assert.fail("asked") };
  for (const token of [undefined, null, 5, {}, { value: 5 }]) {
    await assert.rejects(introspectToken(login, token, { host }), misuse(/^token must be a Token, or its value/));
    assert.throws(() => new Exchange(login, { goal: "introspection", token }), misuse(/^token must be/));
  }
  for (const goal of [undefined, null, "revocation", {}, { goal: "magic" }]) {
    assert.throws(() => new Exchange(login, goal), misuse(/^The goal must be .*access_token.*introspection.*revocation/));
  }
  await assert.rejects(revokeLogin(workload, { host }), SanskeyError);
  await assert.rejects(revokeLogin(login, { host: 5 }), misuse(/method http/));
  await assert.rejects(introspectToken(login, "t", { host: {} }), { code: "host_unsupported" });
  await assert.rejects(introspectToken(login, "t", { host, signal: AbortSignal.abort("enough") }), (reason) => reason === "enough");
  await assert.rejects(revokeLogin(login, { host, signal: AbortSignal.abort("enough") }), (reason) => reason === "enough");
  await assert.rejects(revokeLogin({ ...login, revoke_url: "https://127.0.0.1/v1/revoke" }, { host }), { field: "revoke_url" });
});

test("an abort ends the questions about a token", async () => {
  const controller = new AbortController();
  const host = { http: () => (controller.abort("enough"), new Promise(() => {})) };
  await assert.rejects(introspectToken(login, "t", { host, signal: controller.signal }), (reason) => reason === "enough");
});

test("another refresh token stands where the old one did", () => {
  for (const [config, place] of [[login, (it) => it], [impersonating, (it) => it.source_credentials]]) {
    const before = CredentialConfig.fromObject(config);
    const after = before.withRefreshToken("top-secret-next");
    assert.ok(after instanceof CredentialConfig);
    const expected = structuredClone(config);
    place(expected).refresh_token = "top-secret-next";
    assert.equal(after.toJson(), JSON.stringify(expected, null, 2));
    assert.equal(before.toJson(), JSON.stringify(config));
    assert.doesNotMatch(printed(after), /top-secret/);
  }
  const marked = CredentialConfig.fromJson(`\ufeff${JSON.stringify(login)}`);
  assert.equal(JSON.parse(marked.withRefreshToken("next").toJson()).refresh_token, "next");
  assert.throws(() => CredentialConfig.fromObject(workload).withRefreshToken("next"), misuse(/^Only an external_account_authorized_user/));
  for (const token of [undefined, null, 5]) assert.throws(() => marked.withRefreshToken(token), misuse(/^token must be a string/));
});

test("another quota project", () => {
  const config = CredentialConfig.fromObject(login).withQuotaProject("second");
  assert.equal(config.quotaProjectId, "second");
  assert.equal(config.toJson(), JSON.stringify({ ...login, quota_project_id: "second" }, null, 2));
  assert.equal(CredentialConfig.fromObject(workload).withQuotaProject("new").quotaProjectId, "new");
  for (const id of [undefined, null, 5]) assert.throws(() => config.withQuotaProject(id), misuse(/^id must be a string/));
});

test("the headers of a request go into fetch, and are not printed", () => {
  const token = new Token("top-secret", Date.now(), "federated");
  const config = CredentialConfig.fromObject(login);
  const headers = config.requestHeaders(token);
  assert.deepEqual({ ...headers }, { authorization: "Bearer top-secret", "x-goog-user-project": "first" });
  assert.equal(new Headers(headers).get("authorization"), "Bearer top-secret");
  assert.deepEqual({ ...CredentialConfig.fromObject(workload).requestHeaders("other") }, { authorization: "Bearer other" });
  assert.doesNotMatch(printed(headers), /top-secret/);
  for (const none of [undefined, null, 5, {}]) assert.throws(() => config.requestHeaders(none), misuse(/^token must be a Token/));
});

test("parameters of a token request", () => {
  const params = { tokenUrl: login.token_url, audience: "a", subjectToken: "top-secret", subjectTokenType: "y" };
  const accessBoundary = { accessBoundaryRules: [] };
  const asObject = stsRequest({ ...params, accessBoundary });
  assert.equal(asObject.body, stsRequest({ ...params, accessBoundary: JSON.stringify(accessBoundary) }).body);
  assert.deepEqual(JSON.parse(new URLSearchParams(asObject.body).get("options")), accessBoundaryOption(accessBoundary));
  assert.equal(asObject.unixSocket, null);
  for (const wrong of [{ accessBoundary: 5 }, { bodyFormat: "xml" }, { apiClient: 5 }, { actorToken: "top-secret-actor" }]) {
    assert.throws(() => stsRequest({ ...params, ...wrong }), misuse(/./));
  }
});

// Source: the reference of the STS method `token`: options is a JSON object whose member accessBoundary is the boundary.
function accessBoundaryOption(accessBoundary) {
  return { accessBoundary };
}

// Replays tests/vectors through the public API of either package. Their format is in tests/vectors/README.md.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { runTokenSourceVectors } from "./token-source-vectors.mjs";
import { camel, configText, credentials, goalOf, hostReply, options, source, wire, wireDescription, wireError, wireOutcome, wireToken } from "./vector-texts.mjs";

const root = new URL("../../../tests/vectors/", import.meta.url);

const functions = (api, seen) => ({
  sign_request: (p) => seen(api.signRequest({ ...camel(p), credentials: credentials(p), now: p.now * 1000 })),
  caller_identity_token: (p) => ({ text: api.callerIdentityToken(credentials(p), p.region, p.audience, p.now * 1000) }),
  sts_request: (p) => ({ request: wire(seen(api.stsRequest(camel(p)))) }),
  parse_sts_response: (p) => ({ token: wireToken(seen(api.parseStsResponse(p.status, p.body, p.now * 1000))) }),
  impersonation_request: (p) => ({ request: wire(seen(api.impersonationRequest(camel(p)))) }),
  parse_impersonation_response: (p) => ({ token: wireToken(seen(api.parseImpersonationResponse(p.status, p.body, p.now * 1000))) }),
  config_summary: (p) => ({ summary: wire(seen(api.CredentialConfig.fromJson(configText(p)))) }),
  create_config: (p) => ({ text: created(api, seen, p) }),
  check_config: (p) => ({ findings: seen(api.checkConfig(p.text, camel(p.options))) }),
  certificate_config: (p) => ({ text: api.certificateConfig(p.cert_path, p.key_path) }),
  describe_subject_token: ({ token, ...p }) => ({ description: wireDescription(seen(api.describeSubjectToken(token, camel(p)))) }),
  request_headers: (p) => ({ pairs: Object.entries(headers(api, seen, p)) }),
  token_freshness: (p) => ({ freshness: new api.Token("", p.expires_at * 1000, "federated").freshness(p.now * 1000) }),
});

/** Of a configuration that says nothing else. */
function headers(api, seen, { token, quota_project_id }) {
  const config = api.CredentialConfig.fromParts({ projectNumber: "123456789012", pool: "pool", provider: "provider", source: "caller" });
  return seen((quota_project_id === null ? config : config.withQuotaProject(quota_project_id)).requestHeaders(token));
}

const PARTS = /^projects\/(?<projectNumber>[^/]*)\/locations\/global\/workloadIdentityPools\/(?<pool>[^/]*)\/providers\/(?<provider>[^/]*)$/;

/** By the parts of the provider's name wherever it has them: what is refused is refused for the same reason. */
function created(api, seen, params) {
  const { provider, ...parts } = { ...camel(params), source: source(params.source) };
  const named = PARTS.exec(provider);
  if (parts.pool !== undefined) return seen(api.CredentialConfig.fromParts({ provider, ...parts })).toJson();
  if (!named || parts.workforcePoolUserProject) return seen(api.CredentialConfig.fromProvider(provider, parts)).toJson();
  const text = seen(api.CredentialConfig.fromParts({ ...parts, ...named.groups })).toJson();
  assert.equal(api.CredentialConfig.fromProvider(provider, parts).toJson(), text);
  return text;
}

function wholeExchange(api, seen, vector) {
  let [now, polled] = [vector.now, 0];
  try {
    const exchange = seen(new api.Exchange(configText(vector), goalOf(vector.goal), options(vector.options)));
    for (const round of vector.rounds) {
      now = round.now ?? now;
      assert.deepEqual(seen(exchange.poll(now * 1000)).asks?.map(wire), round.asks);
      polled += 1;
      for (const reply of round.replies) exchange.reply(reply.id, hostReply(reply, api.HostFailure));
    }
    const { outcome } = seen(exchange.poll((vector.end ?? now) * 1000));
    const skew = exchange.clockSkewSeconds ?? null;
    return { outcome: wireOutcome(outcome), ...(skew !== null && { clock_skew_seconds: skew }) };
  } finally {
    assert.equal(polled, vector.rounds.length, "the exchange ended early");
  }
}

function runVector(api, file) {
  const vector = JSON.parse(readFileSync(new URL(file, root), "utf8"));
  const printed = [];
  const seen = (it) => (printed.push(...[{ showHidden: true }, { customInspect: false }].map((o) => inspect(it, { depth: 9, ...o })), `${it}`, JSON.stringify(it)), it);
  let result;
  try {
    result = vector.function ? functions(api, seen)[vector.function](vector.params) : wholeExchange(api, seen, vector);
    // Of the words of a finding, vectors name only some.
    result.findings?.forEach(({ message, hint, ...finding }, at) => {
      assert.ok(message && hint, message + hint);
      const { says } = vector.result.findings[at] ?? {};
      result.findings[at] = { ...finding, says: `${message} ${hint}`.includes(says) ? says : `${message} ${hint}` };
    });
    // Of signed headers, vectors name only some.
    if (vector.result.headers) result = { headers: Object.fromEntries(Object.keys(vector.result.headers).map((name) => [name, result[name]])) };
  } catch (error) {
    if (!(seen(error) instanceof api.SanskeyError)) throw error;
    const { hint_contains } = vector.result.error ?? {};
    assert.ok(error.message && error.hint.includes(hint_contains ?? error.hint[0]), `${error.message} ${error.hint}`);
    result = { error: { ...wireError(error), ...(hint_contains !== undefined && { hint_contains }) } };
  }
  assert.deepEqual(result, vector.result);
  for (const secret of vector.secrets ?? []) assert.ok(!printed.join("\n").includes(secret), "a secret was printed");
}

/** One test per folder, which fails with every vector of it that does not hold; of token sources, one per vector. */
export function runVectors(api) {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /^(?!errors|token-source).+\.json$/.test(name));
  assert.ok(files.length > 100, "the vectors are missing");
  for (const folder of new Set(files.map(dirname).sort())) {
    const own = files.filter((file) => dirname(file) === folder).sort();
    test(`${own.length} vectors of ${folder}`, () => {
      const failures = own.flatMap((file) => {
        try {
          return runVector(api, file) ?? [];
        } catch (error) {
          return `${file}\n${error.stack}`;
        }
      });
      if (failures.length > 0) assert.fail(`${failures.length} do not hold:\n\n${failures.join("\n\n")}`);
    });
  }
  runTokenSourceVectors(api);
}

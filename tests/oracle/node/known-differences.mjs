// Every known difference between google-auth-library and sanskey: what google-auth-library does, with all of these
// applied, is exactly what sanskey does. README.md lists the same reasons by the same names.
import { isDeepStrictEqual } from "node:util";

import { answerOf, AWS, theirs } from "./side-by-side.mjs";

const TYPE = "urn:ietf:params:oauth:token-type:";
const [JWT, ID_TOKEN, SAML, MTLS] = ["jwt", "id_token", "saml2", "mtls"].map((each) => TYPE + each);
const AWS4_REQUEST = "urn:ietf:params:aws:token-type:aws4_request";
const TARGET = "x-goog-cloud-target-resource";
const PASSING = [408, 429, 500, 502, 503, 504];
const METADATA = "http://169.254.169.254/latest/meta-data";
const [ZONE, ROLES] = [`${METADATA}/placement/availability-zone`, `${METADATA}/iam/security-credentials`];

export const KNOWN = [];

/** sanskey does with a case what google-auth-library does with another one. */
const asIf = (name, reason, change) => KNOWN.push({ name, reason, change });
/** sanskey does something else in the same case. */
const instead = (name, reason, edit) => KNOWN.push({ name, reason, edit });

/** What sanskey is to do, and the names of the differences that took part. */
export async function expected(t, testCase) {
  const met = [];
  let ran = await theirs(t, testCase);
  for (const { name, change, edit } of KNOWN) {
    const before = ran;
    if (change) {
      const copy = structuredClone(testCase);
      change(copy);
      if (isDeepStrictEqual(copy, testCase)) continue;
      testCase = copy;
      ran = await theirs(t, testCase);
    } else {
      ran = { ...structuredClone({ ...before, error: undefined }), error: before.error };
      edit(testCase, ran);
    }
    if (!same(ran, before)) met.push(name);
  }
  return { ran, met };
}

export const same = (one, other) =>
  isDeepStrictEqual({ ...one, error: undefined }, { ...other, error: undefined });

const sourceOf = ({ config: { credential_source: source } }) => (source && typeof source === "object" ? source : {});
const of = (ran, step) => ran.requests.filter((request) => request.step === step);
const toGoogle = (ran) => ran.requests.filter(({ step }) => step !== "source");
export const proofs = (testCase, ran) =>
  AWS.includes(testCase.kind) ? of(ran, "sts").map(({ body }) => body.find(([name]) => name === "subject_token")[1]) : [];

function failAfter(ran, ...steps) {
  ran.requests = ran.requests.filter(({ step }) => steps.includes(step));
  Object.assign(ran, { end: ["no token"], quotaProject: null });
}

function refuse(ran) {
  failAfter(ran);
  ran.programs = [];
}

// Cases that are like other cases. -------------------------------------------------------------------------------------

const isOk = (status) => status >= 200 && status <= 299;

/** Changes the object that is answered there. */
function changeAnswer(testCase, url, change) {
  const [status, text] = testCase.servers[url] ?? [404, ""];
  if (!isOk(status)) return;
  const answer = JSON.parse(text);
  testCase.servers[url] = [status, JSON.stringify(change(answer) ?? answer)];
}

const atSts = (testCase, change) => changeAnswer(testCase, tokenUrl(testCase), change);
const atIam = (testCase, change) =>
  changeAnswer(testCase, testCase.config.service_account_impersonation_url, change);

function tokenUrl({ config: { token_url: url, universe_domain: domain = "googleapis.com" } }) {
  return url ?? `https://sts.${domain}/v1/token`;
}

asIf("region-of-zone",
  "The region is read out of a zone of any form; google-auth-library cuts off the last character.",
  (testCase) => {
  const [status, zone] = testCase.servers[ZONE] ?? [404, ""];
  const region = /^([a-z]+(-[a-z]+)+-[0-9])/.exec(zone)?.[1];
  if (region) testCase.servers[ZONE] = [status, `${region}a`];
});

asIf("no-region", "What is no zone is refused; google-auth-library signs for a region that cannot be.", (testCase) => {
  const [, zone] = testCase.servers[ZONE] ?? [404, "us-east-1a"];
  if (!/^([a-z]+-)+[0-9]/.test(zone)) testCase.servers[ZONE] = [404, ""];
});

asIf("china",
  "In the regions of China the usual URL of AWS STS ends in `.com.cn`; google-auth-library takes the URL as it is.",
  (testCase) => {
  const [, zone] = testCase.servers[ZONE] ?? [404, ""];
  const region = testCase.env.AWS_REGION || testCase.env.AWS_DEFAULT_REGION || zone;
  const source = sourceOf(testCase);
  if (!region.startsWith("cn-") || !AWS.includes(testCase.kind) || !source.regional_cred_verification_url) return;
  source.regional_cred_verification_url = source.regional_cred_verification_url.replace(/\.com(?=[/?])/, ".com.cn");
});

asIf("text-trimmed",
  "White space and a byte order mark around a token are taken away; google-auth-library sends them along.",
  (testCase) => {
  const source = sourceOf(testCase);
  if (source.format?.type === "json") return;
  const trimmed = (text) => text.replace(/^\ufeff+/, "").trim();
  const { kind, files, servers } = testCase;
  if (kind === "file" && source.file in files) files[source.file] = trimmed(files[source.file]);
  if (kind === "url" && source.url in servers) servers[source.url] = [servers[source.url][0], trimmed(servers[source.url][1])];
});

asIf("mtls-token-url", "With a certificate the default token_url is the one of mutual TLS.", ({ kind, config }) => {
  const domain = config.universe_domain ?? "googleapis.com";
  if (kind === "certificate") config.token_url ??= `https://sts.mtls.${domain}/v1/token`;
});

asIf("expires-in",
  "A lifetime that is missing, zero or no number leaves a token that is over at once; google-auth-library's has no end.",
  (testCase) => {
  atSts(testCase, (answer) => {
    if (!/^[0-9.]*[1-9][0-9.]*$/.test(`${answer.expires_in}`)) answer.expires_in = 1e-9;
  });
});

asIf("whole-seconds", "Lifetimes and times are in whole seconds; google-auth-library keeps a fraction.", (testCase) => {
  atIam(testCase, (answer) => {
    answer.expireTime = answer.expireTime?.replace(/\.[0-9]+/, "");
  });
  atSts(testCase, (answer) => {
    if (answer.expires_in > 1) answer.expires_in = Math.trunc(answer.expires_in);
  });
});

asIf("no-token", "An answer without a token is an error; google-auth-library goes on with `undefined`.", (testCase) => {
  const { servers } = testCase;
  const urls = [
    [tokenUrl(testCase), "access_token"],
    [testCase.config.service_account_impersonation_url, "accessToken"],
  ];
  for (const [url, name] of urls) {
    if (isOk(servers[url]?.[0]) && !(name in JSON.parse(servers[url][1]))) servers[url] = [400, ""];
  }
});

asIf("expire-time",
  "A missing expireTime leaves a token that is over at once, and one that is no time is an error; google-auth-library's token has no end.",
  (testCase) => {
  atIam(testCase, (answer) => {
    answer.expireTime ??= new Date(testCase.now * 1000).toISOString();
  });
  const { servers, config } = testCase;
  const url = config.service_account_impersonation_url;
  if (isOk(servers[url]?.[0]) && Number.isNaN(Date.parse(JSON.parse(servers[url][1]).expireTime))) servers[url] = [400, ""];
});

asIf("file-and-certificate",
  "A file may have a certificate beside it, which is for the connection; google-auth-library refuses.",
  ({ kind, config }) => {
  if (kind === "file" && config.credential_source?.file) delete config.credential_source.certificate;
});

const keptPath = (testCase) => testCase.kind === "executable" && sourceOf(testCase).executable?.output_file;

asIf("kept-until-now",
  "A kept token that is good until this second is not used any more; google-auth-library uses it.",
  (testCase) => {
  const path = keptPath(testCase);
  if (path && parsed(testCase.files[path]).expiration_time === testCase.now) testCase.files[path] = "";
});

asIf("kept-without-expiry",
  "Where a kept token does not say until when it is good, the program is run; google-auth-library fails.",
  (testCase) => {
  const path = keptPath(testCase);
  const { success, token_type: type, expiration_time: end } = parsed(testCase.files[path]);
  if (success && type && end === undefined) testCase.files[path] = "";
});

// What sanskey sends otherwise. ------------------------------------------------------------------------------------------

instead("api-client",
  "google-auth-library tells everybody what asks, in `user-agent` and `x-goog-api-client`.",
  (_, ran) => {
  for (const { headers } of ran.requests) {
    delete headers["user-agent"];
    delete headers["x-goog-api-client"];
  }
});

instead("accept",
  "google-auth-library tells the metadata service that it wants JSON; sanskey takes what is there.",
  (_, ran) => {
  for (const { headers } of ran.requests.filter(({ step }) => step === "source")) delete headers.accept;
});

instead("signed-target",
  "The target of an AWS proof is signed, as AIP-4117 shows, so that it is of use there only.",
  (testCase, ran) => {
  for (const { headers } of proofs(testCase, ran)) headers.authorization.signed.push(TARGET);
});

instead("empty-body",
  "An AWS proof has an empty `body`, as AIP-4117 shows; google-auth-library's has none.",
  (testCase, ran) => {
  for (const proof of proofs(testCase, ran)) proof.body = "";
});

instead("fips",
  "A FIPS host of AWS STS is signed for the service `sts`; google-auth-library names `sts-fips`, which is none.",
  (testCase, ran) => {
  for (const { url, headers } of proofs(testCase, ran)) {
    if (url.startsWith("https://sts-fips.")) headers.authorization.isRight = true;
  }
});

instead("query-order",
  "The query is sorted before it is signed, as AWS prescribes; google-auth-library takes it as it stands.",
  (testCase, ran) => {
  for (const { url, headers } of proofs(testCase, ran)) {
    if (url.endsWith("?Version=2011-06-15&Action=GetCallerIdentity")) headers.authorization.isRight = true;
  }
});

instead("one-session",
  "One session of the instance's metadata service does for region and credentials; google-auth-library opens two.",
  (_, ran) => {
  const [, ...more] = ran.requests.filter(({ method }) => method === "PUT");
  ran.requests = ran.requests.filter((request) => !more.includes(request));
});

instead("role-at-once",
  "Region and role are asked for at once, so the role also where there is no region.",
  ({ env }, ran) => {
  const last = ran.requests.at(-1);
  if (last?.url === ZONE && !("AWS_ACCESS_KEY_ID" in env)) ran.requests.push({ ...last, url: ROLES });
});

instead("role-encoded",
  "The name of a role is percent-encoded in the URL; google-auth-library puts it there as it is.",
  (_, ran) => {
  for (const request of ran.requests) {
    if (!request.url.startsWith(`${ROLES}/`)) continue;
    request.url = `${ROLES}/${encodeURIComponent(request.url.slice(ROLES.length + 1))}`;
  }
});

instead("tries",
  "What may pass (408, 429, 500, 502, 503, 504) is tried three times, of any server; google-auth-library asks the metadata service once and others up to four times, also after other statuses.",
  (testCase, ran) => {
  const last = ran.requests.at(-1);
  if (last === undefined) return;
  const [status] = answerOf(testCase, last.url);
  const first = ran.requests.findIndex((request) => isDeepStrictEqual(request, last));
  ran.requests = [...ran.requests.slice(0, first), ...Array(PASSING.includes(status) ? 3 : 1).fill(last)];
});

instead("certificate-of-file", "That certificate is presented to Google.", ({ kind, files, config }, ran) => {
  const folder = kind === "file" && config.credential_source?.file?.replace(/[^/]*$/, "");
  for (const request of toGoogle(ran)) if (folder) request.certificate = files[`${folder}cert.pem`] ?? null;
});

instead("empty-text",
  "An empty text in a configuration counts as none; google-auth-library's quota project is empty then.",
  (_, ran) => {
  ran.quotaProject ||= null;
});

instead("posix-words",
  "A command is split as a POSIX shell would; google-auth-library knows double quotes alone.",
  (testCase, ran) => {
  const known = {
    "/bin/token --flag  'two words'": ["/bin/token", "--flag", "two words"],
    "'/opt/my tools/token' é %s": ["/opt/my tools/token", "é", "%s"],
    '/bin/token "a \\" b" c\\ d': ["/bin/token", 'a " b', "c d"],
  };
  for (const program of ran.programs) program[0] = known[sourceOf(testCase).executable.command] ?? program[0];
});

// What sanskey refuses. ------------------------------------------------------------------------------------------------

const refusal = (name, reason, isRefused) =>
  instead(name, reason, (testCase, ran) => {
    if (isRefused(testCase)) refuse(ran);
  });

/** Whether the host is one of those that Google documents for the service. */
function isGoogle(url, service, domain) {
  const host = new RegExp(`^https://${service}(\\.[a-z0-9-]+\\.rep)?(\\.mtls)?\\.${RegExp.escape?.(domain) ?? domain}/`);
  return url === undefined || host.test(url);
}

refusal("endpoints",
  "Only Google's and the metadata services' hosts are trusted, unless the caller says otherwise.",
  (testCase) => {
  const { endpoints, kind, config } = testCase;
  const domain = config.universe_domain ?? "googleapis.com";
  const isUsual =
    isGoogle(config.token_url, "sts", domain) &&
    isGoogle(config.service_account_impersonation_url, "iamcredentials", domain) &&
    !(kind === "url" && !sourceOf(testCase).url?.startsWith("http://169.254.169.254/"));
  return endpoints !== "any" && !isUsual;
});

refusal("required-fields",
  "audience and subject_token_type are required, as in AIP-4117; google-auth-library exchanges without.",
  ({ config }) => !config.audience || !config.subject_token_type);

refusal("subject-token-type",
  "The subject_token_type must be one that the kind of source can give.",
  ({ kind, config }) => {
  const known = { environment: [AWS4_REQUEST], instance: [AWS4_REQUEST], certificate: [MTLS] };
  return !(known[kind] ?? [JWT, ID_TOKEN, SAML]).includes(config.subject_token_type);
});

refusal("audience-text",
  "An audience and a quota project are visible ASCII, since they are sent in headers.",
  ({ config }) =>
  [config.audience, config.quota_project_id].some((text) => text && !/^[!-~]+$/.test(text)));

refusal("text-is-text",
  "A field that is a text in AIP-4117 must be one in the file; google-auth-library takes numbers.",
  (testCase) =>
  [testCase.config.client_id, ...Object.values(sourceOf(testCase).headers ?? {})].some((text) => typeof (text ?? "") !== "string"));

refusal("client-id",
  "A client_id has no colon, which would end it (RFC 7617).",
  ({ config }) => `${config.client_id}`.includes(":"));

refusal("headers-of-http",
  "A configuration does not choose the headers that HTTP itself writes, such as Host.",
  (testCase) => "Host" in (sourceOf(testCase).headers ?? {}));

refusal("lifetime",
  "A lifetime is a whole number from 600 to 43200, as AIP-4117 says; google-auth-library sends any.",
  ({ config }) => {
  const seconds = config.service_account_impersonation?.token_lifetime_seconds ?? 600;
  return !Number.isInteger(seconds) || seconds < 600 || seconds > 43200;
});

refusal("absolute-url",
  "A URL begins with https:// or http://; google-auth-library finds out when it is to be asked.",
  ({ config }) =>
  [config.token_url, config.service_account_impersonation_url].some((url) => url && !url.includes("://")));

refusal("aws-environment",
  "Without an environment_id there is no AWS source; google-auth-library takes `url` for one that gives a token.",
  (testCase) =>
  AWS.includes(testCase.kind) && !sourceOf(testCase).environment_id);

refusal("method",
  "A service_account_impersonation_url ends in `:generateAccessToken`; google-auth-library calls any.",
  ({ config }) =>
  !(config.service_account_impersonation_url ?? ":generateAccessToken").endsWith(":generateAccessToken"));

refusal("open-quote",
  "A command ends its quotes; google-auth-library takes an open one for a part of a word.",
  (testCase) => `${sourceOf(testCase).executable?.command}`.endsWith("'open"));

refusal("aws-version",
  "The environment is `aws1`; google-auth-library reads `aws01` as that, too.",
  (testCase) => sourceOf(testCase).environment_id === "aws01");

refusal("one-source",
  "A source is of one kind; google-auth-library runs a program, or asks AWS, whatever stands beside it.",
  (testCase) =>
  ["executable", "file", "environment_id", "certificate"].filter((name) => name in sourceOf(testCase)).length > 1);

// What sanskey makes of a platform's answers. --------------------------------------------------------------------------

instead("expired-proof",
  "A JWT whose time is over is not sent; Google would refuse it without saying why.",
  (testCase, ran) => {
  const [request] = of(ran, "sts");
  const token = request?.body.find(([name]) => name === "subject_token")?.[1];
  const claims = typeof token === "string" && testCase.kind !== "certificate" ? token.split(".") : [];
  if (claims.length !== 3 || testCase.config.subject_token_type === SAML) return;
  if (parsed(Buffer.from(claims[1], "base64url").toString()).exp <= testCase.now) failAfter(ran, "source");
});

instead("token-is-text",
  "A token is a text; google-auth-library sends along what else stands in that field.",
  (testCase, ran) => {
  const { format, file, url } = sourceOf(testCase);
  const text = { file: testCase.files[file], url: testCase.servers[url]?.[1] }[testCase.kind];
  const token = parsed(text)[format?.subject_token_field_name];
  if (token !== undefined && typeof token !== "string" && ran.requests.length > 0) failAfter(ran, "source");
});

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** sanskey takes no token from such an answer of a program, kept or written now. */
const program = (name, reason, isRefused) =>
  instead(name, reason, (testCase, ran) => {
    const { executable } = sourceOf(testCase);
    if (testCase.kind !== "executable" || !executable) return;
    const text = ran.programs.length > 0 ? testCase.program[1] : testCase.files[executable.output_file];
    if (ran.requests.length > 0 && isRefused(testCase, parsed(text))) failAfter(ran);
  });

program("program-token-type",
  "A program gives a token of the type that the configuration names, SAML or a JWT.",
  ({ config }, answer) =>
  (answer.token_type === SAML) !== (config.subject_token_type === SAML));

program("program-until-now",
  "A token is over in the second that it is good until; google-auth-library sends it.",
  ({ now }, answer) => answer.expiration_time === now);

program("program-version",
  "The version of a program's answer is the number 1; google-auth-library takes a text.",
  (_, answer) => answer.version !== 1);

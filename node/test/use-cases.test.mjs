// The examples of use cases, each in the environment of its platform, against an API that checks who calls.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { startEmulator } from "../../wasm/test/support/emulator.mjs";
import { call, startGoogleApi } from "./support/google-api.mjs";
import { paste } from "./support/pasted.mjs";
import { OF_A_BUILD, OF_A_POD, OF_AN_INSTANCE, build, instance, mountPodToken, pod, requests } from "./support/platforms.mjs";

/** Google lets the role of the platform in, and no other. */
const EC2 = { environment: instance, options: ["--imds-v1", "off", "--allowed-role", "sanskey-demo-role"] };
const CODEBUILD = { environment: build, options: ["--allowed-role", "sanskey-task-role"] };

/** An emulator and an API with these answers, and a function that runs an example and gives what it prints. */
async function start(t, { environment, options }, answers) {
  const emulator = await startEmulator(t, ...options);
  const api = await startGoogleApi(t, emulator, answers);
  const run = async (name, args, input = "") => {
    const example = paste(t, new URL(`../examples/use-cases/${name}`, import.meta.url));
    const env = { ...environment(emulator), GOOGLE_API_URL: api.url };
    const running = promisify(execFile)(process.execPath, [example, ...args], { env, timeout: 60_000 });
    running.child.stdin.end(input);
    const { stdout, stderr } = await running;
    assert.deepEqual([stderr, api.refused], ["", []]);
    return stdout;
  };
  return { emulator, api, run };
}

/** A folder that goes with the test. */
function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), "sanskey-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("data analytics", async (t) => {
  const queries = "/bigquery/v2/projects/my-project/queries";
  const jobReference = { projectId: "my-project", jobId: "job_1", location: "EU" };
  const schema = { fields: [{ name: "name", type: "STRING" }, { name: "n", type: "INTEGER" }] };
  const page = { jobReference, schema, jobComplete: true };
  const { emulator, api, run } = await start(t, EC2, {
    [`POST ${queries}`]: [{ jobReference, jobComplete: false }],
    [`GET ${queries}/job_1`]: [
      { ...page, rows: [{ f: [{ v: "Ada" }, { v: "3" }] }], pageToken: "a/b=" },
      { ...page, rows: [{ f: [{ v: "Grace" }, { v: null }] }] },
    ],
  });
  const printed = await run("ec2-bigquery.mjs", ["my-project", "SELECT name, n FROM d.t"]);
  assert.equal(printed, '{"name":"Ada","n":"3"}\n{"name":"Grace","n":null}\n');
  assert.deepEqual(api.calls, [
    call(`POST ${queries}`, { query: "SELECT name, n FROM d.t", useLegacySql: false }),
    call(`GET ${queries}/job_1`, null, { location: "EU" }),
    call(`GET ${queries}/job_1`, null, { location: "EU", pageToken: "a/b=" }),
  ]);
  assert.deepEqual(await requests(emulator), OF_AN_INSTANCE);
});

test("data sync and backup", async (t) => {
  const md5 = (text) => createHash("md5").update(text).digest("base64");
  const folder = folderOf(t);
  mkdirSync(join(folder, "sub folder"));
  writeFileSync(join(folder, "changed"), "new");
  writeFileSync(join(folder, "same"), "same");
  writeFileSync(join(folder, "sub folder", "ü&?"), "never seen");

  const [listing, upload] = ["GET /storage/v1/b/my-bucket/o", "POST /upload/storage/v1/b/my-bucket/o"];
  const { emulator, api, run } = await start(t, EC2, {
    [listing]: [
      { items: [{ name: "changed", md5Hash: md5("old") }], nextPageToken: "p=2" },
      { items: [{ name: "same", md5Hash: md5("same") }, { name: "composed" }] },
    ],
    [upload]: [{}, {}],
  });
  assert.equal(await run("ec2-cloud-storage.mjs", [folder, "my-bucket"]), "sent changed\nsent sub folder/ü&?\n");
  const fields = "nextPageToken,items(name,md5Hash)";
  assert.deepEqual(api.calls, [
    call(listing, null, { fields, pageToken: "" }),
    call(listing, null, { fields, pageToken: "p=2" }),
    call(upload, "new", { uploadType: "media", name: "changed" }),
    call(upload, "never seen", { uploadType: "media", name: "sub folder/ü&?" }),
  ]);
  assert.deepEqual(await requests(emulator), OF_AN_INSTANCE);
});

test("inventory across clouds", async (t) => {
  const listing = "GET /compute/v1/projects/my-project/aggregated/instances";
  const zone = "https://www.googleapis.com/compute/v1/projects/my-project/zones/europe-west1-b";
  const web = { name: "web", zone, machineType: `${zone}/machineTypes/e2-small`, status: "RUNNING" };
  const { emulator, api, run } = await start(t, EC2, {
    [listing]: [
      { items: { "zones/us-east1-b": { warning: { code: "NO_RESULTS_ON_PAGE" } } }, nextPageToken: "2" },
      { items: { "zones/europe-west1-b": { instances: [web] } } },
    ],
  });
  assert.equal(await run("ec2-compute-engine.mjs", ["my-project"]), "web europe-west1-b e2-small RUNNING\n");
  assert.deepEqual(api.calls, ["", "2"].map((pageToken) => call(listing, null, { returnPartialSuccess: "true", pageToken })));
  assert.deepEqual(await requests(emulator), OF_AN_INSTANCE);
});

const TERRAFORM = `
  const headers = { authorization: "Bearer " + process.env.GOOGLE_OAUTH_ACCESS_TOKEN };
  const { status } = await fetch(process.env.GOOGLE_API_URL + "/v3/projects/my-project", { headers });
  console.log(status, ...process.argv.slice(1));
`;

for (const [where, platform, asked] of [["EC2", EC2, OF_AN_INSTANCE], ["CodeBuild", CODEBUILD, OF_A_BUILD]]) {
  test(`infrastructure as code, on ${where}: a program in the place of Terraform finds the token`, async (t) => {
    const { emulator, api, run } = await start(t, platform, { "GET /v3/projects/my-project": [{}] });
    const command = [process.execPath, "--input-type=module", "-e", TERRAFORM, "apply", "a b"];
    assert.equal(await run("terraform.mjs", command), "200 apply a b\n");
    assert.deepEqual(api.calls, [call("GET /v3/projects/my-project")]);
    assert.deepEqual(await requests(emulator), asked);
  });
}

test("infrastructure as code: Terraform's exit code is kept", async (t) => {
  const { run } = await start(t, CODEBUILD, {});
  await assert.rejects(run("terraform.mjs", [process.execPath, "-e", "process.exit(2)"]), { code: 2, stderr: "" });
});

test("central logging", async (t) => {
  const { emulator, api, run } = await start(t, EC2, { "POST /v2/entries:write": [{}, {}] });
  const lines = Array.from({ length: 501 }, (_, index) => `line ${index}`);
  assert.equal(await run("ec2-cloud-logging.mjs", ["my-project", "a/b"], lines.join("\n")), "");
  for (const { request, body, principal } of api.calls) {
    assert.equal(request, "POST /v2/entries:write");
    assert.equal(body.logName, "projects/my-project/logs/a%2Fb");
    assert.equal(body.resource.type, "generic_node");
    assert.equal(principal, call("").principal);
  }
  assert.deepEqual(api.calls.map(({ body }) => body.entries.length), [500, 1]);
  assert.deepEqual(api.calls.flatMap(({ body }) => body.entries.map(({ textPayload }) => textPayload)), lines);
  assert.deepEqual(await requests(emulator), OF_AN_INSTANCE);
});

/** The microservice, running in a pod until the test ends. Gives a function that orders, and one that gives the log. */
async function startShop(t, emulator, api, tokenFile) {
  const env = {
    ...pod(emulator, tokenFile),
    TOPIC: "projects/my-project/topics/orders", HOST: "127.0.0.1", PORT: "0", GOOGLE_API_URL: api.url,
  };
  const example = paste(t, new URL("../examples/use-cases/eks-pubsub.mjs", import.meta.url));
  const child = spawn(process.execPath, [example], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill();
    await ended;
  });
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then(() => Promise.reject(new Error(`the microservice ended: ${log}`))),
  ]);
  const url = `http://127.0.0.1:${line.replace("listening on port ", "")}/orders`;
  const order = async (body) => {
    const response = await fetch(url, { method: "POST", body });
    return [response.status, await response.text()];
  };
  return { order, log: () => log };
}

const PUBLISH = "POST /v1/projects/my-project/topics/orders:publish";

test("microservice: orders that come at once share one token, which is that of the pod's role", async (t) => {
  const emulator = await startEmulator(t, "--allowed-role", "sanskey-irsa-role");
  const tokenFile = join(folderOf(t), "token");
  await mountPodToken(emulator, tokenFile);
  const orders = Array.from({ length: 8 }, (_, item) => JSON.stringify({ item }));
  const api = await startGoogleApi(t, emulator, { [PUBLISH]: orders.map(() => ({ messageIds: ["11"] })) });
  const { order } = await startShop(t, emulator, api, tokenFile);
  assert.deepEqual(await Promise.all(orders.map(order)), orders.map(() => [202, "11"]));
  const published = api.calls.map(({ body }) => Buffer.from(body.messages[0].data, "base64").toString());
  assert.deepEqual(published.sort(), orders);
  for (const { request, principal } of api.calls) assert.deepEqual([request, principal], [PUBLISH, call("").principal]);
  assert.deepEqual([api.refused, await requests(emulator)], [[], OF_A_POD]);
});

test("a microservice whose token is over recovers with the next, and is not the node in between", async (t) => {
  const emulator = await startEmulator(t);
  const tokenFile = join(folderOf(t), "token");
  await mountPodToken(emulator, tokenFile, "?lifetime=-60");
  const api = await startGoogleApi(t, emulator, { [PUBLISH]: [{ messageIds: ["11"] }] });
  const { order, log } = await startShop(t, emulator, api, tokenFile);
  assert.deepEqual(await order("early"), [503, ""]);
  assert.deepEqual(await requests(emulator), ["POST / 400"]);
  await mountPodToken(emulator, tokenFile);
  assert.deepEqual(await order("later"), [202, "11"]);
  assert.match(log(), /^SanskeyError: aws_sts_rejected: /);
  assert.deepEqual([api.refused, await requests(emulator)], [[], ["POST / 400", ...OF_A_POD]]);
});

test("CI/CD deploy", async (t) => {
  const service = "projects/my-project/locations/europe-west1/services/shop";
  const operation = "projects/my-project/locations/europe-west1/operations/op-1";
  const container = { image: "shop:1", env: [{ name: "MODE", value: "live" }] };
  const revision = `${service}/revisions/shop-00002`;
  const { emulator, api, run } = await start(t, CODEBUILD, {
    [`GET /v2/${service}`]: [
      { name: service, etag: '"7"', template: { revision: "shop-00001", containers: [container] } },
    ],
    [`PATCH /v2/${service}`]: [{ name: operation }],
    [`GET /v2/${operation}`]: [{ name: operation, done: true, response: { latestReadyRevision: revision } }],
  });
  assert.equal(await run("codebuild-cloud-run.mjs", [service, "shop:2"]), `${revision}\n`);
  assert.deepEqual(api.calls, [
    call(`GET /v2/${service}`),
    call(`PATCH /v2/${service}`, { name: service, etag: '"7"', template: { containers: [{ ...container, image: "shop:2" }] } }),
    call(`GET /v2/${operation}`),
  ]);
  assert.deepEqual(await requests(emulator), OF_A_BUILD);
});

test("without a service account the role itself arrives", async (t) => {
  const listing = "GET /compute/v1/projects/my-project/aggregated/instances";
  const platform = { ...CODEBUILD, options: ["--no-impersonation"] };
  const { emulator, api, run } = await start(t, platform, { [listing]: [{ items: {} }] });
  assert.equal(await run("ec2-compute-engine.mjs", ["my-project"]), "");
  assert.match(api.calls[0].principal, /assumed-role\/sanskey-task-role\//);
  assert.deepEqual(await requests(emulator), OF_A_BUILD.slice(0, 2));
});

test("a role that Google does not let in calls nothing", async (t) => {
  const platform = { ...CODEBUILD, options: ["--allowed-role", "sanskey-demo-role"] };
  const { emulator, api, run } = await start(t, platform, {});
  const deploy = run("codebuild-cloud-run.mjs", ["projects/p/locations/l/services/s", "shop:2"]);
  await assert.rejects(deploy, { code: 1, stderr: /SanskeyError: sts_rejected: / });
  assert.deepEqual([api.calls, api.refused], [[], []]);
  assert.deepEqual(await requests(emulator), [OF_A_BUILD[0], "POST /v1/token 400"]);
});

test("the API refuses tokens of others", async (t) => {
  const api = await startGoogleApi(t, await startEmulator(t), { "GET /v1/things": [{}] });
  const headers = { authorization: "Bearer ya29.somebody-else-s" };
  assert.equal((await fetch(`${api.url}/v1/things`, { headers })).status, 401);
  assert.deepEqual([api.calls, api.refused], [[], ["GET /v1/things"]]);
});

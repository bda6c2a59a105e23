// A headless Chromium and a web page on one origin, the emulator on another one.

import assert from "node:assert/strict";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, extname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { instanceCredentials, startEmulator } from "./support/emulator.mjs";
import { startServer } from "./support/server.mjs";

const folder = fileURLToPath(new URL("..", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript" };

function executablePath() {
  const names = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].filter(Boolean);
  const candidates = names.flatMap((name) =>
    name.includes("/") ? [name] : process.env.PATH.split(delimiter).map((place) => join(place, name)));
  const found = candidates.find((path) => {
    try {
      return accessSync(path, constants.X_OK) === undefined;
    } catch {
      return false;
    }
  });
  return found ?? assert.fail("there is no Chromium: install Debian's package chromium, or set CHROMIUM to its path");
}

/** A page of the package's own folder, served as it is published, with some paths of the test's own. */
async function openPage(t, path, extra = {}) {
  const origin = await startServer(t, ({ url }, response) => {
    const { pathname } = new URL(url, "http://page");
    if (extra[pathname]) return extra[pathname](response);
    if (!/^\/(dist|examples)\/[\w-]+\.(js|html)$/.test(pathname)) return response.writeHead(404).end();
    response.setHeader("content-type", TYPES[extname(pathname)]);
    response.end(readFileSync(join(folder, pathname)));
  });
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.goto(origin + path);
  return { page, origin };
}

let browser;
before(async () => {
  const args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  browser = await chromium.launch({ executablePath: executablePath(), args, timeout: 60_000 });
});
after(() => browser?.close());

test("the example page gets a token", async (t) => {
  const { page, origin } = await openPage(t, "/examples/browser.html");
  const emulator = await startEmulator(t, "--allow-origin", origin);
  const { accessKeyId, secretAccessKey, sessionToken } = await instanceCredentials(emulator.url);
  await page.fill("[name=config]", JSON.stringify(emulator.config));
  await page.fill("[name=region]", "us-east-1");
  await page.fill("[name=id]", accessKeyId);
  await page.fill("[name=secret]", secretAccessKey);
  await page.fill("[name=session]", sessionToken);
  await page.selectOption("[name=endpoints]", "loopback");
  await page.click("button");
  await page.waitForFunction(() => /token expires|error:/.test(document.querySelector("pre").textContent));
  const lines = (await page.textContent("pre")).trim().split("\n");
  assert.deepEqual(lines.slice(0, -1), ["sts: POST 200", "impersonate: POST 200"]);
  assert.match(lines.at(-1), /^token expires at \d{4}-/);
});

/** Runs `work` in the page, with the package as its argument. */
const inPage = (page, work, argument) =>
  page.evaluate(`import("/dist/index.js").then((sanskey) => (${work})(sanskey, ${JSON.stringify(argument)}))`);

test("a page may ask everything that fetch can answer", async (t) => {
  const { page, origin } = await openPage(t, "/examples/browser.html");
  const { config } = await startEmulator(t, "--allow-origin", origin);
  const requests = await inPage(page, async ({ fetchToken }, config) => {
    const steps = [];
    await fetchToken(config, { endpoints: "loopback", onStep: (step) => steps.push(step) });
    return steps.filter(({ action }) => action === "http_request").length;
  }, config);
  assert.equal(requests, 6);
});

test("a page may take on a role, with keys that a function gets", async (t) => {
  const { page, origin } = await openPage(t, "/examples/browser.html");
  const { url, config } = await startEmulator(t, "--allow-origin", origin);
  const steps = await inPage(page, async ({ fetchHost, fetchToken }, { url, config, keys }) => {
    const steps = [];
    await fetchToken(config, {
      endpoints: "loopback", awsCredentials: async () => keys, awsRegion: async () => "us-east-1",
      awsAssumeRole: { roleArn: "arn:aws:iam::123456789012:role/sanskey-hub-role" },
      host: fetchHost(undefined, { AWS_ENDPOINT_URL_STS: url }), onStep: ({ askId }) => steps.push(askId),
    });
    return steps;
  }, { url, config, keys: await instanceCredentials(url) });
  assert.deepEqual(steps, ["env", "assume-role-1", "sts", "impersonate"]);
});

test("a wrong clock does not matter to a page that may see the server's", async (t) => {
  const { page, origin } = await openPage(t, "/examples/browser.html");
  const { url, config } = await startEmulator(t, "--allow-origin", origin);
  const keys = await instanceCredentials(url);
  const put = (what, body) => fetch(`${url}/emulator/${what}`, { method: "PUT", body });
  await put("clock", "3600");
  const codes = () => inPage(page, async ({ fetchToken }, { config, keys }) => {
    const steps = [];
    const onStep = ({ askId }) => steps.push(askId);
    const options = { endpoints: "loopback", awsCredentials: keys, awsRegion: "us-east-1", onStep };
    return fetchToken(config, options).then(() => steps, ({ code }) => code);
  }, { config, keys });
  assert.equal(await codes(), "sts_rejected");
  const headers = { "access-control-expose-headers": "date" };
  await put("faults", JSON.stringify([{ path: "/v1/token", times: 1, fault: { headers } }]));
  const warned = page.waitForEvent("console", (message) => message.type() === "warning");
  assert.deepEqual(await codes(), ["sts", "sts-clock", "impersonate"]);
  assert.match((await warned).text(), /^sanskey: The clock of this machine is 3(5[789]|60)\d seconds behind/);
});

test("without the server's permission, the error speaks of CORS", async (t) => {
  const { page } = await openPage(t, "/examples/browser.html");
  const { config } = await startEmulator(t);
  const error = await inPage(page, async ({ fetchToken }, config) => {
    const awsCredentials = { accessKeyId: "a", secretAccessKey: "b" };
    const host = { ...(await import("/dist/index.js")).fetchHost(), wait: () => {} };
    return fetchToken(config, { endpoints: "loopback", awsCredentials, awsRegion: "us-east-1", host }).catch(({ code, message }) => ({ code, message }));
  }, config);
  assert.equal(error.code, "host_unreachable");
  assert.match(error.message, /CORS/);
});

test("a redirect is not followed", async (t) => {
  const paths = [];
  const { page, origin } = await openPage(t, "/examples/browser.html", {
    "/from": (response) => (paths.push("/from"), response.writeHead(302, { location: "/to" }).end()),
    "/to": (response) => (paths.push("/to"), response.end()),
  });
  const status = await inPage(page, async ({ fetchHost }, url) =>
    (await fetchHost().http({ method: "GET", url, headers: [], body: "", timeoutMs: 5000, clientCertificate: null })).status, `${origin}/from`);
  assert.equal(status, 302);
  assert.deepEqual(paths, ["/from"]);
});

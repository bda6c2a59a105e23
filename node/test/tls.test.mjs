import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import https from "node:https";
import { test } from "node:test";
import { nodeHost } from "sanskey";
import { makeCertificate } from "../../wasm/test/support/certificate.mjs";
import { failure, request } from "../../wasm/test/support/http-hosts.mjs";
import { listen } from "../../wasm/test/support/server.mjs";
import { startProxy } from "./support/proxy.mjs";

function startTlsServer(t, { certPath, keyPath }) {
  const files = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
  // Asks for the client's certificate, trusts the one above, and leaves it to the test to look at it.
  const options = { ...files, ca: files.cert, requestCert: true, rejectUnauthorized: false };
  const server = https.createServer(options, ({ socket }, response) => response.end(JSON.stringify(socket.authorized)));
  return listen(t, server, "https");
}

/** What a process that trusts the certificate gets. Node reads NODE_EXTRA_CA_CERTS when it starts. */
function requestElsewhere(certPath, what, hostEnv = {}) {
  const program = `
    import { nodeHost } from "sanskey";
    const response = await nodeHost({ env: JSON.parse(process.argv[2]) }).http(JSON.parse(process.argv[1]));
    console.log(response.body);
  `;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certPath };
  const cwd = new URL("..", import.meta.url);
  const args = ["--input-type=module", "-e", program, JSON.stringify(what), JSON.stringify(hostEnv)];
  const child = spawn(process.execPath, args, { env, cwd });
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", reject).on("close", (code) => resolve({ code, output: output.trim() }));
  });
}

test("a server whose certificate nobody vouches for is refused, and not tried again", async (t) => {
  const url = await startTlsServer(t, makeCertificate(t));
  await assert.rejects(nodeHost({ env: {} }).http(request(url)), failure("other"));
});

test("HTTPS works, and presents the client certificate that it is asked to", async (t) => {
  const clientCertificate = makeCertificate(t);
  const url = await startTlsServer(t, clientCertificate);
  const { certPath } = clientCertificate;
  assert.deepEqual(await requestElsewhere(certPath, request(url)), { code: 0, output: "false" });
  assert.deepEqual(await requestElsewhere(certPath, request(url, { clientCertificate })), { code: 0, output: "true" });
});

test("HTTPS works through a proxy", async (t) => {
  const certificate = makeCertificate(t);
  const url = await startTlsServer(t, certificate);
  const proxy = await startProxy(t);
  const viaProxy = request(url, { bypassProxy: false });
  const answer = await requestElsewhere(certificate.certPath, viaProxy, { HTTPS_PROXY: proxy.url });
  assert.deepEqual(answer, { code: 0, output: "false" });
  const shown = { ...viaProxy, clientCertificate: certificate };
  assert.equal((await requestElsewhere(certificate.certPath, shown, { HTTPS_PROXY: proxy.url })).output, "true");
  proxy.asked.pop();
  assert.deepEqual(proxy.asked.map(({ method, url: authority }) => [method, authority]), [["CONNECT", new URL(url).host]]);
});

test("a client certificate that is not there is a failure", async () => {
  const clientCertificate = { certPath: "/no/such/cert.pem", keyPath: "/no/such/key.pem" };
  await assert.rejects(nodeHost({ env: {} }).http(request("https://127.0.0.1:1/", { clientCertificate })), failure("other"));
});

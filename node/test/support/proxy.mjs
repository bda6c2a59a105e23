import http from "node:http";
import net from "node:net";
import { listen } from "../../../wasm/test/support/server.mjs";

/** A proxy that remembers what it was asked, and does it for `CONNECT` and for plain requests. */
export async function startProxy(t, { refuse = false } = {}) {
  const asked = [];
  const server = http.createServer((incoming, response) => {
    asked.push({ method: incoming.method, url: incoming.url, headers: incoming.headers });
    response.end("from the proxy");
  });
  server.on("connect", ({ method, url, headers }, socket) => {
    asked.push({ method, url, headers });
    if (refuse) return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const [host, port] = url.split(":");
    const upstream = net.connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    t.after(() => upstream.destroy());
  });
  return { url: await listen(t, server), asked };
}

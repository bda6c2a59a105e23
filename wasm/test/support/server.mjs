// Loopback servers that end with their test, and by themselves should it hang.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";

const LIFETIME_MS = 60_000;
const MAX_CONNECTIONS = 200;

/** An HTTP server; resolves to its base URL. */
export function startServer(t, handler) {
  return listen(t, http.createServer(handler));
}

/** A TCP server, for answers that are not HTTP as it should be. */
export function startTcpServer(t, handler) {
  return listen(t, net.createServer(handler));
}

/** Starts any server on a free port of loopback. */
export async function listen(t, server, scheme = "http") {
  const sockets = new Set();
  let connections = 0;
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    if ((connections += 1) > MAX_CONNECTIONS) stop();
  });
  const timer = setTimeout(stop, LIFETIME_MS).unref();
  t.after(() => {
    clearTimeout(timer);
    stop();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `${scheme}://127.0.0.1:${server.address().port}`;
}

/** The whole body of a request. */
export async function bodyOf(request) {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

/** A URL at which nobody listens. */
export async function closedPort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}/`;
}

// A world without a network: both clocks, and Google as a host.

/**
 * Stops both clocks until the test is over. `set` moves the time of day, `pass` moves both on, in seconds.
 */
export function stoppedClocks(t) {
  const at = { now: 1_704_164_645, uptime: 1000 };
  const { now } = Date;
  // Not mocks, which keep a record of each call.
  Date.now = () => at.now * 1000;
  Object.defineProperty(performance, "now", { configurable: true, value: () => at.uptime * 1000 });
  t.after(() => (Date.now = now, delete performance.now));
  return {
    at,
    set: (seconds) => (at.now += seconds),
    pass: (seconds) => (at.now += seconds, at.uptime += seconds),
  };
}

const json = (body, status = 200) => ({ status, headers: [], body: JSON.stringify(body) });

/** Google's answers, by the last word of the URL. Each federated token has a number of its own, and lives an hour. */
const SERVICES = {
  token: ({ count }) => json({ access_token: `secret-federated-${count}`, expires_in: 3600, token_type: "Bearer" }),
  generateAccessToken: ({ count }) =>
    json({ accessToken: `secret-account-${count}`, expireTime: new Date(Date.now() + 3_600_000).toISOString() }),
  signBlob: () => json({ keyId: "key", signedBlob: "c2lnbmF0dXJl" }),
};

export const UNAVAILABLE = json({ error: { code: 503, status: "UNAVAILABLE" } }, 503);
export const REFUSED = json({ error: "invalid_grant", error_description: "The proof is not accepted." }, 400);
export const DENIED = json({ error: { code: 403, status: "PERMISSION_DENIED", message: "No." } }, 403);

/**
 * A host. `requests` are the last words of the URLs that it was asked, `told` the warnings. `next`, while it is set, is
 * what it answers instead: a response, or a function that gives or throws one.
 */
export function google() {
  const host = {
    count: 0,
    next: undefined,
    requests: [],
    told: [],
    async http(request, context) {
      const service = request.url.split(/[/:]/).at(-1);
      host.requests.push(service);
      const answer = typeof host.next === "function" ? await host.next(service, request, context) : host.next;
      if (answer) return answer;
      host.count += 1;
      return SERVICES[service](host);
    },
    wait: () => {},
    warn: (...told) => host.told.push(told),
  };
  return host;
}

/** Lets everything that is not waiting for the world go on. */
export async function turns() {
  for (let turn = 0; turn < 50; turn += 1) await null;
}

/** A promise, and what settles it. */
export function deferred() {
  let [resolve, reject] = [];
  const promise = new Promise((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

/** Which proxy a request goes through, by the environment variables that curl and others share. */

type Env = Readonly<Record<string, string | undefined>>;

/** The proxy for `url`, or undefined if it is to be reached directly. */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const scheme = url.protocol.slice(0, -1);
  const proxy = variable(env, `${scheme}_proxy`);
  if (!proxy || isExempt(url, variable(env, "no_proxy") ?? "")) return undefined;
  return new URL(proxy.includes("://") ? proxy : `http://${proxy}`);
}

/** The header with which a proxy is told who is asking: RFC 7617. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (!username && !password) return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** Lower case wins, as in curl. */
function variable(env: Env, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined;
}

/** Whether a comma-separated list of host names names the host, or a domain that it is in. */
function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(",").some((item) => {
    const entry = item.trim().toLowerCase();
    if (entry === "*") return true;
    const [, name = "", onlyPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isBareIpv6(entry) ? `[${entry}]` : entry) ?? [];
    const domain = name.replace(/^\*?\./, "");
    if (!domain || (onlyPort && onlyPort !== port)) return false;
    return host === domain || host.endsWith(`.${domain}`);
  });
}

function isBareIpv6(entry: string): boolean {
  return entry.split(":").length > 2 && !entry.startsWith("[");
}

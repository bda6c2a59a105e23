"""Which proxy a request goes through, by the usual environment variables.

`urllib.request.getproxies` knows the same, but importing it costs more than everything else here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def proxy_for(scheme: str, host: str, port: int, env: Mapping[str, str]) -> str | None:
    """The URL of the proxy for a request to this host, or None for a direct connection.

    `https_proxy`, `http_proxy` and `no_proxy` in small letters win over capital ones. `HTTP_PROXY` is ignored in a CGI
    program, where the client's `Proxy` header sets it (CVE-2016-1000110).
    """
    proxy = env.get(f"{scheme}_proxy")
    if proxy is None and not (scheme == "http" and "REQUEST_METHOD" in env):
        proxy = env.get(f"{scheme.upper()}_PROXY")
    if not proxy or _is_excepted(host, port, env.get("no_proxy", env.get("NO_PROXY", ""))):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """`*`, a host, or a domain with everything below it, each with or without a port, separated by commas."""
    host = host.lower()
    for entry in exceptions.lower().split(","):
        entry = entry.strip()
        if entry == "*" or entry.strip("[]") == host:
            return True
        domain = entry.removesuffix(f":{port}").strip("[]").removeprefix("*").lstrip(".")
        if domain and (host == domain or host.endswith(f".{domain}")):
            return True
    return False

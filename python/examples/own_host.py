"""A host of your own: the HTTP client that your program already has.

    AWS_REGION=... AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... python examples/own_host.py config.json

A host has one method for each thing that an exchange may ask. This one takes `http` from `urllib.request` and leaves
the rest (variables, files, waiting) to `SystemHost`. It need not: any object with the methods that your configuration
needs will do.
"""

import os
import sys
import urllib.error
import urllib.request

import sanskey


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects of these endpoints are never followed: they would carry the identity elsewhere."""

    def redirect_request(self, *_: object) -> None:
        """No further request."""


class OwnHost(sanskey.SystemHost):
    opener = urllib.request.build_opener(NoRedirects)
    # The machine's own metadata service answers with credentials: a proxy must not see them.
    without_proxies = urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({}))

    def http(self, request: sanskey.HttpRequest) -> sanskey.HttpResponse:
        # A request that is sent in another way than it says reaches somebody else, or as nobody.
        if request.unix_socket is not None or request.client_certificate is not None:
            raise sanskey.HostFailure("unsupported", "this host knows neither Unix domain sockets nor certificates")
        body = request.body.encode() or None
        opener = self.without_proxies if request.bypass_proxy else self.opener
        sent = urllib.request.Request(request.url, body, dict(request.headers), method=request.method)
        try:
            with opener.open(sent, timeout=request.timeout) as got:
                return sanskey.HttpResponse(got.status, got.headers.items(), got.read().decode())
        except urllib.error.HTTPError as got:  # To the exchange, any status is an answer.
            with got:
                return sanskey.HttpResponse(got.code, got.headers.items(), got.read().decode())
        except TimeoutError:
            raise sanskey.HostFailure("timeout", "no answer in time") from None
        except OSError as problem:
            raise sanskey.HostFailure("unreachable", type(problem).__name__) from None


def main() -> None:
    loopback = os.environ.get("SANSKEY_ENDPOINTS") == "loopback"
    token = sanskey.fetch_token(sys.argv[1], host=OwnHost(), endpoints="loopback" if loopback else "google")
    print(f"token expires at {token.expires_at:%Y-%m-%dT%H:%M:%SZ}")


if __name__ == "__main__":
    main()

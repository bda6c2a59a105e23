"""`SystemHost.http` against small servers on loopback."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest
import trustme
from conftest import Serve
from loopback import Server, answer, pump, unix_listener

from sanskey import ClientCertificate, HostFailure, HttpRequest, HttpResponse, SystemHost

LIMIT = 1_048_576


def request(url: str, method: str = "GET", body: str = "", timeout: float = 5, **more: object) -> HttpRequest:
    headers = [("authorization", "Bearer secret"), ("x-twice", "1"), ("x-twice", "2")]
    return HttpRequest(method, url, headers, body, timeout, **more)  # type: ignore[arg-type]


def host(env: dict[str, str] | None = None, tls: ssl.SSLContext | None = None) -> SystemHost:
    return SystemHost(env or {}, ssl_context=tls)


def failure_of(asked: HttpRequest, by: SystemHost | None = None) -> HostFailure:
    with pytest.raises(HostFailure) as caught:
        (by or host()).http(asked)
    text = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert "secret" not in text
    return caught.value


def test_sends_what_it_was_given_and_returns_what_came(serve: Serve) -> None:
    server = serve(answer("HTTP/1.1 418 Teapot\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: 5\r\n\r\ncaf\u00e9"))
    response = host().http(request(f"{server.url}/a%20b/c?d=e&f", "POST", "na\u00efve"))
    assert response.status == 418
    assert response.body == "caf\u00e9"
    assert [pair for pair in response.headers if pair[0] == "X-One"] == [("X-One", "1"), ("X-One", "2")]
    head, _, body = server.requests[0].partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "POST /a%20b/c?d=e&f HTTP/1.1"
    assert body == "na\u00efve"
    assert lines[lines.index("x-twice: 1") + 1] == "x-twice: 2"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert "Content-Length: 6" in lines


def test_a_put_without_a_body_says_so(serve: Serve) -> None:
    server = serve(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    assert host().http(request(server.url, "PUT")).body == ""
    assert "Content-Length: 0" in server.requests[0]
    assert server.requests[0].startswith("PUT / HTTP/1.1\r\n")


def test_a_redirect_is_an_answer(serve: Serve) -> None:
    target = serve(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    server = serve(answer(f"HTTP/1.1 302 Found\r\nLocation: {target.url}/\r\nContent-Length: 0\r\n\r\n"))
    assert host().http(request(server.url)).status == 302
    assert target.requests == []


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, LIMIT * 3])
@pytest.mark.parametrize("framing", ["length", "chunks", "end of the connection"])
def test_a_body_is_read_to_one_byte_past_the_limit(serve: Serve, size: int, framing: str) -> None:
    body = b"x" * size
    head = {
        "length": b"Content-Length: %d\r\n" % size,
        "chunks": b"Transfer-Encoding: chunked\r\n",
        "end of the connection": b"",
    }[framing]
    if framing == "chunks":
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    server = serve(answer(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body))
    assert len(host().http(request(server.url)).body) == min(size, LIMIT + 1)


def test_bytes_that_are_no_text_are_replaced(serve: Serve) -> None:
    server = serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\xffb"))
    assert host().http(request(server.url)).body == "a\ufffdb"


@pytest.mark.parametrize(
    "drip",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Long: ", b""],
    ids=["body", "head", "silence"],
)
def test_the_timeout_is_a_deadline_for_everything(serve: Serve, drip: bytes) -> None:
    def handler(connection: socket.socket) -> None:
        connection.sendall(drip)
        for _ in range(60):
            time.sleep(0.05)
            if drip:
                connection.sendall(b"x")

    server = serve(handler)
    started = time.monotonic()
    failure = failure_of(request(server.url, timeout=0.4))
    assert failure.kind == "timeout"
    assert 0.3 < time.monotonic() - started < 2


def test_the_deadline_covers_the_tls_handshake(serve: Serve, client_tls: ssl.SSLContext) -> None:
    server = serve(lambda _: time.sleep(2))
    assert failure_of(request(server.url.replace("http", "https"), timeout=0.3), host(tls=client_tls)).kind == "timeout"


def test_the_deadline_covers_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    done = threading.Event()

    def slow(name: str, port: int, **options: int) -> object:
        if "flags" not in options:
            done.wait(5)
        return real(name, port, flags=socket.AI_NUMERICHOST)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert failure_of(request("http://slow.invalid/", timeout=0.2)).kind == "timeout"
    done.set()


def test_a_name_without_an_address_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = failure_of(request("http://nonexistent.invalid/"))
    assert (failure.kind, "nonexistent.invalid" in failure.message) == ("unreachable", True)


def test_the_next_address_is_tried(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(answer("HTTP/1.1 204 No Content\r\n\r\n"))
    free = socket.create_server(("127.0.0.1", 0))
    closed = free.getsockname()
    free.close()
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in (closed, ("127.0.0.1", server.port))
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    assert host().http(request("http://two.invalid/")).status == 204


def test_a_refused_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert failure_of(request(f"http://127.0.0.1:{port}/")).kind == "unreachable"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "unreachable"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "unreachable"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "unreachable"),
        ("SSH-2.0-server\r\n", "other"),
        ("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 200 + "\r\n", "other"),
        ("HTTP/1.1 200 OK\r\nX: " + "y" * 70_000 + "\r\n\r\n", "other"),
    ],
)
def test_an_answer_that_breaks_off_or_is_not_http(serve: Serve, text: str, kind: str) -> None:
    assert failure_of(request(serve(answer(text)).url)).kind == kind


def test_a_header_that_would_smuggle_another_is_refused_unquoted(serve: Serve) -> None:
    server = serve(answer("HTTP/1.1 200 OK\r\n\r\n"))
    smuggler = HttpRequest("GET", server.url, [("authorization", "secret\r\nx: y")], "", 5)
    assert failure_of(smuggler).kind == "other"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "http:///path", "no url", "http://[::1"])
def test_only_http_and_https(url: str) -> None:
    assert failure_of(request(url)).kind in ("unsupported", "other")


def test_tls(serve: Serve, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    server = serve(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), tls=server_tls)
    assert host(tls=client_tls).http(request(server.url)).body == "ok"


def test_a_certificate_that_nobody_vouches_for(serve: Serve, server_tls: ssl.SSLContext) -> None:
    server = serve(answer("HTTP/1.1 200 OK\r\n\r\n"), tls=server_tls)
    failure = failure_of(request(server.url))
    assert failure.kind == "other"
    assert "certificate verification" in failure.message


def test_a_client_certificate(
    serve: Serve, authority: trustme.CA, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.configure_trust(tls)
    server = serve(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), tls=tls)
    client = authority.issue_cert("workload")
    client.cert_chain_pems[0].write_to_path(f"{tmp_path}/cert.pem")
    client.private_key_pem.write_to_path(f"{tmp_path}/key.pem")
    authority.cert_pem.write_to_path(f"{tmp_path}/ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", f"{tmp_path}/ca.pem")
    certificate = ClientCertificate(f"{tmp_path}/cert.pem", f"{tmp_path}/key.pem")
    assert host().http(request(server.url, client_certificate=certificate)).body == "ok"
    missing = ClientCertificate(f"{tmp_path}/none.pem", f"{tmp_path}/none.pem")
    assert failure_of(request(server.url, client_certificate=missing)).kind == "other"


@pytest.fixture
def unix_path() -> Iterator[str]:
    """A path that is short enough for the address of a socket."""
    with tempfile.TemporaryDirectory(prefix="sanskey") as folder:
        yield f"{folder}/api"


def test_a_unix_socket(unix_path: str) -> None:
    """The URL says what is sent, the path where, and no proxy takes part."""
    response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    server = Server(answer(response), listener=unix_listener(unix_path))
    env = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    asked = request("http://localhost/v1/tokens/oidc?a", "POST", "{}", unix_socket=unix_path)
    assert host(env).http(asked) == HttpResponse(200, [("Content-Length", "2")], "ok")
    server.stop()
    assert server.requests[0].startswith("POST /v1/tokens/oidc?a HTTP/1.1\r\n")
    assert "\r\nHost: localhost\r\n" in server.requests[0]
    assert server.requests[0].endswith("\r\n\r\n{}")


def test_the_timeout_holds_for_a_unix_socket(unix_path: str) -> None:
    server = Server(lambda _: time.sleep(2), listener=unix_listener(unix_path))
    assert failure_of(request("http://localhost/", timeout=0.3, unix_socket=unix_path)).kind == "timeout"
    server.stop()


def test_a_unix_socket_that_nobody_listens_to(unix_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = request("http://localhost/", unix_socket=unix_path)
    nobody = failure_of(asked)
    assert (nobody.kind, unix_path in nobody.message) == ("unreachable", True)
    unix_listener(unix_path).close()
    assert failure_of(asked).kind == "unreachable"
    assert failure_of(request("http://localhost/", unix_socket=f"{unix_path}{'x' * 200}")).kind == "unreachable"
    monkeypatch.delattr(socket, "AF_UNIX")
    assert failure_of(asked).kind == "unsupported"


def test_a_proxy_for_http(serve: Serve) -> None:
    proxy = serve(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    env = {"HTTP_PROXY": f"http://user:p%40ss@127.0.0.1:{proxy.port}"}
    assert host(env).http(request("http://imaginary.invalid/path?q")).body == "ok"
    assert proxy.requests[0].startswith("GET http://imaginary.invalid/path?q HTTP/1.1\r\n")
    assert "Host: imaginary.invalid\r\n" in proxy.requests[0]
    assert "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in proxy.requests[0]


def test_a_tunnel_for_https(serve: Serve, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    server = serve(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), tls=server_tls)

    def tunnel(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", server.port), 10) as onward:
            pump(connection, onward)

    proxy = serve(tunnel)
    response = host({"https_proxy": f"127.0.0.1:{proxy.port}"}, client_tls).http(request(server.url))
    assert response == HttpResponse(200, [("Content-Length", "2")], "ok")
    assert proxy.requests[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")
    assert "secret" not in proxy.requests[0]


def test_a_proxy_that_refuses(serve: Serve) -> None:
    proxy = serve(answer("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
    failure = failure_of(request("https://imaginary.invalid/"), host({"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}))
    assert (failure.kind, "407" in failure.message) == ("unreachable", True)


def test_the_metadata_server_is_never_asked_through_a_proxy(serve: Serve) -> None:
    server = serve(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    env = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    assert host(env).http(request(server.url, bypass_proxy=True)).body == "ok"

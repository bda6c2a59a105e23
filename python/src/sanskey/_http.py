"""One HTTP request over `http.client`, under a deadline that holds.

A socket's own timeout bounds each operation, so a server that sends a byte a second could hold a request for ever.
Here every operation gets only the time that is left. Each request has a connection of its own: the few requests of an
exchange go to different hosts, or to the metadata server next door.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from urllib.parse import SplitResult, unquote, urlsplit

from ._proxy import proxy_for
from .actions import HttpResponse as Answer
from .errors import HostFailure
from .host import LIMIT, problem_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .actions import ClientCertificate, HttpRequest

    ContextFor = Callable[[ClientCertificate | None], ssl.SSLContext]

_PORTS = {"http": 80, "https": 443}


def send(request: HttpRequest, env: Mapping[str, str], context_for: ContextFor) -> Answer:
    """Sends the request and reads the answer, its body cut after the first byte that is too much.

    Raises `HostFailure` and nothing else. The failure is raised outside of the handler, so that no original
    exception hangs on it: those of `http.client` quote header values.
    """
    try:
        return _send(request, env, context_for, _Deadline(request.timeout))
    except HostFailure as known:
        failure = known
    except (OSError, HTTPException, ValueError) as problem:
        failure = _failure(problem, request)
    raise failure


def _send(request: HttpRequest, env: Mapping[str, str], context_for: ContextFor, deadline: _Deadline) -> Answer:
    url = urlsplit(request.url)
    if url.scheme not in _PORTS or not url.hostname:
        raise HostFailure("unsupported", "only http and https URLs with a host can be requested")
    host, port = url.hostname, url.port or _PORTS[url.scheme]
    direct = request.bypass_proxy or request.unix_socket is not None
    proxy_url = None if direct else proxy_for(url.scheme, host, port, env)
    proxy = urlsplit(proxy_url) if proxy_url else None
    if proxy and (proxy.scheme != "http" or not proxy.hostname):
        raise HostFailure("unsupported", "only proxies that are spoken to over http are supported")

    if request.unix_socket is not None:
        sock = _connect_unix(request.unix_socket, deadline)
    else:
        sock = _connect(proxy.hostname or "", proxy.port or 80, deadline) if proxy else _connect(host, port, deadline)
    try:
        if url.scheme == "https":
            if proxy:
                _tunnel(sock, host, port, proxy, deadline)
            sock.settimeout(deadline.left())
            sock = context_for(request.client_certificate).wrap_socket(sock, server_hostname=host)
        absolute = proxy is not None and url.scheme == "http"
        target = ("" if not absolute else f"http://{_authority(url)}") + (url.path or "/")
        headers = [("Connection", "close"), *request.headers]
        if absolute and proxy:
            headers += _proxy_authorization(proxy)
        response = _exchange(
            _DeadlineSocket(sock, deadline),
            request.method,
            f"{target}?{url.query}" if url.query else target,
            _authority(url),
            headers,
            request.body.encode(),
        )
        return Answer(response.status, response.getheaders(), _text(response))
    finally:
        sock.close()


def _connect(host: str, port: int, deadline: _Deadline) -> socket.socket:
    """A connection to the first address that takes it. Each address gets its share of the time that is left."""
    addresses = _resolve(host, port, deadline)
    problem: OSError = OSError("no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        try:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(deadline.left() / (len(addresses) - index))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except BaseException:
                sock.close()
                raise
        except OSError as refusal:
            problem = refusal
        else:
            return sock
    raise problem


def _connect_unix(path: str, deadline: _Deadline) -> socket.socket:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise HostFailure("unsupported", "this system has no Unix domain sockets")
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(deadline.left())
        sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock


def _resolve(host: str, port: int, deadline: _Deadline) -> list[Any]:
    """The addresses of a host. The system's resolver takes no timeout, so a thread waits for it."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass  # Not an address but a name.
    answer: list[list[Any] | Exception] = []

    def look_up() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as problem:  # noqa: BLE001 - it is raised in the caller's thread
            answer.append(problem)

    thread = threading.Thread(target=look_up, name="sanskey-resolver", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not answer:
        raise TimeoutError
    if isinstance(answer[0], Exception):
        raise answer[0]
    return answer[0]


def _tunnel(sock: socket.socket, host: str, port: int, proxy: SplitResult, deadline: _Deadline) -> None:
    """Asks the proxy for a connection to the host (RFC 9110 section 9.3.6)."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    wrapped = _DeadlineSocket(sock, deadline)
    response = _exchange(wrapped, "CONNECT", authority, authority, _proxy_authorization(proxy), b"")
    if not 200 <= response.status < 300:
        raise HostFailure("unreachable", f"the proxy {proxy.hostname} answered CONNECT with {response.status}")


def _exchange(
    sock: _DeadlineSocket, method: str, target: str, host: str, headers: list[tuple[str, str]], body: bytes
) -> HTTPResponse:
    """Writes one request (RFC 9112) and reads the head of the answer."""
    connection = HTTPConnection("connected")
    connection.sock = sock
    connection.putrequest(method, target, skip_host=True)
    given = {name.lower() for name, _ in headers}
    if "host" not in given:
        connection.putheader("Host", host)
    if "content-length" not in given and (body or method not in ("CONNECT", "GET", "HEAD")):
        connection.putheader("Content-Length", str(len(body)))
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders(body or None)
    return connection.getresponse()


def _text(response: HTTPResponse) -> str:
    data = response.read(LIMIT + 1)
    if len(data) <= LIMIT and response.length:
        raise IncompleteRead(b"")
    return data.decode("utf-8", "replace")


def _authority(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


def _proxy_authorization(proxy: SplitResult) -> list[tuple[str, str]]:
    if proxy.username is None:
        return []
    user_pass = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return [("Proxy-Authorization", f"Basic {b64encode(user_pass.encode()).decode()}")]


def _failure(problem: Exception, request: HttpRequest) -> HostFailure:
    """What went wrong, in words that quote nothing of the request but its host."""
    host = request.unix_socket or _host(request.url)
    if isinstance(problem, TimeoutError):
        return HostFailure("timeout", f"{host} did not answer within {request.timeout:g} s")
    if isinstance(problem, ssl.SSLCertVerificationError):
        return HostFailure("other", f"the certificate verification of {host} failed: {problem.verify_message}")
    if isinstance(problem, ssl.SSLError):
        return HostFailure("other", f"TLS with {host} failed: {problem.reason or type(problem).__name__}")
    if isinstance(problem, PermissionError):
        return HostFailure("denied", f"the connection to {host} is not allowed")
    if isinstance(problem, socket.gaierror):
        return HostFailure("unreachable", f"{host} has no address: {problem_text(problem)}")
    if isinstance(problem, (OSError, IncompleteRead)):
        return HostFailure("unreachable", f"the connection to {host} failed: {problem_text(problem)}")
    if isinstance(problem, HTTPException):
        return HostFailure("other", f"{host} did not answer in HTTP: {type(problem).__name__}")
    return HostFailure("other", f"the request to {host} cannot be sent: {type(problem).__name__}")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the server"
    except ValueError:
        return "the server"


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left. Raises `TimeoutError` when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _DeadlineSocket:
    """What `http.client` needs of a socket, each operation bounded by the same deadline."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._deadline))

    def close(self) -> None:
        """Nothing: `http.client` closes before the body is read, and `send` closes the socket itself."""


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)

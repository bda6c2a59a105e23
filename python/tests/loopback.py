"""Small servers on 127.0.0.1 or a Unix domain socket that end by themselves: after some connections, or ten seconds."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable

Handler = Callable[[socket.socket], None]


class Server:
    """Serves each connection with the handler, one after the other."""

    def __init__(
        self,
        handler: Handler,
        *,
        tls: ssl.SSLContext | None = None,
        connections: int = 4,
        listener: socket.socket | None = None,
    ) -> None:
        self.requests: list[str] = []
        self._handler = handler
        self._tls = tls
        self._left = connections
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port: int = 0 if listener else self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        try:
            while self._left:
                self._left -= 1
                connection, _ = self._listener.accept()
                with connection:
                    self._one(connection)
        except OSError:
            pass
        finally:
            self._listener.close()

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self.requests.append(read_request(connection))
                self._handler(connection)
        except OSError:
            pass  # The client went away, which is what some tests are about.


def unix_listener(path: str) -> socket.socket:
    """Listens on a Unix domain socket."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    return listener


def read_request(connection: socket.socket) -> str:
    """The head and the body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            return data.decode(errors="replace")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65_536)
    return (head + b"\r\n\r\n" + body).decode(errors="replace")


def answer(text: str | bytes) -> Handler:
    """A handler that sends this and closes the connection."""
    return lambda connection: connection.sendall(text.encode() if isinstance(text, str) else text)


def pump(one: socket.socket, other: socket.socket) -> None:
    """Carries bytes both ways until one side ends."""

    def carry(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=carry, args=(other, one), daemon=True)
    back.start()
    carry(one, other)
    back.join(10)

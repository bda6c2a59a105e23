"""The Runtime API of Lambda on 127.0.0.1, as far as a runtime interface client asks for it.

Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda Developer Guide.
"""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIFETIME = 60
RUNTIME = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Result:
    """What a client reported."""

    kind: str
    """`response`, `error`, or `init/error`."""
    body: Any


class RuntimeApi:
    """Hands events to one client, and takes its results."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        """Requests that the API does not know, or that came out of turn."""
        self.clients: set[str] = set()
        """The user agents that asked for events."""
        self._events: queue.Queue[object | None] = queue.Queue()
        self._results: queue.Queue[Result] = queue.Queue()
        self._invocations = 0
        self._open_request = ""
        api = self

        class Connection(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = LIFETIME

            def do_GET(self) -> None:
                if self.path == f"{RUNTIME}/invocation/next":
                    api._next(self)
                else:
                    api._refuse(self)

            def do_POST(self) -> None:
                api._take(self)

            def reply(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**(headers or {}), "content-length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._end = threading.Timer(LIFETIME, self._server.shutdown)
        self._end.daemon = True
        self._end.start()

    def invoke(self, event: object) -> Result:
        """Lets the function work on one event."""
        self._events.put(event)
        return self.result()

    def result(self) -> Result:
        """The next thing that the client reports."""
        return self._results.get(timeout=30)

    def stop(self) -> None:
        self._end.cancel()
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _next(self, connection: Any) -> None:
        self.clients.add(connection.headers.get("user-agent", ""))
        try:
            event = self._events.get(timeout=LIFETIME)
        except queue.Empty:
            event = None
        if event is None:
            connection.close_connection = True
            return
        self._invocations += 1
        self._open_request = f"8476a536-e9f4-11e8-9739-{self._invocations:012}"
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": self._open_request,
            "lambda-runtime-deadline-ms": str(int((time.time() + 30) * 1000)),
            "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:123456789012:function:events",
            "lambda-runtime-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        }
        connection.reply(200, event, headers)

    def _take(self, connection: Any) -> None:
        text = connection.rfile.read(int(connection.headers.get("content-length", 0)))
        report = re.fullmatch(rf"{RUNTIME}/(?:invocation/([^/]+)/(response|error)|(init/error))", connection.path)
        if not report or report[1] not in (None, self._open_request):
            self._refuse(connection)
            return
        self._open_request = ""
        connection.reply(202, {"status": "OK"})
        self._results.put(Result(report[2] or report[3], json.loads(text)))

    def _refuse(self, connection: Any) -> None:
        self.unknown.append(f"{connection.command} {connection.path}")
        connection.reply(404, {"errorType": "NotFound", "errorMessage": "no such thing here"})

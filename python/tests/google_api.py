"""A small Google API on 127.0.0.1. It serves only bearers of tokens that the emulator issued."""

from __future__ import annotations

import json
import threading
import urllib.error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conftest import Emulator

LIFETIME = 60


@dataclass(frozen=True)
class Call:
    """One request, as the API understood it."""

    request: str
    """Such as `GET /v1/things`."""
    body: Any = None
    """The JSON, or else the text; None without a body."""
    query: Mapping[str, str] = field(default_factory=dict)
    principal: str = "sanskey-demo@sanskey-demo.iam.gserviceaccount.com"
    """Who called: the address of a service account, or a federated subject."""


class GoogleApi:
    """Gives the answers of each request in turn, such as `{"GET /v1/things": [{"items": []}]}`."""

    def __init__(self, emulator: Emulator, answers: Mapping[str, Sequence[object]]) -> None:
        self.calls: list[Call] = []
        self.refused: list[str] = []
        """Requests without a good token, or that the API does not know."""
        self._emulator = emulator
        self._answers = {request: list(given) for request, given in answers.items()}
        self._lock = threading.Lock()
        api = self

        class Connection(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                status, answer = api._answer(self)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PATCH = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._end = threading.Timer(LIFETIME, self._server.shutdown)
        self._end.daemon = True
        self._end.start()

    def __enter__(self) -> GoogleApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.cancel()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, sent: BaseHTTPRequestHandler) -> tuple[int, object]:
        url = urlsplit(sent.path)
        request = f"{sent.command} {url.path}"
        text = sent.rfile.read(int(sent.headers.get("content-length", 0))).decode()
        principal = self._principal(sent.headers.get("authorization", ""))
        with self._lock:
            if principal is None:
                self.refused.append(request)
                return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "Invalid credentials."}}
            if not self._answers.get(request):
                self.refused.append(request)
                return 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": f"Nothing here for {request}."}}
            is_json = text and sent.headers.get("content-type") == "application/json"
            body = json.loads(text) if is_json else text or None
            self.calls.append(Call(request, body, dict(parse_qsl(url.query, keep_blank_values=True)), principal))
            return 200, self._answers[request].pop(0)

    def _principal(self, authorization: str) -> str | None:
        scheme, _, token = authorization.partition(" ")
        try:
            holder = self._emulator.whoami(token)
        except (urllib.error.HTTPError, ValueError):
            return None
        return str(holder.get("email") or holder["subject"]) if scheme == "Bearer" else None

"""Microservice: a pod on EKS takes orders over HTTP and publishes them to Pub/Sub.

Needs
    on AWS      an OIDC provider for the cluster, and a role that trusts the pod's service account (IRSA); the role
                needs no policy. EKS then sets AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE in the pod
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with roles/pubsub.publisher on the topic
    GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret

Run
    TOPIC=projects/my-project/topics/orders PORT=8080 python eks_pubsub.py
    curl --data '{"item": 7}' http://localhost:8080/orders
"""

import base64
import json
import os
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import sanskey

API = os.environ.get("GOOGLE_API_URL", "https://pubsub.googleapis.com")
TOPIC = os.environ["TOPIC"]


class Tokens:
    """One token for all requests. Whoever finds it no longer fresh gets the next one; the others wait for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._config = sanskey.CredentialConfig.from_env()
        self._token: sanskey.Token | None = None

    def get(self) -> sanskey.Token:
        with self._lock:
            if self._token is None or self._token.freshness() != "fresh":
                self._token = sanskey.fetch_token(self._config)
            return self._token


class Orders(BaseHTTPRequestHandler):
    tokens = Tokens()

    def do_POST(self) -> None:
        order = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            message = publish(order, self.tokens.get())
        except (sanskey.SanskeyError, OSError, RuntimeError) as error:
            self.log_error("%s", error)
            self.send_error(503)
        else:
            self.send_response(202)
            self.end_headers()
            self.wfile.write(message.encode())


def publish(data: bytes, token: sanskey.Token) -> str:
    """Gives the id of the message."""
    headers = {"authorization": f"Bearer {token.value}", "content-type": "application/json"}
    body = {"messages": [{"data": base64.b64encode(data).decode()}]}
    request = urllib.request.Request(f"{API}/v1/{TOPIC}:publish", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
            return str(answer["messageIds"][0])
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"Pub/Sub answered {error.code}: {error.read().decode()}") from None


if __name__ == "__main__":
    address = os.environ.get("HOST", ""), int(os.environ.get("PORT", "8080"))
    with ThreadingHTTPServer(address, Orders) as server:
        print(f"listening on port {server.server_port}", flush=True)
        server.serve_forever()

"""Exchanges of workloads that have a token or a certificate of their platform."""

from . import protocol, world
from .protocol import file, http
from .transcript import Exchange, numbered

TOKEN = world.jwt({"iss": "https://issuer.example", "sub": "workload", "exp": world.NOW + 600})


class TokenExchange(Exchange):
    """The steps of the sources beside AWS. ``proof`` is the subject token that goes to STS."""

    def __init__(self, name, about, *, proof=TOKEN, **whole):
        super().__init__(name, about, **whole)
        self.proof = proof
        self.secret(proof)

    def file(self, content=TOKEN, reply=None):
        """Reads the file of ``credential_source.file``."""
        path = self.config["credential_source"]["file"]
        return self.read("subject-token", path, content, reply)

    def read(self, ask_id, path, content, reply=None):
        return self.round((protocol.read_file(ask_id, path), reply or file(content)))

    def url(self, body=TOKEN, reply=None, *, headers=(), bypass_proxy=True, attempt=1):
        """Asks the server of ``credential_source.url``."""
        url = self.config["credential_source"]["url"]
        ask = protocol.token_get(numbered("subject-token", attempt), url, headers, bypass_proxy=bypass_proxy)
        return self.round((ask, reply or http(200, body)))

    def variables(self, names, values):
        return self.round((protocol.read_env(names), protocol.env(values)))

    def run(self, argv, env, reply, timeout_ms=30000):
        return self.round((protocol.run_command("executable", argv, env, timeout_ms), reply))

    def _proof(self):
        return self.proof, self.config["subject_token_type"]

"""The Rust core behind the JSON texts of `_wire`. Private: every name here may change in any release."""

from typing import Literal, final

__all__ = [
    "Failure",
    "NativeExchange",
    "caller_identity_token",
    "certificate_config",
    "check_config",
    "config_summary",
    "create_config",
    "describe_subject_token",
    "error_codes",
    "impersonation_request",
    "parse_impersonation_response",
    "parse_sts_response",
    "request_headers",
    "sign_request",
    "sts_request",
    "token_freshness",
    "version",
]

class Failure(Exception):
    """Its only argument is the error as JSON text."""

@final
class NativeExchange:
    def __new__(cls, config: str, goal: str, options: str) -> NativeExchange: ...
    def poll(self, now: float) -> str: ...
    def reply(self, replies: str) -> None: ...
    def advance(self, replies: str, now: float) -> str: ...

def check_config(config: str, options: str) -> str: ...
def config_summary(config: str) -> str: ...
def create_config(parameters: str) -> str: ...
def certificate_config(cert_path: str, key_path: str) -> str: ...
def caller_identity_token(
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None,
    region: str,
    audience: str,
    now: float,
) -> str: ...
def sign_request(
    method: str,
    url: str,
    headers: list[str],
    body: bytes,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None,
    region: str,
    service: str,
    now: float,
) -> list[str]: ...
def sts_request(parameters: str) -> str: ...
def parse_sts_response(status: int, body: str, now: float) -> str: ...
def impersonation_request(parameters: str) -> str: ...
def parse_impersonation_response(status: int, body: str, now: float) -> str: ...
def describe_subject_token(token: str, token_type: str, audience: str) -> str: ...
def request_headers(token: str, quota_project_id: str | None) -> str: ...
def token_freshness(expires_at: float, now: float) -> Literal["fresh", "stale", "expired"]: ...
def error_codes() -> str: ...
def version() -> str: ...

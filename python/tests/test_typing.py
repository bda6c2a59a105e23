"""What a strict type checker says of programs that use the options: nothing of right ones, all of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import run_python

PRELUDE = """
from typing import NamedTuple
from typing_extensions import Unpack
import sanskey
from sanskey import AssumeRole, AwsCredentials, GetSessionToken, GetWebIdentityToken, aio, sources
from sanskey.compat import TokenService

# As the stubs of botocore and aiobotocore say it.
class Frozen(NamedTuple):
    access_key: str | None
    secret_key: str | None
    token: str | None
    account_id: str | None = None

class Credentials:
    access_key = secret_key = token = ""
    def get_frozen_credentials(self) -> Frozen: return Frozen(None, None, None)

class Session:
    region_name: str | None = None
    def get_credentials(self) -> Credentials | None: ...

class AioCredentials:
    async def get_frozen_credentials(self) -> Frozen: return Frozen(None, None, None)

class AioSession:
    async def get_credentials(self) -> AioCredentials | None: ...

async def key() -> AwsCredentials: return AwsCredentials("a", "b")

ROLE = AssumeRole("arn:aws:iam::123456789012:role/hub", external_id="x")
CONFIG = sanskey.CredentialConfig.from_parts("1", "pool", "provider", source="caller")

def proof(context: sanskey.SubjectTokenContext) -> str: return f"{context.audience} {context.subject_token_type}"
async def later(context: sanskey.SubjectTokenContext) -> str: return proof(context)
"""
RIGHT = """
sanskey.fetch_token("path", aws_credentials=Session(), aws_region="us-east-1", aws_profile=None)
sanskey.fetch_token("path", aws_credentials=Credentials())
sanskey.fetch_token("path", aws_credentials=Frozen("a", "b", None))
sanskey.fetch_token("path", aws_credentials=AwsCredentials("a", "b"))
sanskey.fetch_token("path", aws_credentials=Session)
sanskey.fetch_token("path", aws_credentials=Session().get_credentials)
sanskey.fetch_token("path", aws_assume_role=ROLE, aws_get_session_token=GetSessionToken())
sanskey.fetch_token("path", aws_assume_role=[ROLE, AssumeRole("arn", policy_arns=["a"])])
sanskey.Exchange("path", sanskey.goals.AccessToken(), aws_credentials=Session(), aws_profile="a", aws_assume_role=ROLE)
(sanskey.Exchange("path", sanskey.goals.AccessToken()).clock_skew or 0) + 1
sanskey.CredentialConfig.from_parts(123456789012, "pool", "provider", source="github_actions")
sanskey.CredentialConfig.from_parts("1", "pool", "provider", source=sources.Aws(imdsv2=False), service_account="a@b")
sanskey.CredentialConfig.from_provider("p", source=sources.Url("u", {"a": "b"}), workforce_pool_user_project="1")
sanskey.CredentialConfig.from_provider("p", source=sources.Executable("a", timeout=5)).to_json().encode()
for named in (sources.FlyIo(), sources.Kubernetes("path"), sources.ClientCredentials("url", "id", "SECRET", scope="a")):
    sanskey.CredentialConfig.from_parts("1", "pool", "provider", source=named)
sanskey.fetch_token(CONFIG, subject_token="proof", actor_token="actor", actor_token_type=None, token_servers="host")
sanskey.fetch_token(CONFIG, subject_token=proof, bind_to_certificate=True, token_servers=["host", "other"])
sanskey.Exchange(CONFIG, sanskey.goals.Introspection("token"), api_client="gl-mine/1", subject_token=lambda _: "proof")
sanskey.Exchange(CONFIG, sanskey.goals.Introspection(sanskey.fetch_token(CONFIG)), endpoints="any")
fetched = sanskey.fetch_token(CONFIG)
called: sanskey.Token = sanskey.fetch_id_token(CONFIG, "https://service", include_email=False, subject_token="proof")
signed: bytes = sanskey.sign_blob(CONFIG, b"payload", on_step=print).signature
spoken: str = sanskey.sign_jwt(CONFIG, {"sub": "a"}).jwt + sanskey.sign_jwt(CONFIG, "{}", endpoints="any").key_id
linked: str = sanskey.sign_url(CONFIG, "bucket", "object", 60, headers={"a": "b"}, query=[("c", "d")]).url
person = sanskey.fetch_delegated_token(CONFIG, "ada@example.com", ["scope"], aws_profile="work")
weaker = sanskey.fetch_downscoped_token(CONFIG, {"accessBoundaryRules": []}, scopes="scope")
told: list[str] = sanskey.describe_subject_token("token", audience="//iam.googleapis.com/…").principals
if fetched.refresh_token is not None:
    CONFIG.with_refresh_token(fetched.refresh_token).with_quota_project("billed").to_json().encode()
sent: dict[str, str] = {**CONFIG.request_headers(fetched), **CONFIG.request_headers("value")}
known = sanskey.introspect_token(CONFIG, fetched, on_step=print)
ends: list[str] = [*known.scopes, known.username or "", known.expires_at.isoformat() if known.expires_at else ""]
sanskey.sts_request(
    token_url="u", audience="a", subject_token="t", subject_token_type="t", access_boundary={"accessBoundaryRules": []},
    body_format="json", actor_token="a", actor_token_type="b", bind_cert_fingerprint="c", api_client="d",
).unix_socket

def ended(outcome: sanskey.Outcome, goal: sanskey.Goal) -> str:
    match outcome:
        case sanskey.Token(value, _, _, next): return next or value
        case sanskey.TokenInfo(active): return str(active)
        case sanskey.Revoked(): return "revoked"
        case sanskey.SignedBlob(key_id) | sanskey.SignedJwt(key_id): return key_id
        case sanskey.SignedUrl(url): return url

def supplied(given: sanskey.SubjectTokenLike) -> sanskey.Token:
    return sanskey.fetch_token(CONFIG, subject_token=given)

async def supplied_later(given: sanskey.AsyncSubjectTokenLike) -> sanskey.TokenInfo:
    for each in (given, later, proof, "proof"):
        await aio.fetch_token(CONFIG, subject_token=each, actor_token="actor", bind_to_certificate=True)
    await aio.revoke_login(CONFIG)
    return await aio.introspect_token(CONFIG, "token", endpoints="loopback")

def chosen(source: sanskey.SourceLike, name: sanskey.SourceName) -> sanskey.CredentialConfig:
    return sanskey.CredentialConfig.from_parts("1", "a", "b", source=source if name == "aws" else name)

def wrapped(credentials: sanskey.AwsCredentialsLike, **aws: Unpack[sanskey.AwsOptions]) -> sanskey.Token:
    return sanskey.fetch_token("path", aws_credentials=credentials, **aws)

async def main(credentials: sanskey.AsyncAwsCredentialsLike) -> tuple[str, str]:
    for given in (Session(), AioSession(), AioSession().get_credentials, AioCredentials(), key, credentials):
        await aio.fetch_token("path", aws_credentials=given, aws_web_identity_token=GetWebIdentityToken())
    await aio.fetch_token("path", aws_web_identity_token=GetWebIdentityToken(signing_algorithm="ES384"))
    return TokenService("1", "2", "3", "4", "5", "6", "7", gcp_token_lifetime=None, gcp_token_scopes=None).get_token()
"""
WRONG = [
    ('sanskey.fetch_token("path", aws_credentials=key)', "arg-type"),
    ('sanskey.fetch_token("path", aws_credentials=AioSession())', "arg-type"),
    ('sanskey.fetch_token("path", aws_credentials={"access_key_id": "a"})', "arg-type"),
    ('sanskey.fetch_token("path", aws_credentials="a")', "arg-type"),
    ('sanskey.fetch_token("path", aws_profil="a")', "call-arg"),
    ('sanskey.fetch_token("path", aws_region=5)', "arg-type"),
    ('sanskey.fetch_token("path", aws_assume_role="arn")', "arg-type"),
    ('sanskey.fetch_token("path", aws_assume_role=[{"role_arn": "a"}])', "list-item"),
    ('sanskey.fetch_token("path", aws_get_session_token=True)', "arg-type"),
    ('sanskey.fetch_token("path", aws_web_identity_token=GetSessionToken())', "arg-type"),
    ('GetWebIdentityToken(signing_algorithm="HS256")', "arg-type"),
    ("AssumeRole()", "call-arg"),
    ('AssumeRole("arn", duration_seconds="900")', "arg-type"),
    ("ROLE.role_arn = 'a'", "misc"),
    ('aio.fetch_token("path", aws_credentials=5)', "arg-type"),
    ('TokenService("1", "2")', "call-arg"),
    ('sanskey.CredentialConfig.from_parts("1", "a", "b")', "call-arg"),
    ('sanskey.CredentialConfig.from_parts("1", "a", "b", source="file")', "arg-type"),
    ('sanskey.CredentialConfig.from_parts("1", "a", "b", source={"kind": "aws"})', "arg-type"),
    ('sanskey.CredentialConfig.from_parts("1", "a", "b", source="aws", workforce_pool_user_project="1")', "call-arg"),
    ("sources.File()", "call-arg"),
    ('sources.ClientCredentials("url", "id")', "call-arg"),
    ("sources.FlyIo(5)", "arg-type"),
    ("sanskey.fetch_token(CONFIG, subject_token=later)", "arg-type"),
    ("sanskey.fetch_token(CONFIG, subject_token=lambda: 'proof')", "arg-type"),
    ("sanskey.fetch_token(CONFIG, subject_token=b'proof')", "arg-type"),
    ("sanskey.fetch_token(CONFIG, actor_token=proof)", "arg-type"),
    ("sanskey.fetch_token(CONFIG, bind_to_certificate='yes')", "arg-type"),
    ("sanskey.fetch_token(CONFIG, token_servers=[b'host'])", "list-item"),
    ("sanskey.fetch_token(CONFIG, api_client='a')", "call-arg"),
    ("sanskey.Exchange(CONFIG, sanskey.goals.Introspection())", "call-arg"),
    ("sanskey.Exchange(CONFIG, sanskey.goals.Introspection)", "arg-type"),
    ("sanskey.introspect_token(CONFIG)", "call-arg"),
    ("sanskey.introspect_token(CONFIG, 'token').expires_at.isoformat()", "union-attr"),
    ("aio.revoke_login(CONFIG, token='a')", "call-arg"),
    ("sanskey.fetch_id_token(CONFIG)", "call-arg"),
    ("sanskey.fetch_id_token(CONFIG, 'a', scopes='b')", "call-arg"),
    ("sanskey.sign_blob(CONFIG, 'text')", "arg-type"),
    ("sanskey.sign_url(CONFIG, 'bucket', 'object')", "call-arg"),
    ("sanskey.fetch_delegated_token(CONFIG, 'ada@example.com')", "call-arg"),
    ("CONFIG.with_refresh_token(sanskey.fetch_token(CONFIG))", "arg-type"),
    ("CONFIG.with_refresh_token(sanskey.fetch_token(CONFIG).refresh_token)", "arg-type"),
    ("CONFIG.with_quota_project(None)", "arg-type"),
    ("CONFIG.request_headers(None)", "arg-type"),
    ('sources.File("a", format="xml")', "arg-type"),
    ("sources.Aws(imdsv2=1)", "arg-type"),
]


def test_programs(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(PRELUDE + RIGHT, encoding="utf-8")
    wrong.write_text(PRELUDE + "\n".join(line for line, _ in WRONG), encoding="utf-8")
    cache = pytestconfig.rootpath / ".mypy_cache" / "programs"
    options = ["--strict", "--config-file=", f"--cache-dir={cache}", "--no-error-summary", "--hide-error-context"]
    options += ["--disable-error-code=empty-body", "--disable-error-code=unused-coroutine"]
    done = run_python("-m", "mypy", *options, str(right), str(wrong))
    first = PRELUDE.count("\n") + 1
    expected = [f"wrong.py:{number} [{code}]" for number, (_, code) in enumerate(WRONG, first)]
    told = [line for line in done.stdout.splitlines() if ": error: " in line]
    found = [f"{Path(line.split(':')[0]).name}:{line.split(':')[1]} [{line.rpartition('[')[2]}" for line in told]
    assert (found, done.stderr) == (expected, ""), done.stdout

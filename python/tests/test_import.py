"""`import sanskey` loads next to nothing, and every public name is there when it is used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from conftest import REPOSITORY, run_python

import sanskey
from sanskey import goals

VECTOR = REPOSITORY / "tests/vectors/config/aws-federated.json"
CONFIG = json.loads(VECTOR.read_text(encoding="utf-8"))["params"]["config"]
HEAVY = {"asyncio", "dataclasses", "datetime", "email", "enum", "http", "inspect", "json", "logging", "re", "socket"}
HEAVY |= {"ssl", "subprocess", "threading", "typing", "urllib"}


def loaded_by(code: str) -> set[str]:
    """The modules that the code loads, in an interpreter without site-packages."""
    source = Path(sanskey.__file__).parents[1]
    script = (
        f"import sys; before = set(sys.modules); sys.path.insert(0, {str(source)!r}); {code}; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = run_python("-I", "-S", "-c", script)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_loads_one_module() -> None:
    assert loaded_by("import sanskey") - {"__future__"} == {"sanskey"}


def test_signing_needs_nothing_heavy() -> None:
    loaded = loaded_by("from sanskey import AwsCredentials, caller_identity_token, sign_request")
    assert not loaded & HEAVY


def test_no_record_needs_dataclasses_or_typing() -> None:
    loaded = loaded_by("from sanskey import Exchange, SystemHost, fetch_token, sign_request, goals")
    assert not loaded & (HEAVY - {"json", "re", "enum"})


def test_a_token_needs_nothing_that_most_programs_do_not_use() -> None:
    """The names of types, the AWS SDKs, further calls to AWS, logging: each is loaded by those who use it."""
    code = (
        "import sanskey\n"
        "class Host:\n"
        "    def read_env(self, names): return {'AWS_REGION': 'eu-west-3', **dict.fromkeys(names[1:5], 'x')}\n"
        '    def http(self, _): return sanskey.HttpResponse(200, [], \'{"access_token": "a", "expires_in": 9}\')\n'
        f"sanskey.fetch_token({CONFIG!r}, host=Host())\n"
    )
    rare = {"aliases", "aws", "_aws_calls", "_aws_sdk", "_config_parts", "compat", "protocol", "sources", "aio"}
    rare.add("supplied")
    assert not loaded_by(f"exec({code!r})") & {*(f"sanskey.{name}" for name in rare), "logging", "typing", "ssl"}


def test_asking_everything_needs_no_third_party_module() -> None:
    """The interpreter has no site-packages, so any other module would not be found."""
    code = "import sanskey, sanskey._http, sanskey._command, sanskey._threads, sanskey.aio, sanskey.config, sanskey.sts"
    assert {"http.client", "ssl", "subprocess", "asyncio"} <= loaded_by(code)


def test_the_types_of_the_api_have_names_at_run_time() -> None:
    """A user's annotations can be evaluated, and name every type that the API takes or gives."""
    source = (
        "def listener(step: sanskey.Step, reply: sanskey.Reply, action: sanskey.Action, headers: sanskey.Headers,\n"
        "    config: sanskey.ConfigLike, scopes: sanskey.Scopes, endpoints: sanskey.Endpoints, now: sanskey.Now,\n"
        "    goal: sanskey.Goal, kind: sanskey.TokenKind, freshness: sanskey.Freshness, fault: sanskey.Fault,\n"
        "    stage: sanskey.Stage, failure: sanskey.FailureKind, code: sanskey.ErrorCode, on: sanskey.StepListener,\n"
        "    source: sanskey.SourceLike, name: sanskey.SourceName, proof: sanskey.SubjectTokenLike,\n"
        "    later: sanskey.AsyncSubjectTokenLike, context: sanskey.SubjectTokenContext,\n"
        ") -> sanskey.Outcome: ..."
    )
    space: dict[str, Any] = {"sanskey": sanskey}
    # Without this module's import of annotations, they are evaluated where the function is defined.
    exec(compile(source, "program.py", "exec", dont_inherit=True), space)
    hints = get_type_hints(space["listener"])
    assert get_args(hints["step"]) == (sanskey.Pending, sanskey.Done)
    assert get_args(hints["freshness"]) == ("fresh", "stale", "expired")
    assert set(get_args(hints["goal"])) == {
        getattr(goals, name) for name, value in vars(goals).items() if isinstance(value, type) and name != "Record"
    }
    assert get_args(hints["return"]) == (
        sanskey.Token,
        sanskey.TokenInfo,
        sanskey.Revoked,
        sanskey.SignedBlob,
        sanskey.SignedJwt,
        sanskey.SignedUrl,
    )
    assert len(hints) == 22


def test_every_public_name_is_there() -> None:
    assert sorted(sanskey.__all__) == list(sanskey.__all__)
    for name in sanskey.__all__:
        assert getattr(sanskey, name) is not None
    assert set(sanskey.__all__) <= set(dir(sanskey))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sanskey.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    source = Path(sanskey.__file__).read_text(encoding="utf-8")
    block = source.partition("if TYPE_CHECKING:")[2].partition("__all__")[0]
    imported = set(re.findall(r"\b\w+\b", " ".join(re.findall(r"import (\([^)]*\)|[^\n]*)", block))))
    assert imported | {"__version__"} == set(sanskey.__all__)


def test_the_version_is_the_crate_s() -> None:
    manifest = (Path(__file__).parents[2] / "Cargo.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{sanskey.__version__}"\n' in manifest

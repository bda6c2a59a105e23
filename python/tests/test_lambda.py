"""Functions of Lambda, run by the client that AWS runs them with, against a Runtime API on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import EXAMPLES, Emulator
from google_api import Call, GoogleApi
from platforms import OF_A_FUNCTION, SERVICE_ACCOUNT, allow_loopback, function
from runtime_api import Result, RuntimeApi

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="AWS builds awslambdaric for Linux only")

Start = Callable[..., Emulator]
EXAMPLE = EXAMPLES / "use_cases" / "lambda_bigquery.py"
TABLE = "projects/my-project/datasets/events/tables/s3"
INSERT = f"POST /bigquery/v2/{TABLE}/insertAll"


class Function:
    """A process of a function: `file` is its code, `env` its environment, and the keys of a role are Lambda's."""

    def __init__(self, folder: Path, file: Path, env: dict[str, str]) -> None:
        task = folder / "task"
        task.mkdir()
        shutil.copy(file, task)
        self.runtime = RuntimeApi()
        self._log = folder / "log"
        command = [sys.executable, "-m", "awslambdaric", f"{file.stem}.handler"]
        lambda_env = {"AWS_LAMBDA_RUNTIME_API": self.runtime.address, "LAMBDA_TASK_ROOT": str(task)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=task,
                env={**env, **lambda_env, **allow_loopback(folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def invoke(self, event: object) -> Result:
        return self.runtime.invoke(event)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait(self) -> int:
        """The exit code of a process that ends by itself."""
        return self._process.wait(timeout=30)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)
        self.runtime.stop()


@pytest.fixture
def start_function(tmp_path: Path) -> Iterator[Callable[[Path, dict[str, str]], Function]]:
    """Starts one function, and stops it with the test."""
    running: list[Function] = []

    def start(file: Path, env: dict[str, str]) -> Function:
        running.append(Function(tmp_path, file, env))
        return running[-1]

    yield start
    for one in running:
        one.stop()
        assert one.runtime.unknown == []


StartFunction = Callable[[Path, dict[str, str]], Function]


def created(key: str, size: int) -> dict[str, object]:
    """An event of S3, as far as the example reads it."""
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-01-02T03:04:05.678Z",
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {"bucket": {"name": "incoming"}, "object": {"key": key, "size": size}},
    }
    return {"Records": [record]}


def inserted(key: str, name: str, size: int) -> Call:
    """The row that it becomes."""
    row = {"event": "ObjectCreated:Put", "bucket": "incoming", "object": name, "size": size}
    row["time"] = "2026-01-02T03:04:05.678Z"
    return Call(INSERT, {"rows": [{"insertId": "C3D13FE58DE4C810" + key, "json": row}]}, principal=SERVICE_ACCOUNT)


def test_event_processing(emulator: Start, start_function: StartFunction) -> None:
    """Both invocations write as the service account, and the warm one asks for no token."""
    running = emulator("--allowed-role", "sanskey-demo-role")
    with GoogleApi(running, {INSERT: [{"kind": "bigquery#tableDataInsertAllResponse"}] * 2}) as api:
        process = start_function(EXAMPLE, {**function(running), "GOOGLE_API_URL": api.url, "TABLE": TABLE})
        assert process.invoke(created("a+b/%C3%BC.csv", 7)) == Result("response", {"written": 1})
        assert running.requests() == OF_A_FUNCTION
        assert process.invoke(created("c.csv", 0)) == Result("response", {"written": 1})
        assert running.requests() == OF_A_FUNCTION
        assert api.calls == [inserted("a+b/%C3%BC.csv", "a b/ü.csv", 7), inserted("c.csv", "c.csv", 0)]
        assert api.refused == []
    assert [client.split("/")[0] for client in process.runtime.clients] == ["aws-lambda-python"]


def test_rows_that_bigquery_refuses_are_an_error(emulator: Start, start_function: StartFunction) -> None:
    running = emulator()
    refusal = {"insertErrors": [{"index": 0, "errors": [{"reason": "invalid", "message": "no such field: size."}]}]}
    with GoogleApi(running, {INSERT: [refusal]}) as api:
        process = start_function(EXAMPLE, {**function(running), "GOOGLE_API_URL": api.url, "TABLE": TABLE})
        result = process.invoke(created("a", 1))
    assert (result.kind, result.body["errorType"]) == ("error", "RuntimeError")
    assert "no such field: size." in result.body["errorMessage"]


def test_each_invocation_may_get_a_token_of_its_own(
    emulator: Start, start_function: StartFunction, tmp_path: Path
) -> None:
    """The keys of the process serve as often as it asks."""
    running = emulator()
    file = tmp_path / "own_token.py"
    file.write_text(
        "import sanskey\n"
        "def handler(event, context):\n"
        "    return sanskey.fetch_token(sanskey.CredentialConfig.from_env(), scopes=event).kind\n"
    )
    process = start_function(file, function(running))
    for count in (1, 2):
        assert process.invoke(["https://www.googleapis.com/auth/bigquery"]) == Result("response", "service_account")
        assert running.requests() == OF_A_FUNCTION * count


def test_a_refusal_reaches_lambda_with_its_code(emulator: Start, start_function: StartFunction) -> None:
    """And without a secret. The function lives on."""
    running = emulator("--allowed-role", "another-role")
    env = {**function(running), "GOOGLE_API_URL": "http://127.0.0.1:9", "TABLE": TABLE}
    process = start_function(EXAMPLE, env)
    for count in (1, 2):
        result = process.invoke(created("a", 1))
        assert (result.kind, result.body["errorType"]) == ("error", "RemoteError")
        assert result.body["errorMessage"].startswith("sts_rejected: ")
        assert "attribute condition" in result.body["errorMessage"]
        assert running.requests() == ["POST /v1/token 400"] * count
    told = f"{result.body} {process.log()}"
    assert "sts_rejected" in process.log()
    for secret in (env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]):
        assert secret not in told


def test_a_configuration_that_is_missing_when_the_function_starts(
    emulator: Start, start_function: StartFunction, tmp_path: Path
) -> None:
    file = tmp_path / "early.py"
    file.write_text("import sanskey\nCONFIG = sanskey.CredentialConfig.from_env()\ndef handler(*_): pass\n")
    env = {**function(emulator()), "GOOGLE_APPLICATION_CREDENTIALS": os.devnull + "/none"}
    process = start_function(file, env)
    result = process.runtime.result()
    assert (result.kind, result.body["errorType"]) == ("init/error", "ConfigError")
    assert result.body["errorMessage"].startswith("config_not_found: ")
    assert process.wait() == 1

"""Workloads in containers, with the emulator in the place of the agents of ECS and EKS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Emulator

import sanskey
from sanskey import ConfigError, HostError, RemoteError, SystemHost, Token, aio

Start = Callable[..., Emulator]
TASK_PATH = "/v2/credentials/2f4a7c1e-6a0b-4b53-9c0e-5d1f3a7b9e24"
POD_PATH = "/v1/credentials"
EXCHANGE = "POST /v1/token 200"


def fetch_sync(running: Emulator, env: dict[str, str]) -> Token:
    return sanskey.fetch_token(running.config, endpoints="loopback", host=SystemHost(env))


def fetch_async(running: Emulator, env: dict[str, str]) -> Token:
    return asyncio.run(aio.fetch_token(running.config, endpoints="loopback", host=SystemHost(env)))


FETCHES = [fetch_sync, fetch_async]


def task(running: Emulator, **more: str) -> dict[str, str]:
    return {"AWS_REGION": "us-east-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": running.url + TASK_PATH, **more}


def pod(running: Emulator, token_file: Path, **more: str) -> dict[str, str]:
    return {
        "AWS_REGION": "us-east-1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": running.url + POD_PATH,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token_file),
        **more,
    }


def subject(running: Emulator, token: Token) -> str:
    return str(running.whoami(token.value)["subject"])


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_task_asks_its_agent_and_not_the_instance(
    emulator: Start, fetch: Callable[[Emulator, dict[str, str]], Token]
) -> None:
    running = emulator("--no-impersonation")
    token = fetch(running, task(running))
    assert "assumed-role/sanskey-task-role/" in subject(running, token)
    assert running.requests() == [f"GET {TASK_PATH} 200", EXCHANGE]


def test_a_task_asks_the_instance_for_nothing_but_the_region(emulator: Start) -> None:
    running = emulator("--no-impersonation", "--imds-v1", "off", "--region-zone", "eu-west-1b")
    token = fetch_sync(running, {k: v for k, v in task(running).items() if k != "AWS_REGION"})
    assert "assumed-role/sanskey-task-role/" in subject(running, token)
    requests = running.requests()
    # The zone and the credentials are asked for at once.
    assert requests[:1] + sorted(requests[1:3]) + requests[3:] == [
        "PUT /latest/api/token 200",
        "GET /latest/meta-data/placement/availability-zone 200",
        f"GET {TASK_PATH} 200",
        EXCHANGE,
    ]


def test_keys_in_the_environment_win(emulator: Start) -> None:
    running = emulator("--no-impersonation")
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-its-secret"}
    with pytest.raises(RemoteError) as caught:
        fetch_sync(running, task(running, **keys))
    assert caught.value.code == "sts_rejected"
    assert running.requests() == ["POST /v1/token 400"]


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_token_that_was_replaced_is_read_anew(
    emulator: Start, tmp_path: Path, fetch: Callable[[Emulator, dict[str, str]], Token]
) -> None:
    running, token_file = emulator("--no-impersonation", "--container-token", "first-token"), tmp_path / "token"
    # The file goes before the variable, whose content cannot be replaced.
    env = pod(running, token_file, AWS_CONTAINER_AUTHORIZATION_TOKEN="first-token-of-all")
    token_file.write_text("first-token")
    assert "assumed-role/sanskey-pod-role/" in subject(running, fetch(running, env))
    running.replace_container_token("second-token")
    with pytest.raises(RemoteError) as caught:
        fetch(running, env)
    error = caught.value
    assert (error.code, error.ask_id, error.status) == ("aws_container_rejected", "container-credentials", 400)
    assert "first-token" not in f"{error!r} {error} {error.hint}"
    token_file.write_text("second-token")
    assert "assumed-role/sanskey-pod-role/" in subject(running, fetch(running, env))
    assert running.requests() == [
        f"GET {POD_PATH} 200",
        EXCHANGE,
        f"GET {POD_PATH} 400",
        f"GET {POD_PATH} 200",
        EXCHANGE,
    ]


def test_a_token_in_a_variable(emulator: Start) -> None:
    running = emulator("--no-impersonation", "--container-token", "of-the-variable")
    env = task(running, AWS_CONTAINER_AUTHORIZATION_TOKEN="of-the-variable")
    token = fetch_sync(running, {**env, "AWS_CONTAINER_CREDENTIALS_FULL_URI": running.url + POD_PATH})
    assert "assumed-role/sanskey-pod-role/" in subject(running, token)


def test_a_token_file_that_cannot_be_used_ends_the_exchange(emulator: Start, tmp_path: Path) -> None:
    running, token_file = emulator(), tmp_path / "token"
    env = pod(running, token_file, AWS_CONTAINER_AUTHORIZATION_TOKEN="emulator-container-token")
    for content in (None, "", "emulator-container-token\n"):
        if content is not None:
            token_file.write_text(content)
        with pytest.raises(ConfigError) as caught:
            fetch_sync(running, env)
        assert caught.value.code == "aws_container_token_invalid"
    token_file.unlink()
    token_file.mkdir()
    with pytest.raises(HostError) as failed:
        fetch_sync(running, env)
    assert (failed.value.code, failed.value.ask_id) == ("host_failed", "container-token")
    assert running.requests() == []


def test_a_refusal_keeps_the_agent_s_words_and_falls_through_to_nobody(emulator: Start) -> None:
    running = emulator("--task-credentials-id", "of-another-task")
    with pytest.raises(RemoteError) as caught:
        fetch_sync(running, task(running))
    error = caught.value
    assert (error.code, error.stage, error.status) == ("aws_container_rejected", "source", 400)
    assert (error.error, error.error_description) == (
        "InvalidIdInRequest",
        "CredentialsV2Request: Credentials not found",
    )
    assert running.requests() == [f"GET {TASK_PATH} 400"]

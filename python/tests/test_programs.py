"""Programs of `credential_source.executable` that misbehave, as real processes under the exchange."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Emulator, run_python
from token_sources import FETCHES, JWT, Fetch, assert_hidden, config, fetch_async, fetch_sync, pod_token, subject

from sanskey import CommandOutput, ConfigError, HostError, RunCommand, SanskeyError, SystemHost, aio

Start = Callable[..., Emulator]
ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/5A45CE1C0FFEE4A6B8D2E0F1A3C5B7D9"
ALLOWED = {"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1", "PATH": os.environ["PATH"]}
SUBJECT = "system:serviceaccount:default:sanskey"
# A program that waits for this long has to be ended by others.
FOREVER = "sleep 30"


class Hurried(SystemHost):
    """Gives programs a second: a configuration cannot give less than five."""

    def run_command(self, command: RunCommand) -> CommandOutput:
        return super().run_command(command.__replace__(timeout=1.0))


@pytest.fixture
def google(emulator: Start) -> Emulator:
    return emulator("--oidc-issuer", ISSUER, "--oidc-allowed-audience", "sts.amazonaws.com")


def program(folder: Path, script: str, timeout_millis: int = 10_000) -> dict[str, Any]:
    """A program as a source of tokens. The script finds its folder in `$here`."""
    path = folder / "program"
    path.write_text(f'#!/bin/sh\nhere="${{0%/*}}"\n{script}\n')
    path.chmod(0o755)
    return {"executable": {"command": str(path), "timeout_millis": timeout_millis}}


def answer(google: Emulator, folder: Path, **changes: object) -> str:
    """A command that writes a good answer, with other fields in some places."""
    fields = {"version": 1, "success": True, "token_type": JWT, "id_token": pod_token(google), **changes}
    (folder / "answer").write_text(json.dumps(fields, indent=1) + "\n")
    return 'cat "$here/answer"'


def failure(google: Emulator, source: dict[str, Any], host: type[SystemHost] = SystemHost) -> SanskeyError:
    """The error of an exchange that asks the program and not Google, and is not kept waiting."""
    started = time.monotonic()
    with pytest.raises(SanskeyError) as caught:
        fetch_sync(google, source, ALLOWED, host)
    assert time.monotonic() - started < 8
    error = caught.value
    assert (error.stage, error.ask_id) == ("source", "executable")
    assert error.hint
    assert google.requests() == []
    return error


def pid(folder: Path, name: str) -> int:
    """The process whose id was written into a file."""
    for _ in range(200):
        text = (folder / name).read_text() if (folder / name).exists() else ""
        if text.endswith("\n"):
            return int(text)
        time.sleep(0.02)
    pytest.fail("the program never began")


def is_gone(process: int) -> bool:
    """Whether it ends soon. What is left of a child until its parent asks is no process."""
    for _ in range(100):
        try:
            os.kill(process, 0)
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


# Programs that give a token in spite of everything -------------------------------------------------------------------


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize(
    "script",
    [
        "head -c 5000000 /dev/zero >&2; {answer}",
        "exec 0<&-; {answer}",
        "cat; {answer}",
        "trap '' TERM INT HUP PIPE; {answer}",
        "exec 2>&-; {answer}",
        "printf '\\377\\376' >&2; {answer}",
        "sleep 0.3; {answer}",
        '{answer} | while read -r line; do sleep 0.1; echo "$line"; done',
    ],
    ids=["complains", "closes stdin", "reads stdin", "ignores signals", "closes stderr", "no UTF-8", "late", "slow"],
)
def test_a_program_with_odd_manners(google: Emulator, tmp_path: Path, fetch: Fetch, script: str) -> None:
    source = program(tmp_path, script.format(answer=answer(google, tmp_path)))
    assert subject(google, fetch(google, source, ALLOWED)) == SUBJECT


@pytest.mark.parametrize("fetch", FETCHES)
def test_a_child_that_lets_go_of_the_output_may_stay(google: Emulator, tmp_path: Path, fetch: Fetch) -> None:
    stays = f'({FOREVER} & echo $! >"$here/child") >/dev/null 2>&1 </dev/null'
    source = program(tmp_path, f"{stays}\n{answer(google, tmp_path)}")
    assert subject(google, fetch(google, source, ALLOWED)) == SUBJECT
    child = pid(tmp_path, "child")
    os.kill(child, 9)  # Raises if it is not there.


# Programs that give none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("", "executable_malformed", "something other than a JSON object"),
        ("exec 1>&-; exit 0", "executable_malformed", "something other than a JSON object"),
        ("printf '\\377\\376{\"version\":1}'", "executable_malformed", "something other than a JSON object"),
        ('printf \'{"version":1,"success":tr\'', "executable_malformed", "something other than a JSON object"),
        ('printf \'{"version":1}{"version":1}\'', "executable_malformed", "something other than a JSON object"),
        ("head -c 1000000 /dev/zero", "executable_malformed", "something other than a JSON object"),
        ("head -c 2000000 /dev/zero", "host_failed", "more than 1 MiB"),
        ("yes", "host_failed", "more than 1 MiB"),
        ("trap '' TERM PIPE; head -c 2000000 /dev/zero; sleep 30", "host_failed", "more than 1 MiB"),
        ("head -c 5000000 /dev/zero | tr '\\0' x >&2; exit 3", "executable_failed", "exit code 3: xxx"),
        ("printf 'no \\377 network' >&2; exit 3", "executable_failed", "exit code 3: no \ufffd network"),
        ("echo one >&2; echo two >&2; exit 127", "executable_failed", "exit code 127: one two"),
        ("kill -9 $$", "executable_failed", "was ended by a signal"),
        ("kill -15 $$", "executable_failed", "was ended by a signal"),
        ("printf '{\"version\":1,'; kill -9 $$", "executable_failed", "was ended by a signal"),
    ],
)
def test_a_program_that_gives_no_token(google: Emulator, tmp_path: Path, script: str, code: str, words: str) -> None:
    error = failure(google, program(tmp_path, script))
    assert error.code == code
    assert words in str(error)
    assert len(str(error)) < 2000
    assert error.retryable is False


def test_a_failure_in_words_that_are_no_utf_8(google: Emulator, tmp_path: Path) -> None:
    refusal = 'printf \'{"version":1,"success":false,"code":"401","message":"Log in \\303\\050."}\''
    error = failure(google, program(tmp_path, refusal))
    assert error.code == "executable_rejected"
    assert "Log in \ufffd(" in str(error)


def test_a_token_is_not_shown_wherever_it_was_written(google: Emulator, tmp_path: Path) -> None:
    token = pod_token(google)
    writes = answer(google, tmp_path, id_token=token)
    (tmp_path / "words").write_text(f"The token {token} is refused.\n")
    for script in (
        f'{writes}; cat "$here/words" >&2; exit 1',
        'cat "$here/words" >&2; exit 1',
        f"{writes}; {writes}",
        f"{answer(google, tmp_path, id_token=token, token_type='other')}",
    ):
        error = failure(google, program(tmp_path, script))
        assert error.code in ("executable_failed", "executable_malformed")
        assert_hidden(error, token)


# Programs that do not end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        f"{FOREVER} & echo $! >$here/child; wait",
        f"trap '' TERM INT HUP; {FOREVER} & echo $! >$here/child; while :; do wait; done",
        f"exec >&- 2>&-; {FOREVER} & echo $! >$here/child; wait",
        f"{{answer}}; {FOREVER} & echo $! >$here/child; wait",
        f"{{answer}}; {FOREVER} & echo $! >$here/child",
        f"{FOREVER} & echo $! >$here/child; while :; do echo; sleep 0.1; done",
    ],
    ids=["slow", "ignores signals", "closes its output", "has answered", "left a child behind", "writes on"],
)
def test_the_timeout_ends_a_program_with_its_children(google: Emulator, tmp_path: Path, script: str) -> None:
    writes = answer(google, tmp_path)
    error = failure(google, program(tmp_path, f'echo $$ >"$here/self"\n{script.format(answer=writes)}'), Hurried)
    assert (error.code, error.retryable) == ("host_timeout", True)
    assert isinstance(error, HostError)
    assert is_gone(pid(tmp_path, "child"))
    # It was waited for, too: not even a zombie is left.
    with pytest.raises(ProcessLookupError):
        os.kill(pid(tmp_path, "self"), 0)


def test_a_configuration_s_own_timeout(google: Emulator, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        fetch_sync(google, program(tmp_path, FOREVER, timeout_millis=4999), ALLOWED)
    assert caught.value.field == "credential_source.executable.timeout_millis"
    started = time.monotonic()
    assert failure(google, program(tmp_path, FOREVER, timeout_millis=5000)).code == "host_timeout"
    assert time.monotonic() - started >= 5


def test_a_child_in_a_session_of_its_own_does_not_hold_up_the_end_of_the_process(
    google: Emulator, tmp_path: Path
) -> None:
    # Nobody can find it to end it; it holds the pipe while the caller's process ends.
    detach = "import os, sys; os.setsid(); os.execvp('sleep', ['sleep', '30'])"
    source = program(tmp_path, f'{sys.executable} -c "{detach}" & echo $! >$here/child')
    code = (
        "import json, sys, sanskey\n"
        "class Hurried(sanskey.SystemHost):\n"
        "    def run_command(self, command):\n"
        "        return super().run_command(command.__replace__(timeout=1.0))\n"
        "config, env = json.loads(sys.argv[1]), json.loads(sys.argv[2])\n"
        "try:\n"
        "    sanskey.fetch_token(config, endpoints='loopback', host=Hurried(env))\n"
        "except sanskey.HostError as error:\n"
        "    print(error.code)\n"
    )
    started = time.monotonic()
    ended = run_python("-c", code, json.dumps(config(google, source)), json.dumps(ALLOWED))
    os.kill(pid(tmp_path, "child"), 9)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "host_timeout\n", "")
    assert time.monotonic() - started < 8


def test_a_host_that_runs_programs_in_its_own_way_does_so_in_an_event_loop(google: Emulator, tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        fetch_async(google, program(tmp_path, f'{FOREVER} & echo $! >"$here/child"; wait'), ALLOWED, Hurried)
    assert caught.value.code == "host_timeout"
    assert is_gone(pid(tmp_path, "child"))


def test_a_cancelled_task_ends_its_program(google: Emulator, tmp_path: Path) -> None:
    source = program(tmp_path, f'{FOREVER} & echo $! >"$here/child"; wait')

    async def give_up() -> None:
        host = SystemHost(ALLOWED)
        fetching = asyncio.create_task(aio.fetch_token(config(google, source), endpoints="loopback", host=host))
        await asyncio.to_thread(pid, tmp_path, "child")
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching

    started = time.monotonic()
    asyncio.run(give_up())
    assert time.monotonic() - started < 5
    assert is_gone(pid(tmp_path, "child"))

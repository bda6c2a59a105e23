"""Running a program under a deadline, with everything that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress

from .actions import CommandOutput
from .errors import HostFailure
from .host import LIMIT, problem_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from .actions import RunCommand


def run(command: RunCommand, env: Mapping[str, str]) -> CommandOutput:
    """Runs the program in a session of its own, so that the timeout ends its children too.

    Output beyond 1 MiB is read and dropped. Raises `HostFailure`.
    """
    end = time.monotonic() + command.timeout
    process = _start(command, env)
    try:
        readers = [_Reader(pipe) for pipe in (process.stdout, process.stderr) if pipe]
        for reader in readers:
            reader.join(max(0, end - time.monotonic()))
        exit_code = process.wait(max(0, end - time.monotonic()))
        if any(reader.is_alive() for reader in readers):
            raise subprocess.TimeoutExpired(command.argv, command.timeout)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise HostFailure("timeout", f"{command.argv[0]!r} did not end within {command.timeout:g} s") from None
    except BaseException:
        _kill(process)
        raise
    stdout, stderr = (reader.text() for reader in readers)
    return CommandOutput(exit_code if exit_code >= 0 else None, stdout, stderr)


def _start(command: RunCommand, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.argv,
            env={**env, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except PermissionError:
        raise HostFailure("denied", f"{command.argv[0]!r} may not be run") from None
    except (OSError, ValueError, IndexError) as problem:
        name = command.argv[0] if command.argv else ""
        raise HostFailure("other", f"{name!r} cannot be run: {problem_text(problem)}") from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and, where the system has process groups, all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, OSError):
        with suppress(OSError):
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


class _Reader(threading.Thread):
    """Reads a pipe to its end, keeping what an answer may hold."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(name="sanskey-command", daemon=True)
        self._pipe = pipe
        self._kept = bytearray()
        self.start()

    def run(self) -> None:
        with self._pipe:
            while chunk := self._pipe.read(65_536):
                self._kept += chunk[: max(0, LIMIT + 1 - len(self._kept))]

    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")

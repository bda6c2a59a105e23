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
    """Runs the program to its end. Raises `HostFailure`."""
    return Program(command, env).run()


class Program:
    """A program that runs in a session of its own, so that its children can be ended with it.

    It may write 1 MiB. What it complains about beyond that is read and dropped.
    """

    def __init__(self, command: RunCommand, env: Mapping[str, str]) -> None:
        self._command = command
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._is_unwanted = False

    def run(self) -> CommandOutput:
        """Waits for the end of the program and of its output. Raises `HostFailure`."""
        command = self._command
        end = time.monotonic() + command.timeout
        self._process = process = _start(command, self._env)
        try:
            pipes = ((process.stdout, True), (process.stderr, False))
            readers = [_Reader(pipe, stops=stops) for pipe, stops in pipes if pipe]
            if self._is_unwanted:
                raise HostFailure("other", "nobody waits for the program any more")
            for reader in readers:
                reader.join(max(0, end - time.monotonic()))
                if readers[0].is_full:
                    # A program that does not stop writing is not worth waiting for.
                    raise HostFailure("other", f"{command.argv[0]!r} wrote more than 1 MiB")
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

    def stop(self) -> None:
        """Ends it early, from another thread."""
        self._is_unwanted = True
        process = self._process
        if process is not None and process.returncode is None:
            _end_group(process)


def _start(command: RunCommand, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.argv,
            env={**env, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A lock of a buffer could be held by a reader that waits, even when the interpreter ends.
            bufsize=0,
            start_new_session=True,
        )
    except PermissionError:
        raise HostFailure("denied", f"{command.argv[0]!r} may not be run") from None
    except (OSError, ValueError, IndexError) as problem:
        name = command.argv[0] if command.argv else ""
        raise HostFailure("other", f"{name!r} cannot be run: {problem_text(problem)}") from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and, where the system has process groups, all that it started."""
    _end_group(process)
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, OSError):
        with suppress(OSError):
            process.kill()


class _Reader(threading.Thread):
    """Reads a pipe to its end, keeping what an answer may hold; beyond that it stops, or drops the rest."""

    def __init__(self, pipe: IO[bytes], *, stops: bool) -> None:
        super().__init__(name="sanskey-command", daemon=True)
        self._pipe = pipe
        self._stops = stops
        self._kept = bytearray()
        self.is_full = False
        self.start()

    def run(self) -> None:
        with self._pipe:
            while not (self.is_full and self._stops) and (chunk := self._pipe.read(65_536)):
                self.is_full = len(self._kept) + len(chunk) > LIMIT
                self._kept += chunk[: LIMIT - len(self._kept)]

    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")

"""`SystemHost`: files, variables, commands and waiting."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from sanskey import CommandOutput, HostFailure, RunCommand, SystemHost
from sanskey._command import Program

LIMIT = 1_048_576


def python(code: str, env: dict[str, str] | None = None, timeout: float = 20) -> RunCommand:
    return RunCommand([sys.executable, "-c", code], env or {}, timeout)


def failure_of(command: RunCommand) -> HostFailure:
    with pytest.raises(HostFailure) as caught:
        SystemHost({}).run_command(command)
    return caught.value


def test_only_variables_that_are_set() -> None:
    host = SystemHost({"A": "1", "EMPTY": "", "OTHER": "x"})
    assert host.read_env(["A", "EMPTY", "MISSING"]) == {"A": "1", "EMPTY": ""}


def test_without_a_mapping_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    host = SystemHost()
    monkeypatch.setenv("SANSKEY_TEST_VARIABLE", "set later")
    assert host.read_env(["SANSKEY_TEST_VARIABLE"]) == {"SANSKEY_TEST_VARIABLE": "set later"}


def test_files(tmp_path: Path) -> None:
    host = SystemHost({})
    (tmp_path / "token").write_bytes(b" na\xc3\xafve \xff\n")
    assert host.read_file(str(tmp_path / "token")) == " na\u00efve \ufffd\n"
    assert host.read_file(str(tmp_path / "missing")) is None
    assert host.read_file(str(tmp_path / "token" / "below")) is None


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = SystemHost({})
    (tmp_path / "large").write_bytes(b"x" * (LIMIT + 1))
    for path in (str(tmp_path), str(tmp_path / "large"), "nul\0byte"):
        with pytest.raises(HostFailure, match="other"):
            host.read_file(path)

    def refuse(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(HostFailure, match="denied"):
        host.read_file("secret")


def test_the_largest_file(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * LIMIT)
    assert SystemHost({}).read_file(str(tmp_path / "large")) == "x" * LIMIT


def test_a_command_gets_its_arguments_as_they_are_and_no_input() -> None:
    code = "import sys; print(sys.argv[1:], repr(sys.stdin.read())); print('w', file=sys.stderr); sys.exit(3)"
    command = RunCommand([sys.executable, "-c", code, "a b", "$HOME", "*"], {}, 20)
    assert SystemHost({}).run_command(command) == CommandOutput(3, "['a b', '$HOME', '*'] ''\n", "w\n")


def test_a_command_gets_the_host_s_variables_and_its_own() -> None:
    code = "import os; print(sorted(k + '=' + v for k, v in os.environ.items() if k in 'ABCD'))"
    output = SystemHost({"A": "host", "B": "host"}).run_command(python(code, {"B": "own", "C": "own"}))
    assert output.stdout == "['A=host', 'B=own', 'C=own']\n"


def test_a_command_ended_by_a_signal() -> None:
    assert SystemHost({}).run_command(python("import os; os.kill(os.getpid(), 9)")).exit_code is None


@pytest.mark.parametrize("ending", ["", "import time; time.sleep(20)", "\nwhile True: sys.stdout.write('x')"])
def test_a_command_that_writes_too_much_is_ended(ending: str) -> None:
    started = time.monotonic()
    failure = failure_of(python(f"import sys; sys.stdout.write('x' * {LIMIT + 1}); sys.stdout.flush(); {ending}"))
    assert (failure.kind, "more than 1 MiB" in failure.message) == ("other", True)
    assert time.monotonic() - started < 10


def test_the_largest_output() -> None:
    output = SystemHost({}).run_command(python(f"import sys; sys.stdout.write('x' * {LIMIT})"))
    assert (output.exit_code, len(output.stdout)) == (0, LIMIT)


def test_what_a_command_complains_about_is_cut() -> None:
    code = "import sys; sys.stderr.write('x' * 5_000_000); print('done')"
    output = SystemHost({}).run_command(python(code))
    assert (output.exit_code, output.stdout, len(output.stderr)) == (0, "done\n", LIMIT)


def test_the_timeout_ends_a_command_and_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])\n"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(20)\n"
    )
    started = time.monotonic()
    assert failure_of(python(code, timeout=1.5)).kind == "timeout"
    assert time.monotonic() - started < 10
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not is_running(child):
            return
        time.sleep(0.05)
    pytest.fail("the child outlived the command")


def test_the_timeout_covers_children_that_keep_the_output_open() -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])"
    started = time.monotonic()
    assert failure_of(python(code, timeout=1)).kind == "timeout"
    assert time.monotonic() - started < 10


def test_a_command_that_is_stopped_before_it_begins_does_not_go_on() -> None:
    stopped = Program(python("import time; time.sleep(20)"), {})
    stopped.stop()
    started = time.monotonic()
    with pytest.raises(HostFailure):
        stopped.run()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("argv", "kind"),
    [(["/nonexistent/program"], "other"), ([], "other"), (["nul\0byte"], "other"), ([os.devnull], "denied")],
)
def test_commands_that_cannot_be_run(argv: list[str], kind: str) -> None:
    assert failure_of(RunCommand(argv, {}, 1)).kind == kind


def test_a_wait_takes_its_time() -> None:
    started = time.monotonic()
    SystemHost({}).wait(0.05)
    assert time.monotonic() - started >= 0.05


def is_running(pid: int) -> bool:
    """Neither gone nor a zombie that nobody has collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()
    return state != "Z"

"""The hand-written stub of the native module says what the module is."""

from __future__ import annotations

from conftest import run_python


def test_the_stub_matches_the_module() -> None:
    done = run_python("-m", "mypy.stubtest", "sanskey._native", "--concise")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr

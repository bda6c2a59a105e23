"""The benchmarks run. What they measure is for people to read: no test depends on how fast a machine is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    "command",
    [[sys.executable, "python_benchmark.py", "--rounds", "1"], ["node", "node-benchmark.mjs", "1"]],
    ids=["Python", "Node"],
)
def test_it_prints_a_row_for_each_comparison(command):
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line for line in done.stdout.splitlines() if re.search(r"\| (-?\d+\.\d+|more than \d+) \|$", line)]
    assert len(rows) >= 4, done.stdout

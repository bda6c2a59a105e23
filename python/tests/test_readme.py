"""What the READMEs show passes a strict type checker, as a reader's would be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import REPOSITORY, run_python

PAGES = {"package": REPOSITORY / "python" / "README.md", "repository": REPOSITORY / "README.md"}
PAGES["token_sources"] = REPOSITORY / "docs" / "token-sources.md"


def test_every_snippet_passes_mypy_strict(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    files = []
    for name, page in PAGES.items():
        snippets = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        assert snippets, page
        for number, snippet in enumerate(snippets):
            files.append(tmp_path / f"{name}_{number}.py")
            files[-1].write_text(snippet, encoding="utf-8")
    cache = pytestconfig.rootpath / ".mypy_cache" / "readme"
    # Functions of google-auth have no annotations, and boto3 has no types; that is not the snippet's fault.
    options = ["--strict", "--config-file=", f"--cache-dir={cache}", "--untyped-calls-exclude=google"]
    options += ["--disable-error-code=import-untyped"]
    done = run_python("-m", "mypy", *options, *map(str, files))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout

"""The wheel, installed into a virtual environment that has nothing else."""

import json
import re
import sys
from email import message_from_bytes
from pathlib import Path

import pytest
from packages import LICENCES, REPOSITORY, TOKEN, VERSION, contents, package, run, same_licences

INFO = f"sanskey-{VERSION}.dist-info/"
SOURCES = REPOSITORY / "python/src/sanskey"


@pytest.fixture(scope="module")
def files():
    return contents(package("*.whl"))


@pytest.fixture(scope="session")
def python(folder):
    """The interpreter of a virtual environment with the wheel, installed from the file and nothing else."""
    run(sys.executable, "-m", "venv", "--without-pip", "venv", cwd=folder)
    (found,) = [path for path in (folder / "venv/bin/python", folder / "venv/Scripts/python.exe") if path.exists()]
    pip = [sys.executable, "-m", "pip", "--python", found, "--isolated", "--disable-pip-version-check", "--quiet"]
    run(*pip, "install", "--no-index", "--no-deps", package("*.whl"), cwd=folder)
    return found


def test_files(files):
    sources = [path for path in SOURCES.rglob("*") if path.suffix in (".py", ".pyi") or path.name == "py.typed"]
    written = {path.relative_to(SOURCES).as_posix() for path in sources}
    (native,) = [name for name in files if name.startswith("sanskey/_native.") and not name.endswith(".pyi")]
    info = {"METADATA", "WHEEL", "RECORD", *(f"licenses/{name}" for name in [*LICENCES, "LICENSE-THIRD-PARTY"])}
    assert set(files) == {native, *(f"sanskey/{name}" for name in written), *(INFO + name for name in info)}


def test_metadata(files):
    metadata = message_from_bytes(files[INFO + "METADATA"])
    assert (metadata["Name"], metadata["Version"]) == ("sanskey", VERSION)
    assert metadata["License-Expression"] == "Apache-2.0 OR MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    (extra,) = metadata.get_all("Requires-Dist")
    assert re.fullmatch(r"google-auth ?>=2\.35 ?; ?extra == ['\"]google-auth['\"]", extra)
    assert metadata.get_payload().rstrip() == (REPOSITORY / "python/README.md").read_text().rstrip()


def test_serves_every_python_from_3_10(files):
    assert re.search(rb"^Tag: cp310-abi3-", files[INFO + "WHEEL"], re.MULTILINE)


def test_licences(files):
    same_licences(files, INFO + "licenses/")
    notices = files[INFO + "licenses/LICENSE-THIRD-PARTY"].decode()
    assert re.search(r"^  pyo3 [\d.]+: ", notices, re.MULTILINE)
    assert re.search(r"^  sha2 [\d.]+: ", notices, re.MULTILINE)
    # No part of the build only, none of the tests only, and none of our own.
    assert not re.search(r"^  (pyo3-macros|syn|aws-sigv4|sanskey\S*) ", notices, re.MULTILINE)


def test_works_when_installed(python, folder):
    program = f"""
import importlib.metadata, json, sanskey
p = {TOKEN["params"]!r}
key = sanskey.AwsCredentials(p["access_key_id"], p["secret_access_key"], p["session_token"])
print(json.dumps({{
    "home": sanskey.__file__,
    "version": sanskey.__version__,
    "installed": importlib.metadata.version("sanskey"),
    "token": sanskey.caller_identity_token(key, p["region"], p["audience"], p["now"]),
}}))
"""
    told = json.loads(run(python, "-c", program, cwd=folder))
    assert Path(told["home"]).is_relative_to(folder)
    assert told["version"] == told["installed"] == VERSION
    assert told["token"] == TOKEN["result"]["text"]


def test_its_types_are_found(python, folder):
    (folder / "typed.py").write_text(
        "import sanskey\nreveal_type(sanskey.caller_identity_token)\nsanskey.no_such_name\n"
    )
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--cache-dir", folder / "mypy"]
    program = "import subprocess, sys; print(subprocess.run(sys.argv[1:], capture_output=True, text=True).stdout)"
    told = run(sys.executable, "-c", program, *mypy, "typed.py", cwd=folder)
    assert 'Revealed type is "def (credentials: sanskey.aws.AwsCredentials, region:' in told
    assert "no_such_name" in told
    assert "py.typed" not in told
    assert "Found 1 error" in told

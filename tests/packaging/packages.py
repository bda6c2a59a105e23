"""Where the packages are that `make packages` built, and what they have to do once they are installed."""

import json
import os
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = Path(os.environ.get("SANSKEY_PACKAGES") or REPOSITORY / "target/packages")
VERSION = re.search(r'^version = "(.*)"$', (REPOSITORY / "Cargo.toml").read_text(), re.MULTILINE)[1]
LICENCES = ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT"]
TOKEN = json.loads((REPOSITORY / "tests/vectors/sigv4/token-temporary.json").read_text())


def package(pattern):
    """The one file of this name."""
    (found,) = PACKAGES.glob(pattern)
    return found


def contents(archive):
    """What an archive holds, by name. Those of npm and cargo have one folder around it."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(archive) as tar:
        return {member.name.partition("/")[2]: tar.extractfile(member).read() for member in tar if member.isfile()}


def run(*command, cwd, **variables):
    """What a program prints, away from this repository and from what points into it."""
    ours = ("PYTHON", "VIRTUAL_ENV", "NODE_", "SANSKEY_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def same_licences(files, folder):
    """Those of the project, word for word."""
    for name in LICENCES:
        assert files[folder + name] == (REPOSITORY / name).read_bytes()

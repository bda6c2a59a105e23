"""The crate, as it would be uploaded. That it compiles by itself is what `cargo package` has verified."""

import re

import pytest
from packages import REPOSITORY, VERSION, contents, package, same_licences


@pytest.fixture(scope="module")
def files():
    return contents(package("*.crate"))


def test_files(files):
    papers = {"README.md", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT"}
    by_cargo = {"Cargo.toml", "Cargo.toml.orig", "Cargo.lock"}
    crate = REPOSITORY / "crates/sanskey"
    written = {
        path.relative_to(crate).as_posix() for part in ("src", "examples") for path in (crate / part).rglob("*.rs")
    }
    # What cargo says of git is absent outside of git.
    assert set(files) - {".cargo_vcs_info.json"} == papers | written | by_cargo
    same_licences(files, "")
    assert files["README.md"] == (REPOSITORY / "README.md").read_bytes()


def test_depends_on_published_crates_only(files):
    manifest = files["Cargo.toml"].decode()
    assert f'version = "{VERSION}"' in manifest
    assert re.findall(r"^(?:path = \"\.\.|\[.*dependencies\.sanskey).*", manifest, re.MULTILINE) == []

#!/usr/bin/env python3
"""Prints the notices of the software that a compiled binding is made of: names, licences and the licences' texts.

    scripts/third-party-notices.py PACKAGE[@TARGET]...

PACKAGE is a crate of this workspace, TARGET the platform that it is compiled for, by default this machine's. What only
takes part in the build (procedural macros, build scripts) is left out. The texts are those that each crate brings;
where there is a choice of licences, MIT is taken, the shortest. A crate without a text is an error, so that no notice
is lost.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Crate = dict[str, Any]  # as `cargo metadata` describes it

# What the LICENSE files of repositories claim that publish under the MIT licence, and without its text.
COPYRIGHTS = {
    "https://github.com/napi-rs/napi-rs": ["Copyright (c) 2020 LongYinan", "Copyright (c) 2018 GitHub"],
    "https://github.com/rust-lang/rust": ["Copyright (c) The Rust Project Contributors"],
}
STANDARD_LIBRARY: Crate = {
    "name": "the Rust standard library",
    "version": "",
    "license": "MIT OR Apache-2.0",
    "repository": "https://github.com/rust-lang/rust",
}
IS_LICENCE = re.compile(r"(un)?licen[sc]e|copying", re.IGNORECASE)
IS_NOTICE = re.compile(r"copyright|notice", re.IGNORECASE)
RULE = "-" * 80


def main(wanted: list[str]) -> None:
    if not wanted:
        sys.exit(__doc__)
    crates = [*linked_crates(wanted), STANDARD_LIBRARY]
    texts: dict[str, list[str]] = {}
    for crate in crates:
        for text in texts_of(crate):
            texts.setdefault(text, []).append(title(crate))

    print("The compiled parts of this package contain what is listed here, used under MIT where there is a choice.\n")
    for crate in crates:
        print(f"  {title(crate)}: {crate['license']}, {crate['repository']}")
    for text, users in texts.items():
        print(f"\n{RULE}\n{', '.join(users)}\n{RULE}\n\n{text}")


def linked_crates(wanted: list[str]) -> list[Crate]:
    """Those that the bindings `wanted` are linked from, without the workspace's own."""
    metadata = json.loads(run("cargo", "metadata", "--locked", "--format-version=1"))
    every = {(crate["name"], crate["version"]): crate for crate in metadata["packages"]}
    found = set()
    for package, _, target in (one.partition("@") for one in wanted):
        options = ["--target", target] if target else []
        for line in run("cargo", "tree", "--locked", "--package", package, *options, *LINKED_ONLY).splitlines():
            name, version = line.split()[:2]
            found.add((name, version.removeprefix("v")))
    # What has no source is in this checkout.
    return [every[key] for key in sorted(found) if every[key]["source"]]


LINKED_ONLY = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe"]


def title(crate: Crate) -> str:
    return f"{crate['name']} {crate['version']}".strip()


def texts_of(crate: Crate) -> list[str]:
    found = texts_within(crate)
    if found:
        return found
    if "MIT" in alternatives(crate) and crate["repository"] in COPYRIGHTS:
        terms = "".join(tidy(ROOT / "LICENSE-MIT").partition("Permission is")[1:])
        return ["\n".join([*COPYRIGHTS[crate["repository"]], "", terms])]
    sys.exit(f"error: {title(crate)} ({crate['license']}) brings no licence text")


def texts_within(crate: Crate) -> list[str]:
    if "manifest_path" not in crate:
        return []
    files = sorted(file for file in Path(crate["manifest_path"]).parent.iterdir() if file.is_file())
    licences = [file for file in files if IS_LICENCE.match(file.name)]
    if "MIT" in alternatives(crate):
        licences = [file for file in licences if "MIT" in file.name.upper()] or licences
    return [tidy(file) for file in licences + [file for file in files if IS_NOTICE.match(file.name)] if licences]


def alternatives(crate: Crate) -> list[str]:
    return re.split(r" OR |/", crate["license"])


def tidy(file: Path) -> str:
    """Without what differs between copies of one text: line ends, and empty lines around it."""
    lines = [line.rstrip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    return "\n".join(lines).strip("\n")


def run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


if __name__ == "__main__":
    main(sys.argv[1:])

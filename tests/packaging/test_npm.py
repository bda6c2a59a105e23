"""Both npm packages, installed into a project from their tarballs."""

import json
import re
import shutil

import pytest
from packages import REPOSITORY, TOKEN, VERSION, contents, package, run, same_licences

TARBALLS = {"sanskey": f"sanskey-{VERSION}.tgz", "sanskey-wasm": f"sanskey-wasm-{VERSION}.tgz"}
FOLDERS = {"sanskey": REPOSITORY / "node", "sanskey-wasm": REPOSITORY / "wasm"}
# What is not code: everything else that a package holds is a program, a declaration or a compiled library.
PAPERS = {"README.md", "package.json", *(f"dist/LICENSE{end}" for end in ("", "-APACHE", "-MIT", "-THIRD-PARTY"))}
CODE = re.compile(
    r"dist/types/[\w/-]+\.d\.c?ts|dist/[\w-]+\.(js|mjs|cjs)|dist/sanskey\.wasm(\.d\.ts)?|sanskey\.[\w-]+\.node"
)
ENTRIES = [("sanskey", "native"), ("sanskey", "wasm"), ("sanskey-wasm", ""), ("sanskey-wasm/slim", "")]


@pytest.fixture(scope="session")
def project(folder):
    """One that depends on both tarballs, installed without the network."""
    project = folder / "project"
    project.mkdir()
    (project / "package.json").write_text('{"private": true}')
    quiet = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    run(shutil.which("npm"), "install", *quiet, *(package(tarball) for tarball in TARBALLS.values()), cwd=project)
    return project


@pytest.mark.parametrize("name", TARBALLS)
def test_files(name):
    files = contents(package(TARBALLS[name]))
    assert set(files) >= PAPERS
    assert [file for file in files if file not in PAPERS and not CODE.fullmatch(file)] == []
    assert files["README.md"] == (FOLDERS[name] / "README.md").read_bytes()
    same_licences(files, "dist/")
    # What the manifest points to is there.
    manifest = json.loads(files["package.json"])
    assert set(re.findall(r': "\./([^"]*)"', json.dumps(manifest))) <= set(files)
    assert (manifest["name"], manifest["version"]) == (name, VERSION)
    assert "dependencies" not in manifest


@pytest.mark.parametrize(("name", "binding"), [("sanskey", "napi"), ("sanskey-wasm", "wasm-bindgen")])
def test_notices(name, binding):
    notices = contents(package(TARBALLS[name]))["dist/LICENSE-THIRD-PARTY"].decode()
    listed = re.findall(r"^  (\S+) [\d.]+: ", notices, re.MULTILINE)
    assert {binding, "sha2"} <= set(listed)
    assert not {"napi-derive", "wasm-bindgen-macro", "syn", "aws-sigv4", "sanskey"} & set(listed)


@pytest.mark.parametrize(("entry", "backend"), ENTRIES)
@pytest.mark.parametrize("kind", ["required.cjs", "imported.mjs"])
def test_works_when_installed(project, kind, entry, backend):
    load = "require" if kind == "required.cjs" else "await import"
    given = TOKEN["params"]
    key = {
        "accessKeyId": given["access_key_id"],
        "secretAccessKey": given["secret_access_key"],
        "sessionToken": given["session_token"],
    }
    arguments = ", ".join(json.dumps(part) for part in (key, given["region"], given["audience"], given["now"] * 1000))
    program = project / kind
    loads = f"const fs = {load}('node:fs');\nconst sanskey = {load}('{entry}');\n"
    program.write_text(loads + READY[entry] + f"console.log(sanskey.callerIdentityToken({arguments}));\n")
    variables = {"SANSKEY_BACKEND": backend} if backend else {}
    assert run(shutil.which("node"), program, cwd=project, **variables) == TOKEN["result"]["text"] + "\n"


# The slim entry is given the module that the others carry.
READY = {
    "sanskey": "",
    "sanskey-wasm": "",
    "sanskey-wasm/slim": "sanskey.init(fs.readFileSync('node_modules/sanskey-wasm/dist/sanskey.wasm'));\n",
}


@pytest.mark.parametrize("kind", ["cts", "mts"])
def test_its_types_are_found(project, kind):
    program = project / f"typed.{kind}"
    program.write_text(
        'import { callerIdentityToken as native } from "sanskey";\n'
        'import { callerIdentityToken as wasm } from "sanskey-wasm";\n'
        'import { callerIdentityToken as slim } from "sanskey-wasm/slim";\n'
        'const key = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "made up" };\n'
        'export const texts: string[] = [native, wasm, slim].map((token) => token(key, "us-east-1", "audience", 0));\n'
        "// @ts-expect-error: a region is a text\n"
        'native(key, 1, "audience");\n'
    )
    options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "", "--ignoreConfig"]
    run(shutil.which("node"), FOLDERS["sanskey"] / "node_modules/.bin/tsc", *options, program.name, cwd=project)

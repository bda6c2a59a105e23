"""Runs what README.md shows, as it is written, against the emulator.

A reader's endpoints are Google's. Here they are on this machine, which the packages refuse by default: so the Python
snippets run after a prelude that changes this default, and the JavaScript ones find packages of the same names that
pass everything on to the real ones with this default changed.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from emulator import Emulator

REPOSITORY = Path(__file__).parents[2]
SNIPPETS = dict(
    re.findall(r"<!-- quickstart: (\S+) -->\n```\w+\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
)
PRINTED = r"service_account until 20\d\d-.*\n"


@pytest.fixture
def emulator(tmp_path):
    running = Emulator(tmp_path / "credentials.json")
    yield running
    running.stop()


@pytest.fixture
def packages(tmp_path):
    """The npm packages, allowing endpoints on this machine."""
    for name, entry in [("sanskey", "node/dist/index.mjs"), ("sanskey-wasm", "wasm/dist/index.js")]:
        folder = tmp_path / "node_modules" / name
        folder.mkdir(parents=True)
        url = (REPOSITORY / entry).as_uri()
        (folder / "package.json").write_text(json.dumps({"name": name, "type": "module", "exports": "./index.js"}))
        (folder / "index.js").write_text(
            f'export * from "{url}";\n'
            f'import {{ fetchToken as real }} from "{url}";\n'
            'export const fetchToken = (config, options) => real(config, { endpoints: "loopback", ...options });\n'
            f'import * as all from "{url}";\n'
            'export const createAuthClient = (Client, config) => all["createAuthClient"](Client, config, { endpoints: "loopback" });\n'
            f'import {{ TokenSource as RealSource }} from "{url}";\n'
            "export class TokenSource extends RealSource {\n"
            '  constructor(config, options) { super(config, { endpoints: "loopback", ...options }); }\n'
            "}\n"
        )


def test_there_is_one_for_each():
    in_python = ["python", "python-check", "python-google", "python-host", "python-parts", "python-source"]
    in_node = ["node", "node-check", "node-google", "node-host", "node-parts", "node-source"]
    assert sorted(SNIPPETS) == ["browser", *in_node, "output-of-check", *in_python, "worker"]


@pytest.mark.parametrize("name", ["python", "python-host"])
def test_python(name, emulator, tmp_path):
    prelude = "import sanskey\nsanskey.fetch_token.__kwdefaults__['endpoints'] = 'loopback'\n"
    (tmp_path / "snippet.py").write_text(prelude + SNIPPETS[name])
    assert re.fullmatch(PRINTED, run([sys.executable, "snippet.py"], tmp_path))
    assert len(emulator.requests()) == 6


def test_python_with_google_auth(emulator, tmp_path):
    prelude = (
        "import functools, sanskey.google_auth as adapter\n"
        "adapter.Credentials = functools.partial(adapter.Credentials, endpoints='loopback')\n"
    )
    (tmp_path / "snippet.py").write_text(prelude + SNIPPETS["python-google"])
    printed = run([sys.executable, "snippet.py"], tmp_path)
    assert printed == "https://storage.googleapis.com/my-bucket/reports/2026.csv\n"
    assert len(emulator.requests()) == 6


def test_python_with_a_source(emulator, tmp_path):
    prelude = "import functools, sanskey\n"
    prelude += "sanskey.TokenSource = functools.partial(sanskey.TokenSource, endpoints='loopback')\n"
    (tmp_path / "snippet.py").write_text(prelude + SNIPPETS["python-source"])
    assert re.fullmatch(PRINTED, run([sys.executable, "snippet.py"], tmp_path))
    assert len(emulator.requests()) == 6


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("name", ["node", "node-host", "node-source"])
def test_node(name, emulator, tmp_path):
    assert re.fullmatch(PRINTED, run_javascript(SNIPPETS[name], tmp_path))
    assert len(emulator.requests()) == 6


@pytest.mark.usefixtures("packages")
def test_node_with_googles_clients(emulator, tmp_path):
    installed = REPOSITORY / "tests/oracle/node_modules"
    (tmp_path / "node_modules/@google-cloud").mkdir()
    (tmp_path / "node_modules/@google-cloud/storage").symlink_to(installed / "@google-cloud/storage")
    (tmp_path / "node_modules/google-auth-library").symlink_to(installed / "google-auth-library")
    assert run_javascript(SNIPPETS["node-google"], tmp_path) == "a token for my-project is there\n"
    assert len(emulator.requests()) == 6


def test_the_configuration_from_parts_is_the_same_in_both_languages(tmp_path):
    """What reaches the exchange, since its endpoints are Google's."""
    prelude = "import sanskey\nsanskey.fetch_token = lambda config: print(config.to_json())\n"
    (tmp_path / "snippet.py").write_text(prelude + SNIPPETS["python-parts"])
    in_python = run([sys.executable, "snippet.py"], tmp_path)
    real = (REPOSITORY / "node/dist/index.mjs").as_uri()
    folder = tmp_path / "node_modules" / "sanskey"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "sanskey", "type": "module", "exports": "./index.js"}')
    (folder / "index.js").write_text(
        f'export * from "{real}";\nexport const fetchToken = async (config) => console.log(config.toJson());\n'
    )
    assert run_javascript(SNIPPETS["node-parts"], tmp_path) == in_python
    config = json.loads(in_python)
    assert config["credential_source"] == {"sanskey": {"platform": "github_actions"}}
    assert config["audience"].endswith(
        "/projects/123456789012/locations/global/workloadIdentityPools/my-pool/providers/my-provider"
    )
    assert "deployer@my-project." in config["service_account_impersonation_url"]


@pytest.mark.usefixtures("packages")
def test_a_check_says_what_is_shown(tmp_path):
    config = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"executable": {"command": "/bin/cat /run/answer | /bin/head -1"}},
    }
    (tmp_path / "credentials.json").write_text(json.dumps(config))
    (tmp_path / "snippet.py").write_text(SNIPPETS["python-check"])
    assert run([sys.executable, "snippet.py"], tmp_path) == SNIPPETS["output-of-check"]
    assert run_javascript(SNIPPETS["node-check"], tmp_path) == SNIPPETS["output-of-check"]


@pytest.mark.usefixtures("packages")
def test_browser(emulator, tmp_path):
    key = emulator.role_credentials()
    emulator.http("/emulator/requests", "DELETE")
    given = {
        "config": emulator.config_file.read_text(),
        "awsCredentials": {
            "accessKeyId": key["AccessKeyId"],
            "secretAccessKey": key["SecretAccessKey"],
            "sessionToken": key["Token"],
        },
    }
    prelude = f"Object.assign(globalThis, {json.dumps(given)});\n"
    assert re.fullmatch(PRINTED, run_javascript(prelude + SNIPPETS["browser"], tmp_path))
    assert len(emulator.requests()) == 2


@pytest.mark.usefixtures("packages")
def test_worker(emulator, tmp_path):
    """The request to Cloud Storage that it ends with is answered here with who the bearer is."""
    key = emulator.role_credentials()
    emulator.http("/emulator/requests", "DELETE")
    env = {
        "GOOGLE_CREDENTIALS": emulator.config_file.read_text(),
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_SESSION_TOKEN": key["Token"],
    }
    (tmp_path / "worker.mjs").write_text(SNIPPETS["worker"])
    caller = f"""
        const realFetch = fetch;
        globalThis.fetch = (url, init) =>
          String(url).startsWith("https://storage.googleapis.com/")
            ? realFetch("{emulator.url}/emulator/whoami", init)
            : realFetch(url, init);
        const {{ default: worker }} = await import("./worker.mjs");
        const response = await worker.fetch(new Request("https://worker.example/"), {json.dumps(env)});
        console.log(JSON.stringify(await response.json()));
    """
    bearer = json.loads(run_javascript(caller, tmp_path))
    assert bearer["kind"] == "service_account"
    assert ("POST", "/v1/token", 200) in emulator.requests()


def run_javascript(source, folder):
    (folder / "snippet.mjs").write_text(source)
    return run(["node", "snippet.mjs"], folder)


def run(command, folder):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOOGLE_"))}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout

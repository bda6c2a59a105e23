"""The examples of use cases, each in the environment of its platform, against an API that checks who calls."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import EXAMPLES, Emulator
from google_api import Call, GoogleApi
from platforms import (
    OF_A_BUILD,
    OF_A_POD,
    OF_AN_INSTANCE,
    allow_loopback,
    build,
    instance,
    mount_pod_token,
    pod,
)

USE_CASES = EXAMPLES / "use_cases"

Start = Callable[..., Emulator]
StartApi = Callable[..., GoogleApi]
Environment = Callable[[Emulator], dict[str, str]]


@pytest.fixture
def google_api() -> Iterator[StartApi]:
    """Starts APIs, and stops them with the test; none of them may have refused a request."""
    with ExitStack() as stack:
        apis: list[GoogleApi] = []

        def start(emulator: Emulator, answers: Mapping[str, list[object]]) -> GoogleApi:
            apis.append(stack.enter_context(GoogleApi(emulator, answers)))
            return apis[-1]

        yield start
        assert [api.refused for api in apis] == [[] for _ in apis]


class Platform:
    """Runs examples in the environment of one platform."""

    def __init__(self, emulator: Emulator, environment: Environment, folder: Path) -> None:
        self.emulator = emulator
        self._env = {**environment(emulator), **allow_loopback(folder)}

    def run(self, api: GoogleApi, name: str, *arguments: str, text: str = "") -> str:
        """What the example prints."""
        done = self.run_to_its_end(api, name, *arguments, text=text)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def run_to_its_end(
        self, api: GoogleApi, name: str, *arguments: str, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(USE_CASES / name), *arguments]
        env = {**self._env, "GOOGLE_API_URL": api.url}
        return subprocess.run(command, input=text, capture_output=True, text=True, env=env, timeout=60, check=False)

    def requests(self) -> list[str]:
        """What was asked of AWS and of Google's token endpoints. The second and third of an instance come at once."""
        asked = self.emulator.requests()
        return asked[:1] + sorted(asked[1:3], reverse=True) + asked[3:] if len(asked) == 6 else asked


@pytest.fixture
def on_ec2(emulator: Start, tmp_path: Path) -> Platform:
    """Google lets the role of the instance in, and no other."""
    return Platform(emulator("--imds-v1", "off", "--allowed-role", "sanskey-demo-role"), instance, tmp_path)


@pytest.fixture
def in_codebuild(emulator: Start, tmp_path: Path) -> Platform:
    """Google lets the role of the build in, and no other."""
    return Platform(emulator("--allowed-role", "sanskey-task-role"), build, tmp_path)


def test_data_analytics(on_ec2: Platform, google_api: StartApi) -> None:
    queries = "/bigquery/v2/projects/my-project/queries"
    job = {"projectId": "my-project", "jobId": "job_1", "location": "EU"}
    schema = {"fields": [{"name": "name", "type": "STRING"}, {"name": "n", "type": "INTEGER"}]}
    rows = [{"f": [{"v": "Ada"}, {"v": "3"}]}, {"f": [{"v": "Grace"}, {"v": None}]}]
    page = {"jobReference": job, "jobComplete": True, "schema": schema}
    answers = {
        f"POST {queries}": [{"jobReference": job, "jobComplete": False}],
        f"GET {queries}/job_1": [{**page, "rows": rows[:1], "pageToken": "a/b="}, {**page, "rows": rows[1:]}],
    }
    api = google_api(on_ec2.emulator, answers)
    printed = on_ec2.run(api, "ec2_bigquery.py", "my-project", "SELECT name, n FROM d.t")
    assert [json.loads(line) for line in printed.splitlines()] == [
        {"name": "Ada", "n": "3"},
        {"name": "Grace", "n": None},
    ]
    assert api.calls == [
        Call(f"POST {queries}", {"query": "SELECT name, n FROM d.t", "useLegacySql": False}),
        Call(f"GET {queries}/job_1", query={"location": "EU"}),
        Call(f"GET {queries}/job_1", query={"location": "EU", "pageToken": "a/b="}),
    ]
    assert on_ec2.requests() == OF_AN_INSTANCE


def test_data_sync_and_backup(on_ec2: Platform, google_api: StartApi, tmp_path: Path) -> None:
    def md5(text: str) -> str:
        return base64.b64encode(hashlib.md5(text.encode()).digest()).decode()

    folder = tmp_path / "backups"
    (folder / "sub folder").mkdir(parents=True)
    (folder / "changed").write_text("new")
    (folder / "same").write_text("same")
    (folder / "sub folder" / "ü&?").write_text("never seen")
    listing, upload = "/storage/v1/b/my-bucket/o", "POST /upload/storage/v1/b/my-bucket/o"
    pages = [
        {"items": [{"name": "changed", "md5Hash": md5("old")}], "nextPageToken": "p=2"},
        {"items": [{"name": "same", "md5Hash": md5("same")}, {"name": "composed"}]},
    ]
    api = google_api(on_ec2.emulator, {f"GET {listing}": pages, upload: [{}, {}]})
    assert on_ec2.run(api, "ec2_cloud_storage.py", str(folder), "my-bucket") == "sent changed\nsent sub folder/ü&?\n"
    fields = {"fields": "nextPageToken,items(name,md5Hash)"}
    assert api.calls == [
        Call(f"GET {listing}", query={**fields, "pageToken": ""}),
        Call(f"GET {listing}", query={**fields, "pageToken": "p=2"}),
        Call(upload, "new", {"uploadType": "media", "name": "changed"}),
        Call(upload, "never seen", {"uploadType": "media", "name": "sub folder/ü&?"}),
    ]
    assert on_ec2.requests() == OF_AN_INSTANCE


def test_cross_cloud_inventory(on_ec2: Platform, google_api: StartApi) -> None:
    listing = "GET /compute/v1/projects/my-project/aggregated/instances"
    base = "https://www.googleapis.com/compute/v1/projects/my-project/zones/europe-west1-b"
    web = {"name": "web", "zone": base, "machineType": f"{base}/machineTypes/e2-small", "status": "RUNNING"}
    empty = {"warning": {"code": "NO_RESULTS_ON_PAGE"}}
    pages = [
        {"items": {"zones/us-east1-b": empty}, "nextPageToken": "2"},
        {"items": {"zones/europe-west1-b": {"instances": [web]}}},
    ]
    api = google_api(on_ec2.emulator, {listing: pages})
    assert on_ec2.run(api, "ec2_compute_engine.py", "my-project") == "web europe-west1-b e2-small RUNNING\n"
    assert api.calls == [Call(listing, query={"returnPartialSuccess": "true", "pageToken": page}) for page in ("", "2")]
    assert on_ec2.requests() == OF_AN_INSTANCE


TERRAFORM = """
import os, sys, urllib.request
headers = {"authorization": f"Bearer {os.environ['GOOGLE_OAUTH_ACCESS_TOKEN']}"}
url = f"{os.environ['GOOGLE_API_URL']}/v3/projects/my-project"
urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10).close()
print(*sys.argv[1:])
"""


@pytest.mark.parametrize(("platform", "asked"), [("on_ec2", OF_AN_INSTANCE), ("in_codebuild", OF_A_BUILD)])
def test_infrastructure_as_code(
    request: pytest.FixtureRequest, google_api: StartApi, platform: str, asked: list[str]
) -> None:
    """A program in the place of Terraform calls Google with the token that it finds in its environment."""
    running: Platform = request.getfixturevalue(platform)
    api = google_api(running.emulator, {"GET /v3/projects/my-project": [{}]})
    assert running.run(api, "terraform.py", sys.executable, "-c", TERRAFORM, "apply", "a b") == "apply a b\n"
    assert api.calls == [Call("GET /v3/projects/my-project")]
    assert running.requests() == asked


def test_central_logging(on_ec2: Platform, google_api: StartApi) -> None:
    api = google_api(on_ec2.emulator, {"POST /v2/entries:write": [{}, {}]})
    lines = [f"line {number}" for number in range(501)]
    assert on_ec2.run(api, "ec2_cloud_logging.py", "my-project", "a/b", text="\n".join(lines)) == ""
    assert [call.request for call in api.calls] == ["POST /v2/entries:write"] * 2
    bodies = [call.body for call in api.calls]
    assert [entry["textPayload"] for body in bodies for entry in body["entries"]] == lines
    for body in bodies:
        assert body["logName"] == "projects/my-project/logs/a%2Fb"
        assert body["resource"]["type"] == "generic_node"
    assert {call.principal for call in api.calls} == {Call("").principal}
    assert on_ec2.requests() == OF_AN_INSTANCE


class Shop:
    """The microservice, running in a pod."""

    def __init__(self, emulator: Emulator, api: GoogleApi, folder: Path) -> None:
        self._log = folder / "log"
        own = {
            "TOPIC": "projects/my-project/topics/orders",
            "HOST": "127.0.0.1",
            "PORT": "0",
            "GOOGLE_API_URL": api.url,
        }
        env = {**pod(emulator, folder / "token"), **allow_loopback(folder), **own}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(USE_CASES / "eks_pubsub.py")],
                env=env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> Shop:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line.startswith("listening on port "), self.log()
        self._url = f"http://127.0.0.1:{line.split()[-1]}/orders"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=10)

    def order(self, text: str) -> tuple[int, str]:
        """The status and the text of the answer."""
        try:
            with urllib.request.urlopen(self._url, text.encode(), timeout=30) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as got:
            with got:
                return got.code, ""

    def log(self) -> str:
        return self._log.read_text()


PUBLISH = "POST /v1/projects/my-project/topics/orders:publish"


def test_microservice(emulator: Start, google_api: StartApi, tmp_path: Path) -> None:
    """Orders that come at once share one token, which is that of the pod's role."""
    running = emulator("--allowed-role", "sanskey-irsa-role")
    mount_pod_token(running, tmp_path / "token")
    orders = [json.dumps({"item": item}) for item in range(8)]
    api = google_api(running, {PUBLISH: [{"messageIds": ["11"]} for _ in orders]})
    with Shop(running, api, tmp_path) as shop, ThreadPoolExecutor(len(orders)) as customers:
        assert list(customers.map(shop.order, orders)) == [(202, "11")] * len(orders)
    published = [base64.b64decode(call.body["messages"][0]["data"]).decode() for call in api.calls]
    assert sorted(published) == orders
    assert {(call.request, call.principal) for call in api.calls} == {(PUBLISH, Call("").principal)}
    assert running.requests() == OF_A_POD


def test_a_microservice_whose_token_is_over_recovers_with_the_next(
    emulator: Start, google_api: StartApi, tmp_path: Path
) -> None:
    """In between it is nobody, although the node has a role that Google would let in."""
    running = emulator()
    mount_pod_token(running, tmp_path / "token", "?lifetime=-60")
    api = google_api(running, {PUBLISH: [{"messageIds": ["11"]}]})
    with Shop(running, api, tmp_path) as shop:
        assert shop.order("early") == (503, "")
        assert "aws_sts_rejected: " in shop.log()
        assert running.requests() == ["POST / 400"]
        mount_pod_token(running, tmp_path / "token")
        assert shop.order("later") == (202, "11")
    assert running.requests() == ["POST / 400", *OF_A_POD]


def test_ci_cd_deploy(in_codebuild: Platform, google_api: StartApi) -> None:
    service = "projects/my-project/locations/europe-west1/services/shop"
    operation = "projects/my-project/locations/europe-west1/operations/op-1"
    container = {"image": "shop:1", "env": [{"name": "MODE", "value": "live"}]}
    found = {"name": service, "etag": '"7"', "template": {"revision": "shop-00001", "containers": [container]}}
    done = {"name": operation, "done": True, "response": {"latestReadyRevision": f"{service}/revisions/shop-00002"}}
    answers = {
        f"GET /v2/{service}": [found],
        f"PATCH /v2/{service}": [{"name": operation}],
        f"GET /v2/{operation}": [done],
    }
    api = google_api(in_codebuild.emulator, answers)
    printed = in_codebuild.run(api, "codebuild_cloud_run.py", service, "shop:2")
    assert printed == f"{service}/revisions/shop-00002\n"
    wanted = {"name": service, "etag": '"7"', "template": {"containers": [{**container, "image": "shop:2"}]}}
    assert api.calls == [
        Call(f"GET /v2/{service}"),
        Call(f"PATCH /v2/{service}", wanted),
        Call(f"GET /v2/{operation}"),
    ]
    assert in_codebuild.requests() == OF_A_BUILD


def test_without_a_service_account_the_role_itself_arrives(
    emulator: Start, google_api: StartApi, tmp_path: Path
) -> None:
    running = Platform(emulator("--no-impersonation"), build, tmp_path)
    listing = "GET /compute/v1/projects/my-project/aggregated/instances"
    api = google_api(running.emulator, {listing: [{"items": {}}]})
    assert running.run(api, "ec2_compute_engine.py", "my-project") == ""
    assert "assumed-role/sanskey-task-role/" in api.calls[0].principal
    assert running.requests() == OF_A_BUILD[:2]


def test_a_role_that_google_does_not_let_in_calls_nothing(
    emulator: Start, google_api: StartApi, tmp_path: Path
) -> None:
    """The other tests would pass for any role, were this not refused."""
    running = Platform(emulator("--allowed-role", "sanskey-demo-role"), build, tmp_path)
    api = google_api(running.emulator, {})
    done = running.run_to_its_end(api, "codebuild_cloud_run.py", "projects/p/locations/l/services/s", "shop:2")
    assert done.returncode == 1
    assert "RemoteError: sts_rejected: " in done.stderr
    assert api.calls == []
    assert running.requests() == [OF_A_BUILD[0], "POST /v1/token 400"]


def test_the_api_refuses_tokens_of_others(emulator: Start) -> None:
    with GoogleApi(emulator(), {"GET /v1/things": [{}]}) as api:
        headers = {"authorization": "Bearer ya29.somebody-else-s"}
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(urllib.request.Request(f"{api.url}/v1/things", headers=headers), timeout=10)
        assert (api.calls, api.refused) == ([], ["GET /v1/things"])

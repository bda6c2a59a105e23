"""Where a configuration may come from."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from conftest import EXAMPLES, REPOSITORY, run_python

from sanskey import ConfigError, CredentialConfig, HostError, MisuseError, SourceLike, SourceName, sources
from sanskey.config import load

VECTOR = REPOSITORY / "tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json"
FIELDS = json.loads(VECTOR.read_text(encoding="utf-8"))["config"]
TEXT = json.dumps(FIELDS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "credentials.json"
    path.write_text(TEXT)
    return path


def test_all_ways_lead_to_the_same(path: Path) -> None:
    expected = CredentialConfig.from_json(TEXT)
    ways = [
        CredentialConfig(TEXT),
        CredentialConfig.from_dict(FIELDS),
        CredentialConfig.from_file(path),
        CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": str(path)}),
        CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": f"\n {TEXT}"}),
        *map(load, (expected, TEXT, FIELDS, path, str(path))),
    ]
    assert {config.audience for config in ways} == {FIELDS["audience"]}
    assert {config.service_account_email for config in ways} == {expected.service_account_email}
    assert CredentialConfig(TEXT) == expected
    assert hash(CredentialConfig(TEXT)) == hash(expected)
    assert pickle.loads(pickle.dumps(expected)) == expected
    assert expected != TEXT


def test_the_process_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert CredentialConfig.from_env() == CredentialConfig.from_file(path)


@pytest.mark.parametrize("env", [{}, {"GOOGLE_APPLICATION_CREDENTIALS": ""}])
def test_an_unset_variable(env: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="GOOGLE_APPLICATION_CREDENTIALS is not set") as caught:
        CredentialConfig.from_env(env)
    assert (caught.value.code, caught.value.stage) == ("config_not_found", "config")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.json") as caught:
        load(tmp_path / "missing.json")
    assert caught.value.code == "config_not_found"


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostError, match="Is a directory") as caught:
        CredentialConfig.from_file(tmp_path)
    assert caught.value.code == "host_failed"

    def refuse(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(HostError, match=r"The file 'credentials\.json' cannot be read: Permission denied") as caught:
        CredentialConfig.from_file("credentials.json")
    assert caught.value.code == "host_denied"


# In the alphabet of base64, so that it is a name of a file as far as its letters go.
PRIVATE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA"
KEY_FILE = {
    "type": "service_account",
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{PRIVATE}\n-----END PRIVATE KEY-----\n",
}
KEY = json.dumps(KEY_FILE)
ENCODED = b64encode(KEY.encode()).decode()
UNRECOGNISED = {
    "quoted": f"'{KEY}'",
    "twice": json.dumps(KEY),
    "base64": ENCODED,
    "base64, long": b64encode(KEY.encode() * 9).decode(),
    "base64, its end": ENCODED[-60:],
    "base64url": urlsafe_b64encode(KEY.encode()).decode(),
    "pem": KEY_FILE["private_key"],
    "pem on one line": KEY_FILE["private_key"].replace("\n", " "),
    "key material": PRIVATE,
    "key material with slashes": f"/{PRIVATE[:20]}/{PRIVATE[20:]}",
    "an assignment": f"GOOGLE_APPLICATION_CREDENTIALS={PRIVATE}.json",
    "a JWT": f"eyJhbGciOiJSUzI1NiJ9.{PRIVATE}.sig",
    "an access token": f"ya29.c.{PRIVATE}{PRIVATE}",
    "a URL": f"https://user:{PRIVATE}@localhost/missing.json",
    "a byte order mark": f"\ufeff'{KEY}'",
    "a null byte": f"\0{PRIVATE}.json",
}


@pytest.mark.parametrize("text", UNRECOGNISED.values(), ids=UNRECOGNISED)
def test_what_is_not_recognised_is_not_shown(text: str) -> None:
    attempts: list[Callable[[], CredentialConfig]] = [
        lambda: load(text),
        lambda: CredentialConfig.from_file(text),
        lambda: CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": text}),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError, match="neither JSON text nor the path of a file") as caught:
            attempt()
        assert caught.value.code == "config_not_found"
        assert_nothing_leaks(caught.value, text)


@pytest.mark.parametrize("before", ["", "\ufeff", "\n \ufeff\t"])
def test_a_key_file_is_recognised_and_not_shown(before: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(before + KEY)
    assert caught.value.code == "config_type_unsupported"
    assert_nothing_leaks(caught.value, KEY)


def assert_nothing_leaks(error: BaseException, text: str) -> None:
    """No eight letters in a row of the text that are not words of the message for every text."""
    assert error.__context__ is None or error.__suppress_context__
    shown = f"{error} {error!r} {vars(error)} {error.__context__!r} {error.__cause__!r}"
    common = "service_account PRIVATE GOOGLE_APPLICATION_CREDENTIALS"
    pieces = {text[at : at + 8] for at in range(len(text) - 7)}
    assert [piece for piece in pieces if piece in shown and piece not in common] == []


@pytest.mark.parametrize(
    "path",
    [
        "missing.json",
        "./missing.json",
        "/etc/sanskey/missing",
        "~/missing",
        "C:\\Users\\A B\\missing.json",
        "conf/missing.json",
        "/Users/Alice/Project 2/missing.json",
    ],
)
def test_a_path_that_is_mistaken_is_shown(path: str) -> None:
    with pytest.raises(ConfigError, match="There is no file") as caught:
        load(path)
    assert repr(path) in str(caught.value)


@pytest.mark.parametrize("before", ["\ufeff", " \n\ufeff", "\ufeff\r\n"])
def test_a_byte_order_mark_is_not_part_of_the_text(before: str, tmp_path: Path) -> None:
    assert load(before + TEXT).audience == FIELDS["audience"]
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert load(tmp_path / "marked.json").audience == FIELDS["audience"]


def test_what_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    attempts: list[Callable[[], CredentialConfig]] = [
        lambda: CredentialConfig.from_file(tmp_path / "binary"),
        lambda: CredentialConfig.from_json("{\ud800"),
        lambda: CredentialConfig.from_dict({"audience": object()}),
        lambda: CredentialConfig.from_dict({"audience": float("nan")}),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert caught.value.code == "config_not_json"


LOGIN = """{
  "refresh_token": "first",
  "type": "external_account_authorized_user",
  "client_id": "client",
  "\u00e4ther": {
    "kept": [
      1,
      null,
      {}
    ]
  },
  "token_url": "https://sts.googleapis.com/v1/oauthtoken",
  "client_secret": "password",
  "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider"
}"""
ACCOUNT = json.dumps(
    {
        "source_credentials": json.loads(LOGIN),
        "type": "impersonated_service_account",
        "refresh_token": "of nothing",
        "service_account_impersonation_url": (
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.example:generateAccessToken"
        ),
    },
    indent=2,
    ensure_ascii=False,
)


@pytest.mark.parametrize("text", [LOGIN, ACCOUNT], ids=["login", "account"])
@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_the_next_refresh_token_of_a_login(text: str, before: str) -> None:
    """Everything else stays, in its order: also what sanskey does not know."""
    config = CredentialConfig.from_json(before + text)
    assert config.source == "authorized_user"
    renewed = config.with_refresh_token('se"cond')
    assert renewed.to_json() == text.replace('"first"', '"se\\"cond"')
    assert config.to_json() == before + text
    assert "cond" not in f"{renewed!r} {renewed}"
    with pytest.raises(ConfigError) as caught:
        config.with_refresh_token("")
    assert (caught.value.field or "").endswith("refresh_token")


def test_a_workload_has_no_refresh_token() -> None:
    over_workload = json.dumps({**json.loads(ACCOUNT), "source_credentials": FIELDS})
    for text in (TEXT, over_workload):
        with pytest.raises(MisuseError, match="Only an external_account_authorized_user has a refresh token") as caught:
            CredentialConfig.from_json(text).with_refresh_token("a-secret")
        assert "a-secret" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("text", [TEXT, LOGIN, ACCOUNT], ids=["workload", "login", "account"])
def test_another_quota_project(text: str) -> None:
    config = CredentialConfig.from_json(text).with_quota_project("first").with_quota_project("second")
    assert config.quota_project_id == "second"
    assert config.to_json() == json.dumps(
        {**json.loads(text), "quota_project_id": "second"}, indent=2, ensure_ascii=False
    )
    assert config.request_headers("t") == {"authorization": "Bearer t", "x-goog-user-project": "second"}


@pytest.mark.parametrize("project", ["two\r\nlines", "a b", "\u00e4"])
def test_a_quota_project_that_cannot_stand_in_a_header(project: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CredentialConfig.from_json(TEXT).with_quota_project(project)
    assert caught.value.field == "quota_project_id"


def test_the_quota_project_of_the_environment() -> None:
    text = CredentialConfig.from_json(TEXT).with_quota_project("of-the-file").to_json()
    for variable, expected in [("of-the-variable", "of-the-variable"), ("", "of-the-file"), (None, "of-the-file")]:
        env = {"GOOGLE_APPLICATION_CREDENTIALS": text, "GOOGLE_CLOUD_QUOTA_PROJECT": variable}
        config = CredentialConfig.from_env({name: value for name, value in env.items() if value is not None})
        assert config.quota_project_id == expected
    plain = {"GOOGLE_APPLICATION_CREDENTIALS": TEXT}
    assert CredentialConfig.from_env(plain).to_json() == TEXT
    assert CredentialConfig.from_env(plain).request_headers("t") == {"authorization": "Bearer t"}
    assert CredentialConfig.from_env({**plain, "GOOGLE_CLOUD_QUOTA_PROJECT": "p"}).quota_project_id == "p"


AWS: dict[str, Any] = {"project_number": "123456789012", "pool": "pool", "provider": "aws", "source": "aws"}


def test_parts_are_a_configuration_like_any_other() -> None:
    config = CredentialConfig.from_parts(**AWS, service_account="app@project.iam.gserviceaccount.com")
    assert (config.source, config.project_number) == ("aws", "123456789012")
    assert config.service_account_email == "app@project.iam.gserviceaccount.com"
    assert CredentialConfig.from_json(config.to_json()) == config
    assert pickle.loads(pickle.dumps(config)) == config
    assert config == CredentialConfig.from_parts(
        123456789012, "pool", "aws", source=sources.Aws(), service_account="app@project.iam.gserviceaccount.com"
    )


NOTHING_TO_SAY = get_args(SourceName)
SAME = [
    ("aws", sources.Aws()),
    ("azure", sources.Azure()),
    ("azure_workload_identity", sources.AzureWorkloadIdentity()),
    ("buildkite", sources.Buildkite()),
    ("certificate", sources.Certificate()),
    ("fly_io", sources.FlyIo()),
    ("github_actions", sources.GithubActions()),
    ("gitlab", sources.Gitlab()),
    ("kubernetes", sources.Kubernetes()),
]


def test_every_name_of_a_source_will_do() -> None:
    made = {name: CredentialConfig.from_parts(**{**AWS, "source": name}) for name in NOTHING_TO_SAY}
    assert {name: config.source for name, config in made.items() if config.source != "platform"} == {
        "aws": "aws",
        "azure": "url",
        "certificate": "certificate",
        "kubernetes": "file",
    }
    assert [CredentialConfig.from_parts(**{**AWS, "source": source}) for _, source in SAME] == [
        made[name] for name, _ in SAME
    ]


def test_every_platform_of_the_core_has_a_name_or_a_record() -> None:
    with pytest.raises(ConfigError) as caught:
        CredentialConfig.from_parts(**{**AWS, "source": "mainframe"})
    platforms = re.findall(
        r"\w+", str(caught.value).partition("is none of ")[2].partition(".")[0].replace(" and ", " ")
    )
    assert len(platforms) >= 10
    records = {re.sub(r"\B([A-Z])", r"_\1", name).lower() for name in vars(sources)}
    assert "oauth2_client_credentials" in platforms
    records.add("oauth2_client_credentials")  # whose class is named as OAuth names the grant
    assert [name for name in platforms if name not in NOTHING_TO_SAY and name not in records] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (sources.AzureWorkloadIdentity("api://app"), {"platform": "azure_workload_identity", "resource": "api://app"}),
        (sources.Buildkite("a"), {"platform": "buildkite", "audience": "a"}),
        (
            sources.ClientCredentials("https://idp.example.com/token", "workload", "SECRET"),
            {
                "platform": "oauth2_client_credentials",
                "token_url": "https://idp.example.com/token",
                "client_id": "workload",
                "client_secret_variable": "SECRET",
            },
        ),
        (
            sources.ClientCredentials("https://idp.example.com/token", "w", "SECRET", "a b", "urn:pool", "aud"),
            {
                "platform": "oauth2_client_credentials",
                "token_url": "https://idp.example.com/token",
                "client_id": "w",
                "client_secret_variable": "SECRET",
                "scope": "a b",
                "resource": "urn:pool",
                "audience": "aud",
            },
        ),
        (sources.Environment("TOKEN"), {"platform": "environment", "variable": "TOKEN"}),
        (sources.FlyIo("a"), {"platform": "fly_io", "audience": "a"}),
        (sources.GithubActions("a"), {"platform": "github_actions", "audience": "a"}),
        (sources.Gitlab("TOKEN"), {"platform": "gitlab", "variable": "TOKEN"}),
    ],
)
def test_settings_of_a_platform(source: SourceLike, expected: dict[str, str]) -> None:
    text = CredentialConfig.from_parts("1", "pool", "provider", source=source).to_json()
    assert json.loads(text)["credential_source"] == {"sanskey": expected}


@pytest.mark.parametrize(
    "headers", [{"X-B": "2", "X-A": "1"}, [("X-B", "2"), ("X-A", "1")], iter([["X-B", "2"], ["X-A", "1"]])]
)
def test_headers_in_any_form(headers: Any) -> None:
    config = CredentialConfig.from_parts("1", "pool", "provider", source=sources.Url("https://a.example/", headers))
    assert list(json.loads(config.to_json())["credential_source"]["headers"].items()) == [("X-B", "2"), ("X-A", "1")]


@pytest.mark.parametrize(
    ("seconds", "millis"), [(5, 5000), (5.0004, 5000), (119.9996, 120000), (4.9, None), (1e300, None), (0, None)]
)
def test_a_timeout_is_in_seconds(seconds: float, millis: int | None) -> None:
    source = sources.Executable("token", timeout=seconds)
    if millis is None:
        with pytest.raises(ConfigError) as caught:
            CredentialConfig.from_parts("1", "pool", "provider", source=source)
        assert caught.value.field == "credential_source.executable.timeout_millis"
    else:
        text = CredentialConfig.from_parts("1", "pool", "provider", source=source).to_json()
        assert json.loads(text)["credential_source"]["executable"]["timeout_millis"] == millis


def test_a_source_by_name_that_needs_settings() -> None:
    for name in ("file", "url", "executable"):
        with pytest.raises(MisuseError, match=r"In the parameters, (path|url|command) must be a text"):
            CredentialConfig.from_parts(**{**AWS, "source": name})
    for name in ("azure_app_service", "environment"):
        with pytest.raises(ConfigError, match=r"credential_source\.sanskey\.") as missing:
            CredentialConfig.from_parts(**{**AWS, "source": name})
        assert missing.value.code == "config_field_missing"


def test_what_contradicts_itself() -> None:
    with pytest.raises(MisuseError, match="format must be text, or json with the name of the field"):
        CredentialConfig.from_parts(**{**AWS, "source": sources.File("token", format="json")})
    for seconds in (-1, 2**40):
        with pytest.raises(MisuseError, match="token_lifetime_seconds must be a whole number that is not negative"):
            CredentialConfig.from_parts(**AWS, token_lifetime_seconds=seconds)


def created(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python(str(EXAMPLES / "without_gcloud.py"), *arguments)


@pytest.mark.parametrize(
    ("name", "source"), [("file", "file:/var/run/token"), ("aws", "aws"), ("platform", "github_actions")]
)
def test_the_example(name: str, source: str) -> None:
    """It writes what the vectors have."""
    vector = json.loads((REPOSITORY / f"tests/vectors/create/{name}.json").read_text(encoding="utf-8"))
    done = created("123456789012", "pool", "provider", source)
    assert (done.stdout, done.stderr) == (vector["result"]["text"] + "\n", "")


def test_the_example_with_an_account_and_with_mistakes() -> None:
    account = "app@project.iam.gserviceaccount.com"
    done = created("123456789012", "pool", "provider", "aws", account)
    assert CredentialConfig.from_json(done.stdout).service_account_email == account
    for arguments, words in [
        (("my-project", "pool", "provider", "aws"), "number of the project"),
        (("1", "pool", "provider", "mainframe"), "none of azure_app_service"),
    ]:
        done = created(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr
    assert created("1").returncode == 2


def test_its_repr_says_where_it_leads_and_no_more() -> None:
    config = CredentialConfig.from_dict({**FIELDS, "client_id": "client", "client_secret": "a-secret"})
    assert repr(config) == f"CredentialConfig(source='aws', audience={FIELDS['audience']!r})"

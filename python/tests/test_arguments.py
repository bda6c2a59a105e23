"""Arguments of a type that cannot work are refused in words, by name, without what they hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

import sanskey
from sanskey import (
    Ask,
    AssumeRole,
    AwsCredentials,
    CommandOutput,
    CredentialConfig,
    Exchange,
    GetSessionToken,
    GetWebIdentityToken,
    HttpResponse,
    MisuseError,
    Token,
    TokenInfo,
    Wait,
    aio,
    caller_identity_token,
    certificate_config,
    fetch_token,
    goals,
    impersonation_request,
    introspect_token,
    parse_impersonation_response,
    parse_sts_response,
    revoke_login,
    sign_request,
    sources,
    sts_request,
)

VECTOR = REPOSITORY / "tests/vectors/exchange/aws/ec2-imdsv2-impersonation.json"
CONFIG: dict[str, Any] = json.loads(VECTOR.read_text(encoding="utf-8"))["config"]
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = AwsCredentials("AKIDEXAMPLE", SECRET)
URL = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.example:generateAccessToken"


def fetch_async(**arguments: Any) -> Token:
    return asyncio.run(aio.fetch_token(**arguments))


def polled(**arguments: Any) -> object:
    return Exchange(CONFIG, goals.AccessToken()).poll(**arguments)


def replied(**arguments: Any) -> None:
    Exchange(CONFIG, goals.AccessToken()).reply(**arguments)


def advanced(**arguments: Any) -> object:
    return Exchange(CONFIG, goals.AccessToken()).advance(**arguments)


def from_variable(value: Any) -> CredentialConfig:
    return CredentialConfig.from_env({"GOOGLE_APPLICATION_CREDENTIALS": value})


def introspect_async(**arguments: Any) -> TokenInfo:
    return asyncio.run(aio.introspect_token(**arguments))


def revoke_async(**arguments: Any) -> None:
    asyncio.run(aio.revoke_login(**arguments))


def from_quota_variable(value: Any) -> CredentialConfig:
    env = {"GOOGLE_APPLICATION_CREDENTIALS": LOGIN.to_json(), "GOOGLE_CLOUD_QUOTA_PROJECT": value}
    return CredentialConfig.from_env(env)


LOGIN_VECTOR = REPOSITORY / "tests/vectors/exchange/authorized-user/refresh.json"
LOGIN = CredentialConfig.from_dict(json.loads(LOGIN_VECTOR.read_text(encoding="utf-8"))["config"])
WORKLOAD = CredentialConfig.from_dict(CONFIG)
FETCHED = {"config": CONFIG}
EXCHANGED = {"config": CONFIG, "goal": goals.AccessToken()}
STS = {"token_url": "https://sts.googleapis.com/v1/token", "audience": "a", "subject_token": "t"}
STS |= {"subject_token_type": "u"}
IMPERSONATED = {"url": URL, "token": "t"}
ANSWERED = {"status": 200, "body": "{}"}
IDENTIFIED = {"credentials": KEY, "region": "us-east-1", "audience": "a"}
SIGNED = {"method": "GET", "url": "https://host/", "headers": {}, "body": b"", "credentials": KEY}
SIGNED |= {"region": "us-east-1", "service": "s3"}
TOKEN = Token("value", datetime(2026, 1, 1, tzinfo=timezone.utc), "federated")
SCOPES = "scopes is .* a list of str, or a str separated by"
NO_KEYS: list[Any] = [{}, {"secret_access_key": SECRET}, (SECRET, SECRET), SECRET]
ROLE: Any = AssumeRole("arn:aws:iam::123456789012:role/hub")
IS_ROLE = r"must be a sanskey\.AssumeRole\("
IS_KEY = r"must be sanskey\.AwsCredentials\("
PARTS: dict[str, Any] = {"project_number": "1", "pool": "pool", "provider": "provider", "source": "aws"}
PROVIDER: dict[str, Any] = {
    "provider": "locations/global/workforcePools/pool/providers/provider",
    "source": sources.File("token"),
}
PROVIDER |= {"workforce_pool_user_project": "1"}
SOURCE = r"source is .* a str such as 'aws', or one of the records of sanskey\.sources"
PAIRS = "headers is .* pairs of name and value"
SECONDS = "timeout is .* number of seconds that is not negative"
BAD_SOURCES: list[tuple[Any, str]] = [
    (sources.Aws(1), "imdsv2 is .* a bool"),  # type: ignore[arg-type]
    (sources.Azure(5), "app_id_uri is .* or None"),  # type: ignore[arg-type]
    (sources.AzureAppService(None), "resource is None, .* a str"),  # type: ignore[arg-type]
    (sources.AzureAppService("a", 5), "client_id is .* or None"),  # type: ignore[arg-type]
    (sources.AzureWorkloadIdentity(5), "resource is .* or None"),  # type: ignore[arg-type]
    (sources.Buildkite(5), "audience is .* or None"),  # type: ignore[arg-type]
    (sources.Certificate(Path("a")), "config_location is .* or None"),  # type: ignore[arg-type]
    (sources.Certificate(None, b"a"), "trust_chain_path is .* or None"),  # type: ignore[arg-type]
    (sources.ClientCredentials(None, "a", "b"), "token_url is None, .* a str"),  # type: ignore[arg-type]
    (sources.ClientCredentials("https://a.example/", 5, "b"), "client_id is .* a str"),  # type: ignore[arg-type]
    (sources.ClientCredentials("https://a.example/", "a", None), "client_secret_variable is None"),  # type: ignore[arg-type]
    (sources.ClientCredentials("https://a.example/", "a", "b", ["c"]), "scope is .* or None"),  # type: ignore[arg-type]
    (sources.ClientCredentials("https://a.example/", "a", "b", None, 5), "resource is .* or None"),  # type: ignore[arg-type]
    (sources.ClientCredentials("https://a.example/", "a", "b", audience=5), "audience is .* or None"),  # type: ignore[arg-type]
    (sources.Environment(None), "variable is None, .* a str"),  # type: ignore[arg-type]
    (sources.Executable(["token"]), "command is .* a str"),  # type: ignore[arg-type]
    (sources.Executable("token", "5"), "timeout is .* seconds as an int or a float"),  # type: ignore[arg-type]
    (sources.Executable("token", True), "timeout is .* seconds as an int or a float"),
    (sources.Executable("token", -1), SECONDS),
    (sources.Executable("token", float("nan")), SECONDS),
    (sources.Executable("token", interactive_timeout=float("inf")), f"interactive_{SECONDS}"),
    (sources.Executable("token", None, 5), "output_file is .* or None"),  # type: ignore[arg-type]
    (sources.File(Path("a")), "path is .* a str"),  # type: ignore[arg-type]
    (sources.File("a", 5), "json_field is .* or None"),  # type: ignore[arg-type]
    (sources.File("a", format=5), "format is .* or None"),  # type: ignore[arg-type]
    (sources.FlyIo(5), "audience is .* or None"),  # type: ignore[arg-type]
    (sources.GithubActions(b"a"), "audience is .* or None"),  # type: ignore[arg-type]
    (sources.Gitlab(5), "variable is .* or None"),  # type: ignore[arg-type]
    (sources.Kubernetes(Path("a")), "path is .* or None"),  # type: ignore[arg-type]
    (sources.Url(None), "url is None, .* a str"),  # type: ignore[arg-type]
    (sources.Url("https://a.example/", SECRET), PAIRS),  # type: ignore[arg-type]
    (sources.Url("https://a.example/", [SECRET]), PAIRS),  # type: ignore[list-item]
    (sources.Url("https://a.example/", [("a", SECRET, "b")]), PAIRS),  # type: ignore[list-item]
    (sources.Url("https://a.example/", {"a": SECRET.encode()}), PAIRS),  # type: ignore[arg-type]
    (sources.Url("https://a.example/", 5), PAIRS),  # type: ignore[arg-type]
]

Case = tuple[Callable[..., object], dict[str, Any], str, list[Any], str]
CASES: list[Case] = [
    # The function, what works, the argument that does not, and the words that say what does.
    (polled, {}, "now", ["0", b"0", [0]], "now is .* seconds"),
    (replied, {"reply": None}, "id", [None, 5, Ask("env", Wait(1))], "id is .* a str"),
    (advanced, {}, "replies", [None, 5, ["env"], [("env",)]], "replies is .* pairs"),
    (advanced, {}, "replies", [[(5, None)], [([], None)]], "id is .* a str"),
    (Exchange, EXCHANGED, "entropy", ["00", 1.5], "entropy is .* bytes"),
    (CredentialConfig, {}, "text", [None, b"{}", {}], "JSON text of a configuration is .* a str"),
    (CredentialConfig.from_json, {}, "text", [None, b"{}", {}], "JSON text of a configuration is .* a str"),
    (CredentialConfig.from_dict, {}, "fields", [None, 5, [1], "{}"], "The configuration is .* json"),
    (CredentialConfig.from_file, {}, "path", [None, 0, b"path"], "The path of the configuration is .* a str"),
    (CredentialConfig.from_env, {}, "env", [5, "x"], "env is .* a mapping"),
    (CredentialConfig.from_parts, PARTS, "project_number", [None, 1.5, True, b"1"], "project_number is .* an int or a"),
    (CredentialConfig.from_provider, PROVIDER, "workforce_pool_user_project", [5], "user_project is .* a str, or None"),
    (CredentialConfig.from_provider, PROVIDER, "provider", [None, 5], "provider is .* a str"),
    (LOGIN.with_refresh_token, {}, "token", [None, 5, b"x"], "token is .* a str"),
    (LOGIN.with_quota_project, {}, "id", [None, 5, b"x"], "id is .* a str"),
    (LOGIN.request_headers, {}, "token", [None, 5, b"x", {"value": SECRET}], "token is .* a Token, or its value"),
    (WORKLOAD.with_refresh_token, {}, "token", [SECRET], "Only an external_account_authorized_user has a refresh"),
    (from_quota_variable, {}, "value", [5, Path("x")], "GOOGLE_CLOUD_QUOTA_PROJECT is .* a str"),
    (certificate_config, {"key_path": "a"}, "cert_path", [None, Path("a")], "cert_path is .* a str"),
    (certificate_config, {"cert_path": "a"}, "key_path", [None, Path("a")], "key_path is .* a str"),
    (from_variable, {}, "value", [5, Path("x")], "GOOGLE_APPLICATION_CREDENTIALS is .* a str"),
    (sts_request, STS, "scopes", [5, b"x", {"a": 1}], SCOPES),
    (sts_request, STS, "access_boundary", [5, b"{}", [1]], "access_boundary is .* a dict"),
    (sts_request, STS, "access_boundary", [{"a": object()}, {"a": {1: SECRET.encode()}}], "access_boundary is .* dict"),
    (sts_request, STS, "body_format", [None, 5, b"form"], "body_format is .* a str"),
    (sts_request, STS, "scopes", [[b"x"], [None]], "An element of scopes is .* a str"),
    (impersonation_request, IMPERSONATED, "scopes", [5, b"x", {"a": 1}], SCOPES),
    (impersonation_request, IMPERSONATED, "delegates", [5, None, b"x"], "delegates is .* one str"),
    (impersonation_request, IMPERSONATED, "delegates", [[5]], "An element of delegates is .* a str"),
    (impersonation_request, IMPERSONATED, "lifetime_seconds", ["1", 1.5, None], "lifetime_seconds is .* an int"),
    (impersonation_request, IMPERSONATED, "token", [None, {"value": SECRET}, b"x"], "token is .* a Token"),
    (impersonation_request, IMPERSONATED, "url", [None, b"x"], "url is .* a str"),
    (caller_identity_token, IDENTIFIED, "credentials", NO_KEYS, IS_KEY),
    (caller_identity_token, IDENTIFIED, "credentials", [AwsCredentials("a", b"x")], "secret_access_key is .* a str"),  # type: ignore[arg-type]
    (caller_identity_token, IDENTIFIED, "region", [None, b"x"], "region is .* a str"),
    (caller_identity_token, IDENTIFIED, "audience", [None, 5], "audience is .* a str"),
    (caller_identity_token, IDENTIFIED, "now", ["0", (1,)], "now is .* seconds"),
    (sign_request, SIGNED, "credentials", NO_KEYS, IS_KEY),
    (sign_request, SIGNED, "body", [None, 5, ["x"]], "body is .* bytes, or a str"),
    (sign_request, SIGNED, "headers", [None, 5, "accept: x", ["accept"], [("a", "b", "c")]], "headers is .* pairs"),
    (sign_request, SIGNED, "headers", [{"a": 5}, [("a", None)], iter([("a", SECRET, "c")])], "headers is .* pairs"),
    (
        Token("value", datetime.now(timezone.utc), "federated").freshness,
        {},
        "now",
        ["0", object()],
        "now is .* seconds",
    ),
]
for name in ("pool", "provider"):
    CASES.append((CredentialConfig.from_parts, PARTS, name, [None, 5, b"x"], f"{name} is .* a str"))
MAKERS: list[tuple[Callable[..., object], dict[str, Any]]] = [
    (CredentialConfig.from_parts, PARTS),
    (CredentialConfig.from_provider, PROVIDER),
]
for make, works in MAKERS:
    CASES.append((make, works, "token_lifetime_seconds", ["1", 1.5, True], "token_lifetime_seconds is .* or None"))
    CASES.append((make, works, "source", [None, 5, sources.Aws, {"kind": "aws"}, KEY], SOURCE))
    for name in ("service_account", "subject_token_type", "universe_domain", "sts_region"):
        CASES.append((make, works, name, [5, b"x"], f"{name} is .* a str, or None"))
    CASES += [(make, works, "source", [bad], words) for bad, words in BAD_SOURCES]
for name in ("method", "url", "region", "service"):
    CASES.append((sign_request, SIGNED, name, [None, b"x"], f"{name} is .* a str"))
for name in STS:
    CASES.append((sts_request, STS, name, [None, b"x", 5], f"{name} is .* a str"))
OPTIONAL = ("client_id", "client_secret", "user_project", "actor_token", "actor_token_type", "api_client")
for name in (*OPTIONAL, "bind_cert_fingerprint"):
    CASES.append((sts_request, STS, name, [b"x", 5], f"{name} is .* a str, or None"))
for parse in (parse_sts_response, parse_impersonation_response):
    CASES.append((parse, ANSWERED, "status", ["200", None, 200.5], "status is .* an int"))
    CASES.append((parse, ANSWERED, "status", [-1, 1 << 70], "status must be an HTTP status"))
    CASES.append((parse, ANSWERED, "body", [None, b"{}", {}], "body is .* a str"))
    CASES.append((parse, ANSWERED, "now", ["0"], "now is .* seconds"))
for begin, works in ((fetch_token, FETCHED), (fetch_async, FETCHED), (Exchange, EXCHANGED)):
    CASES.append((begin, works, "config", [None, b"{}", 7, ["path"]], "The configuration is .* a path, JSON text"))
    CASES.append((begin, works, "aws_credentials", NO_KEYS, IS_KEY))
    CASES.append((begin, works, "aws_credentials", [AwsCredentials("a", "b", 5)], "session_token is .* or None"))  # type: ignore[arg-type]
    CASES.append((begin, works, "aws_region", [5, b"x"], "aws_region is .* a str, or None"))
    CASES.append((begin, works, "aws_profile", [5, b"x", ["x"]], "aws_profile is .* a str, or None"))
    CASES.append((begin, works, "aws_assume_role", [5, ROLE.role_arn, {"role_arn": SECRET}, AssumeRole], IS_ROLE))
    CASES.append((begin, works, "aws_assume_role", [[ROLE.role_arn], (ROLE, None)], f"An element of .* {IS_ROLE}"))
    for name in ("role_session_name", "external_id", "policy", "source_identity"):
        bad: list[Any] = [ROLE.__replace__(**{name: value}) for value in (5, b"x", {SECRET: SECRET})]
        CASES.append((begin, works, "aws_assume_role", bad, f"{name} is .* a str, or None"))
    CASES.append((begin, works, "aws_assume_role", [AssumeRole(5), [ROLE, AssumeRole(None)]], "role_arn is .* a str"))  # type: ignore[arg-type]
    bad = [ROLE.__replace__(policy_arns=value) for value in (5, None, b"x", {"a": 1})]
    CASES.append((begin, works, "aws_assume_role", bad, "policy_arns is .* a list of str"))
    bad = [ROLE.__replace__(policy_arns=[b"x"])]
    CASES.append((begin, works, "aws_assume_role", bad, "An element of policy_arns is .* a str"))
    seconds: list[Any] = ["900", 900.0, True]
    bad = [ROLE.__replace__(duration_seconds=value) for value in seconds]
    CASES.append((begin, works, "aws_assume_role", bad, "duration_seconds is .* an int, or None"))
    bad = [GetSessionToken(value) for value in seconds]
    CASES.append((begin, works, "aws_get_session_token", bad, "duration_seconds is .* an int, or None"))
    bad = [True, {}, GetSessionToken, GetWebIdentityToken()]
    CASES.append((begin, works, "aws_get_session_token", bad, r"must be a sanskey\.GetSessionToken\(\), or None"))
    bad = [GetWebIdentityToken(duration_seconds=value) for value in seconds]
    CASES.append((begin, works, "aws_web_identity_token", bad, "duration_seconds is .* an int, or None"))
    bad = [True, "audience", GetWebIdentityToken, GetSessionToken()]
    CASES.append((begin, works, "aws_web_identity_token", bad, r"must be a sanskey\.GetWebIdentityToken\(\), or None"))
    for name in ("audience", "signing_algorithm"):
        bad = [GetWebIdentityToken(**{name: value}) for value in (5, b"x")]  # type: ignore[arg-type]
        CASES.append((begin, works, "aws_web_identity_token", bad, f"{name} is .* a str, or None"))
    CASES.append((begin, works, "subject_token", [5, b"x", [SECRET]], "subject_token is .* a str, or a function"))
    functions: list[Any] = [lambda _: None, lambda _: SECRET.encode(), lambda context: context]
    CASES.append((begin, works, "subject_token", functions, "What the function subject_token returned is .* a str"))
    for name in ("actor_token", "actor_token_type"):
        CASES.append((begin, works, name, [5, b"x", lambda _: "x"], f"{name} is .* a str, or None"))
    CASES.append((begin, works, "bind_to_certificate", [None, 1, "yes"], "bind_to_certificate is .* a bool"))
    CASES.append(
        (begin, works, "token_servers", [5, None, b"x", {"a": 1}], "token_servers is .* a list of str, or one")
    )
    CASES.append((begin, works, "token_servers", [[b"x"], [None]], "An element of token_servers is .* a str"))
    CASES.append((begin, works, "endpoints", [None, b"any", object()], "endpoints is .* a str"))
CASES.append((Exchange, EXCHANGED, "api_client", [5, b"x"], "api_client is .* a str, or None"))
CASES.append((Exchange, EXCHANGED, "goal", [goals.Introspection(5)], "token is .* a Token, or its value"))  # type: ignore[arg-type]
ASKING: list[tuple[Callable[..., object], dict[str, Any]]] = [
    (introspect_token, {"config": LOGIN, "token": "t"}),
    (introspect_async, {"config": LOGIN, "token": "t"}),
    (revoke_login, {"config": LOGIN}),
    (revoke_async, {"config": LOGIN}),
]
for ask, works in ASKING:
    CASES.append((ask, works, "config", [None, b"{}", 7, ["path"]], "The configuration is .* a path, JSON text"))
    CASES.append((ask, works, "endpoints", [None, b"any", object()], "endpoints is .* a str"))
    CASES.append((ask, works, "on_step", [5, "print"], "on_step is .* a function"))
    CASES.append((ask, works, "host", [sanskey.SystemHost], "host is the class SystemHost, .* an instance"))
    if "token" in works:
        CASES.append((ask, works, "token", [None, 5, b"x", {"value": SECRET}], "token is .* a Token, or its value"))
for fetch in (fetch_token, fetch_async):
    CASES.append((fetch, FETCHED, "scopes", [5, b"x", {"a": 1}], SCOPES))
    CASES.append((fetch, FETCHED, "on_step", [5, "print"], "on_step is .* a function"))
    CASES.append((fetch, FETCHED, "host", [sanskey.SystemHost], "host is the class SystemHost, .* an instance"))


@pytest.mark.parametrize(
    ("call", "arguments", "words"),
    [(call, {**works, name: bad}, words) for call, works, name, values, words in CASES for bad in values],
)
def test_an_argument_of_a_wrong_type(call: Callable[..., object], arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(MisuseError, match=words) as caught:
        call(**arguments)
    assert caught.value.code == "invalid_argument"
    assert caught.value.__context__ is None
    assert SECRET not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "reply",
    [
        HttpResponse(200, None, ""),  # type: ignore[arg-type]
        HttpResponse(200, ["accept"], ""),  # type: ignore[list-item]
        HttpResponse(200, [], b""),  # type: ignore[arg-type]
        HttpResponse("200", [], ""),  # type: ignore[arg-type]
        CommandOutput(0, b"", ""),  # type: ignore[arg-type]
        CommandOutput(0, "", None),  # type: ignore[arg-type]
        CommandOutput("0", "", ""),  # type: ignore[arg-type]
    ],
)
def test_a_reply_with_a_part_of_a_wrong_type(reply: Any) -> None:
    begun = Exchange(CONFIG, goals.AccessToken())
    begun.poll()
    with pytest.raises(MisuseError, match=r"^wrong_reply: An? (HttpResponse|CommandOutput) has ") as caught:
        begun.reply("env", reply)
    assert (caught.value.ask_id, caught.value.__context__) == ("env", None)


def test_an_option_that_there_is_not() -> None:
    for begin in (fetch_token, fetch_async):
        with pytest.raises(TypeError, match="unexpected keyword argument 'aws_profil'"):
            begin(config=CONFIG, aws_profil="x")  # type: ignore[call-arg]


def test_any_iterable_of_texts_is_a_list_of_scopes() -> None:
    several: list[Any] = [["a", "b"], ("a", "b"), {"a": 1, "b": 2}.keys(), iter(["a", "b"]), "a b", "a,b"]
    assert [goals.scope_list(scopes) for scopes in several] == [["a", "b"]] * len(several)


class Headers(Mapping[str, str]):
    """A mapping that is no dict, as HTTP clients have."""

    def __getitem__(self, name: str) -> str:
        return {"accept": "text/plain"}[name]

    def __iter__(self) -> Any:
        return iter(["accept"])

    def __len__(self) -> int:
        return 1


def test_any_mapping_and_any_pairs_are_headers() -> None:
    several: list[Any] = [Headers(), {"accept": "text/plain"}, iter([["accept", "text/plain"]])]
    signed = [sign_request(**{**SIGNED, "headers": headers, "now": 0}) for headers in several]
    assert signed[0]["accept"] == "text/plain"
    assert signed[0] == signed[1] == signed[2]

"""`sanskey.compat.TokenService` in the place of the one of scalesec-gcp-workload-identity."""

from __future__ import annotations

import inspect
import json
import pickle
from typing import Any
from urllib.parse import parse_qs, unquote

import boto3  # type: ignore[import-untyped]
import pytest

import sanskey
from sanskey import ConfigError, HttpRequest, HttpResponse, RemoteError, SanskeyError
from sanskey.compat import TokenService

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
PARAMETERS = [
    ("gcp_project_number", inspect.Parameter.empty),
    ("gcp_workload_id", inspect.Parameter.empty),
    ("gcp_workload_provider", inspect.Parameter.empty),
    ("gcp_service_account_email", inspect.Parameter.empty),
    ("aws_account_id", inspect.Parameter.empty),
    ("aws_role_name", inspect.Parameter.empty),
    ("aws_region", inspect.Parameter.empty),
    ("gcp_token_lifetime", "3600s"),
    ("gcp_token_scopes", CLOUD_PLATFORM),
]
"""Those of scalesec-gcp-workload-identity 1.0.7, by `inspect.signature`. All may be given by position or by name."""
ATTRIBUTES = {
    "aws_account_id",
    "aws_region",
    "aws_role_name",
    "gcp_project_number",
    "gcp_provider",
    "gcp_sa_token",
    "gcp_service_account_email",
    "gcp_token_lifetime",
    "gcp_token_scopes",
    "gcp_workload_id",
    "x_goog_cloud_target_resource",
}
"""Those of its attributes that say something: the others are constants, or are never filled."""
ARGUMENTS: dict[str, Any] = {
    "gcp_project_number": "123456789012",
    "gcp_workload_id": "sanskey-pool",
    "gcp_workload_provider": "sanskey-aws",
    "gcp_service_account_email": "sanskey-demo@sanskey-demo.iam.gserviceaccount.com",
    "aws_account_id": "123456789012",
    "aws_role_name": "spoke",
    "aws_region": "us-east-1",
}


def test_the_parameters_are_the_same() -> None:
    parameters = list(inspect.signature(TokenService).parameters.values())
    given_by_position = [parameter for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    assert [(parameter.name, parameter.default) for parameter in given_by_position] == PARAMETERS
    more = parameters[len(PARAMETERS) :]
    assert [parameter.name for parameter in more] == ["aws_credentials", "host"]
    assert {parameter.kind for parameter in more} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_attributes_are_the_same() -> None:
    service = TokenService(*ARGUMENTS.values())
    assert {name for name in vars(service) if not name.startswith("_")} == ATTRIBUTES
    assert service.gcp_sa_token is None
    assert (service.gcp_provider, service.gcp_token_lifetime) == ("sanskey-aws", "3600s")
    assert service.x_goog_cloud_target_resource == (
        "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/sanskey-pool"
        "/providers/sanskey-aws"
    )
    assert repr(service) == str(service)
    assert repr(service) == "TokenService('sanskey-demo@sanskey-demo.iam.gserviceaccount.com', 'spoke')"
    assert vars(TokenService(**ARGUMENTS)) == vars(service)
    assert vars(pickle.loads(pickle.dumps(service))) == vars(service)


def test_numbers_may_be_numbers() -> None:
    service = TokenService(**{**ARGUMENTS, "gcp_project_number": 123456789012, "aws_account_id": 123456789012})
    assert vars(service) == vars(TokenService(**ARGUMENTS))


WRONG: list[tuple[str, Any, str]] = [
    *((name, value, name) for name in ARGUMENTS for value in (None, "", "a b", "a/../b?c#d", "ä", ["a"])),
    ("gcp_project_number", "my-project", "must be the number of the project"),
    ("gcp_token_lifetime", "3600", 'such as "3600s"'),
    ("gcp_token_lifetime", 3600, 'such as "3600s"'),
    ("gcp_token_lifetime", "s", 'such as "3600s"'),
    ("gcp_token_lifetime", "-600s", 'such as "3600s"'),
    ("gcp_token_lifetime", "1.5s", 'such as "3600s"'),
    ("gcp_token_lifetime", "599s", "token_lifetime_seconds"),
    ("gcp_token_lifetime", "43201s", "token_lifetime_seconds"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_an_argument_that_cannot_work(name: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        TokenService(**{**ARGUMENTS, name: value})
    assert caught.value.code == "config_field_invalid"
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, SanskeyError)
    assert caught.value.hint


class AwsAndGoogle:
    """Grants everything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.assumed: list[dict[str, str]] = []
        self.signed: list[dict[str, Any]] = []
        self.lifetimes_and_scopes: list[tuple[str, list[str]]] = []

    def http(self, request: HttpRequest) -> HttpResponse:
        if request.url == "https://sts.googleapis.com/v1/token":
            self.signed.append(json.loads(unquote(parse_qs(request.body)["subject_token"][0])))
            return HttpResponse(200, [], '{"access_token": "federated", "expires_in": 3600}')
        if request.url.startswith("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sanskey-demo@"):
            assert dict(request.headers)["authorization"] == "Bearer federated"
            asked = json.loads(request.body)
            self.lifetimes_and_scopes.append((asked["lifetime"], asked["scope"]))
            return HttpResponse(200, [], '{"accessToken": "secret-token", "expireTime": "2126-01-02T03:04:05.678Z"}')
        host = request.url.removeprefix("https://").removesuffix("/")
        key = dict(request.headers)["authorization"].partition("Credential=")[2].split("/")[0]
        parameters = {name: value for name, [value] in parse_qs(request.body).items()}
        self.assumed.append({"host": host, "signed by": key, **parameters})
        keys = "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        result = f"<AssumeRoleResult><Credentials>{keys}</Credentials></AssumeRoleResult>"
        return HttpResponse(200, [], f"<AssumeRoleResponse>{result}</AssumeRoleResponse>")

    def read_env(self, names: list[str]) -> dict[str, str]:
        # The service's own region counts, and not that of the environment.
        set_here = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-3"}
        return {name: set_here[name] for name in names if name in set_here}


def test_a_token() -> None:
    host = AwsAndGoogle()
    service = TokenService(**ARGUMENTS, host=host)
    assert service.get_token() == ("secret-token", "2126-01-02T03:04:05Z")
    assert service.gcp_sa_token == "secret-token"
    assert "secret-token" not in f"{service!r} {service}"
    assert host.assumed == [
        {
            "host": "sts.us-east-1.amazonaws.com",
            "signed by": "AKID",
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": "arn:aws:iam::123456789012:role/spoke",
            "RoleSessionName": "spoke",
        }
    ]
    # What scalesec-gcp-workload-identity asks in one place for all regions, and does not sign.
    assert host.signed[0]["url"] == "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    headers = {header["key"].lower(): header["value"] for header in host.signed[0]["headers"]}
    assert headers["x-goog-cloud-target-resource"] == service.x_goog_cloud_target_resource
    assert "x-goog-cloud-target-resource" in headers["authorization"]
    assert host.lifetimes_and_scopes == [("3600s", [CLOUD_PLATFORM])]


@pytest.mark.parametrize(
    ("lifetime", "scopes", "asked"),
    [
        (None, None, ("3600s", [CLOUD_PLATFORM])),
        (None, "", ("3600s", [CLOUD_PLATFORM])),
        (
            "900s",
            "https://a.example/one,https://a.example/two",
            ("900s", ["https://a.example/one", "https://a.example/two"]),
        ),
        ("43200s", ["https://a.example/one"], ("43200s", ["https://a.example/one"])),
    ],
)
def test_the_lifetime_and_the_scopes(lifetime: str | None, scopes: Any, asked: tuple[str, list[str]]) -> None:
    host = AwsAndGoogle()
    given = {**ARGUMENTS, "gcp_token_lifetime": lifetime, "gcp_token_scopes": scopes}
    TokenService(**given, host=host).get_token()
    assert host.lifetimes_and_scopes == [asked]


@pytest.mark.parametrize(
    ("region", "host", "arn"),
    [
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn", "arn:aws-cn:iam::123456789012:role/team/spoke"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com", "arn:aws-us-gov:iam::123456789012:role/team/spoke"),
        ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu", "arn:aws-eusc:iam::123456789012:role/team/spoke"),
    ],
)
def test_the_partition_of_a_region_and_the_path_of_a_role(region: str, host: str, arn: str) -> None:
    aws = AwsAndGoogle()
    TokenService(**{**ARGUMENTS, "aws_region": region, "aws_role_name": "team/spoke"}, host=aws).get_token()
    [assumed] = aws.assumed
    assert (assumed["host"], assumed["RoleArn"], assumed["RoleSessionName"]) == (host, arn, "spoke")
    assert aws.signed[0]["url"].startswith(f"https://{host}?")


def test_the_credentials_of_a_session() -> None:
    host = AwsAndGoogle()
    session = boto3.Session("AKIDBOTO3", "secret", region_name="sa-east-1")
    TokenService(**ARGUMENTS, host=host, aws_credentials=session).get_token()
    assert [(call["host"], call["signed by"]) for call in host.assumed] == [
        ("sts.us-east-1.amazonaws.com", "AKIDBOTO3")
    ]


def test_a_refusal_says_where_it_came_from() -> None:
    class Refusing(AwsAndGoogle):
        def http(self, _: HttpRequest) -> HttpResponse:
            text = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error>"
            return HttpResponse(403, [], f"<ErrorResponse>{text}<RequestId>1</RequestId></ErrorResponse>")

    with pytest.raises(RemoteError) as caught:
        TokenService(**ARGUMENTS, host=Refusing()).get_token()
    error = caught.value
    assert (error.code, error.stage, error.ask_id) == ("aws_sts_rejected", "aws_sts", "assume-role-1")
    assert (error.error, error.error_description) == ("AccessDenied", "not authorized")


def test_it_is_where_the_readme_says() -> None:
    assert sanskey.compat.TokenService is TokenService

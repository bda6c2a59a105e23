"""`sanskey.compat.TokenService` in the place of the one of scalesec-gcp-workload-identity."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

import sanskey
from sanskey import ConfigError, SanskeyError
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
    assert [(more.name, more.kind) for more in parameters[len(PARAMETERS) :]] == [
        ("host", inspect.Parameter.KEYWORD_ONLY)
    ]


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


def test_it_is_where_the_readme_says() -> None:
    assert sanskey.compat.TokenService is TokenService

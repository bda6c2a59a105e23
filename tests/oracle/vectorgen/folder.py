"""Which vector goes into which file of ``tests/vectors``."""

import json
import re
from pathlib import Path

from . import (
    aks_cases,
    authorized_user_cases,
    azure_app_service_cases,
    buildkite_cases,
    certificate_cases,
    check_cases,
    clock_cases,
    config_cases,
    container_cases,
    create_cases,
    exchange_failures,
    exchange_success,
    executable_cases,
    function_cases,
    github_actions_cases,
    identity_provider_cases,
    impersonated_cases,
    metadata_cases,
    outbound_federation_cases,
    platform_config_cases,
    platform_variable_cases,
    process_cases,
    profile_cases,
    refusal_cases,
    role_chain_cases,
    service_account_cases,
    sso_cases,
    supplied_cases,
    token_file_cases,
    token_source_cases,
    token_url_cases,
    web_identity_cases,
)

# By the folder that their exchanges go into.
SOURCES = {
    "aws": [
        clock_cases,
        config_cases,
        container_cases,
        exchange_failures,
        exchange_success,
        impersonated_cases,
        metadata_cases,
        outbound_federation_cases,
        process_cases,
        profile_cases,
        role_chain_cases,
        sso_cases,
        web_identity_cases,
    ],
    "authorized-user": [authorized_user_cases],
    "certificate": [certificate_cases],
    "executable": [executable_cases],
    "file": [token_file_cases],
    "platforms": [
        aks_cases,
        azure_app_service_cases,
        buildkite_cases,
        github_actions_cases,
        identity_provider_cases,
        platform_config_cases,
        platform_variable_cases,
    ],
    "refusals": [refusal_cases],
    "service-account": [service_account_cases],
    "supplied": [supplied_cases],
    "url": [token_url_cases],
}
VECTORS = Path(__file__).parents[2] / "vectors"
JSON_TEXT = r'("(?:[^"\\]|\\.)*")'
PAIR = re.compile(r"\[\s+" + JSON_TEXT + r",\s+" + JSON_TEXT + r"\s+\]")


def files():
    """The text of every generated file, by its path below ``tests/vectors``."""
    written = {}
    for folder, vectors in [*_exchanges(), *_functions()]:
        for vector in vectors:
            path = f"{folder}/{vector['name']}.json"
            if path in written:
                raise ValueError(f"two vectors are named {path}")
            written[path] = text_of(vector)
    return written


def text_of(vector):
    """JSON with two spaces of indentation, and each pair of texts on one line."""
    return PAIR.sub(r"[\1, \2]", json.dumps(vector, indent=2, ensure_ascii=False)) + "\n"


def committed():
    """The paths of the vectors that are there, the hand-written ``errors`` folder left out."""
    paths = (path.relative_to(VECTORS) for path in VECTORS.glob("**/*.json"))
    return {path.as_posix() for path in paths if path.parts[0] != "errors"}


def _exchanges():
    """The modules that write exchanges have functions of these names, each those that it has vectors for."""
    for family, sources in SOURCES.items():
        for folder, function in [
            (f"exchange/{family}", "exchanges"),
            (f"exchange/{family}-failures", "failures"),
            ("exchange/misuse", "misuse"),
            ("exchange/config", "refusals"),
        ]:
            for source in sources:
                if hasattr(source, function):
                    yield folder, (exchange.to_json() for exchange in getattr(source, function)())


def _functions():
    yield "check", check_cases.checks()
    yield "config", config_cases.summaries()
    yield "config", platform_config_cases.summaries()
    yield "create", create_cases.creations()
    yield "sigv4", function_cases.signatures()
    yield "sts", function_cases.sts()
    yield "impersonation", function_cases.impersonation()
    yield "freshness", function_cases.freshness()
    yield "describe", function_cases.descriptions()
    yield "headers", function_cases.headers()
    yield "token-source", (source.to_json() for source in token_source_cases.sources())

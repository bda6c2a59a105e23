"""Which vector goes into which file of ``tests/vectors``."""

import json
import re
from pathlib import Path

from . import config_cases, container_cases, exchange_failures, exchange_success, function_cases

VECTORS = Path(__file__).parents[2] / "vectors"
JSON_TEXT = r'("(?:[^"\\]|\\.)*")'
PAIR = re.compile(r"\[\s+" + JSON_TEXT + r",\s+" + JSON_TEXT + r"\s+\]")


def files():
    """The text of every generated file, by its path below ``tests/vectors``."""
    written = {}
    for folder, vectors in [
        ("exchange/aws", _exchanges(exchange_success.exchanges())),
        ("exchange/aws", _exchanges(container_cases.exchanges())),
        ("exchange/aws-failures", _exchanges(exchange_failures.exchanges())),
        ("exchange/aws-failures", _exchanges(container_cases.failures())),
        ("exchange/misuse", _exchanges(exchange_failures.misuse())),
        ("exchange/config", _exchanges(config_cases.refusals())),
        ("config", config_cases.summaries()),
        ("sigv4", function_cases.signatures()),
        ("sts", function_cases.sts()),
        ("impersonation", function_cases.impersonation()),
        ("freshness", function_cases.freshness()),
    ]:
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


def _exchanges(exchanges):
    return (exchange.to_json() for exchange in exchanges)

"""The type of `SanskeyError.code`. Apart from `errors`, because it needs `typing` at run time."""

from __future__ import annotations

from typing import Literal

ErrorCode = Literal[
    "already_answered",
    "aws_container_malformed",
    "aws_container_rejected",
    "aws_container_token_invalid",
    "aws_container_unavailable",
    "aws_container_url_refused",
    "aws_credentials_incomplete",
    "aws_credentials_invalid",
    "aws_credentials_unavailable",
    "aws_region_unavailable",
    "aws_region_unknown",
    "aws_role_missing",
    "bug",
    "config_field_invalid",
    "config_field_missing",
    "config_not_found",
    "config_not_json",
    "config_source_ambiguous",
    "config_source_unsupported",
    "config_type_unsupported",
    "config_url_refused",
    "host_denied",
    "host_failed",
    "host_timeout",
    "host_unreachable",
    "host_unsupported",
    "imds_malformed",
    "imds_rejected",
    "imds_unavailable",
    "impersonation_malformed",
    "impersonation_rejected",
    "impersonation_unavailable",
    "invalid_argument",
    "redirect_refused",
    "response_too_large",
    "sts_malformed",
    "sts_rejected",
    "sts_unavailable",
    "unknown_ask",
    "wrong_reply",
]
"""All codes, in the order of the core's own table. A code, once published, keeps its meaning."""

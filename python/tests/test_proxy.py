"""Which proxy a request goes through."""

from __future__ import annotations

import pytest

from sanskey._proxy import proxy_for

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": "proxy:3128"}, PROXY),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, None),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
    ],
)
def test_variables(env: dict[str, str], expected: str | None) -> None:
    assert proxy_for("https", "sts.googleapis.com", 443, env) == expected


def test_a_cgi_program_is_not_sent_where_its_client_wants() -> None:
    assert proxy_for("http", "host", 80, {"HTTP_PROXY": PROXY}) == PROXY
    assert proxy_for("http", "host", 80, {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}) is None


@pytest.mark.parametrize(
    ("exceptions", "is_direct"),
    [
        ("*", True),
        ("sts.googleapis.com", True),
        ("googleapis.com", True),
        (".googleapis.com", True),
        ("*.googleapis.com", True),
        ("GoogleAPIs.com", True),
        ("localhost, googleapis.com", True),
        ("googleapis.com:443", True),
        ("googleapis.com:8443", False),
        ("apis.com", False),
        ("other.googleapis.com", False),
        ("", False),
        (",", False),
        (".", False),
    ],
)
def test_exceptions(exceptions: str, is_direct: bool) -> None:
    env = {"HTTPS_PROXY": PROXY, "NO_PROXY": exceptions}
    assert (proxy_for("https", "sts.googleapis.com", 443, env) is None) == is_direct


@pytest.mark.parametrize("exceptions", ["::1", "[::1]", "[::1]:8080"])
def test_an_exception_for_an_ipv6_address(exceptions: str) -> None:
    assert proxy_for("http", "::1", 8080, {"http_proxy": PROXY, "no_proxy": exceptions}) is None

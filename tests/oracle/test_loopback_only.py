"""The guard of the other tests bites. 192.0.2.0/24 is reserved for documentation (RFC 5737)."""

import socket

import pytest
import requests


def test_a_socket_cannot_leave_this_machine():
    with socket.socket() as each, pytest.raises(AssertionError, match="tried to reach"):
        each.connect(("192.0.2.1", 80))


def test_neither_can_requests():
    with pytest.raises(AssertionError, match="tried to look up"):
        requests.get("https://sts.googleapis.com/v1/token", timeout=1)

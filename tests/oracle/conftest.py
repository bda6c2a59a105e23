"""What all oracle tests share: nothing leaves this machine, and what is drawn can be drawn again."""

import ipaddress
import os
import secrets
import socket

import pytest
from emulator import Emulator

SEED = os.environ.get("SANSKEY_SEED") or secrets.token_hex(8)


def pytest_report_header():
    return f"sanskey oracles: draw the same inputs again with SANSKEY_SEED={SEED}"


@pytest.fixture
def seed():
    """Where drawn inputs come from."""
    print(f"SANSKEY_SEED={SEED}")
    return SEED


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Refuses every connection but those to this machine, and every look-up of a name."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    def look_up_here(host, *arguments, **options):
        if not is_loopback(host):
            raise AssertionError(f"a test tried to look up {host}")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    """No AWS, Google or proxy variable of the machine takes part."""
    for name in os.environ:
        if name.startswith(("AWS_", "GOOGLE_", "CLOUDSDK_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def emulator(tmp_path):
    """Starts emulators with the given arguments; all of them end with the test."""
    started = []

    def start(*arguments):
        started.append(Emulator(tmp_path / f"credentials-{len(started)}.json", *arguments))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def is_loopback(host):
    if isinstance(host, bytes):
        host = host.decode()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

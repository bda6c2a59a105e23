"""Starts the emulator and asks it what it saw."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or Path(__file__).parents[2] / "target")
LIFETIME_SECONDS = 120


class Emulator:
    """A running emulator and the credential configuration that leads to it."""

    def __init__(self, config_file, *arguments):
        self.config_file = config_file
        command = [executable(), "--config-out", config_file, "--lifetime-seconds", str(LIFETIME_SECONDS)]
        self._process = subprocess.Popen(
            [*command, "--stop-with-stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        first_line = self._process.stdout.readline()
        assert first_line.startswith("listening on http://127.0.0.1:"), f"the emulator said {first_line!r}"
        self.url = first_line.split()[-1]

    @property
    def config(self):
        return json.loads(self.config_file.read_text())

    def stop(self):
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def requests(self):
        """Method, path and status of every request, in order."""
        return [(each["method"], each["path"], each["status"]) for each in json.loads(self.http("/emulator/requests"))]

    def whoami(self, token):
        """Whose token it is. Raises if the emulator did not issue it."""
        return json.loads(self.http("/emulator/whoami", headers={"authorization": f"Bearer {token}"}))

    def role_credentials(self):
        """What the metadata service gives to the instance, as a dict."""
        session = {"x-aws-ec2-metadata-token-ttl-seconds": "60"}
        headers = {"x-aws-ec2-metadata-token": self.http("/latest/api/token", "PUT", session)}
        path = "/latest/meta-data/iam/security-credentials/"
        role = self.http(path, headers=headers)
        return json.loads(self.http(path + role, headers=headers))

    def http(self, path, method="GET", headers=None):
        request = urllib.request.Request(self.url + path, method=method, headers=headers or {})
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read().decode()


def executable():
    """The path of the emulator: SANSKEY_EMULATOR, or what cargo built."""
    named = os.environ.get("SANSKEY_EMULATOR")
    candidates = [Path(named)] if named else [TARGET / "release/sanskey-emulator", TARGET / "debug/sanskey-emulator"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        "There is no emulator. Build it with `cargo build --package sanskey-emulator`, or name it in SANSKEY_EMULATOR."
    )

"""sanskey beside google-auth in Python: the two take turns in one run, so that a busy machine slows both down.

    make bench

What is printed are medians and how many times faster sanskey is; the ratios mean something, the times are this machine's.
"""

import argparse
import base64
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ORACLE = Path(__file__).parents[1] / "oracle"
sys.path.insert(0, str(ORACLE))

import google.auth.aws  # noqa: E402
import sanskey  # noqa: E402
from emulator import Emulator  # noqa: E402

PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/pool/providers/provider"
AUDIENCE = f"//iam.googleapis.com/{PROVIDER}"
REGION = "us-east-2"
SESSION_TOKEN = base64.b64encode(random.Random(1).randbytes(540)).decode()
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SESSION_TOKEN)
BATCH_SECONDS = 0.005
GET_BY_SANSKEY = "import sanskey; sanskey.fetch_token({config!r}, endpoints='loopback')"
GET_BY_GOOGLE = """
import google.auth.aws
from google.auth.transport.requests import Request
credentials = google.auth.aws.Credentials.from_file({config!r}, scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(Request())
"""


class Supplier(google.auth.aws.AwsSecurityCredentialsSupplier):
    """What google-auth asks for the key."""

    def get_aws_security_credentials(self, _context, _request):
        return google.auth.aws.AwsSecurityCredentials(*KEY)

    def get_aws_region(self, _context, _request):
        return REGION


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=31, help="how often each takes its turn (default: 31)")
    rounds = arguments.parse_args().rounds
    print("| Python | sanskey | google-auth | times faster |\n|---|---|---|---|", flush=True)
    subject_token(rounds)
    configuration(rounds)
    processes(rounds)


def subject_token(rounds):
    """What is computed for each exchange: a signed request as JSON, percent-encoded."""
    key = sanskey.AwsCredentials(*KEY)
    peer = google.auth.aws.Credentials(
        audience=AUDIENCE,
        subject_token_type="urn:ietf:params:aws:token-type:aws4_request",
        aws_security_credentials_supplier=Supplier(),
    )
    row(
        "a subject token, µs",
        *turns(
            rounds,
            lambda: sanskey.caller_identity_token(key, REGION, AUDIENCE),
            lambda: peer.retrieve_subject_token(None),
        ),
        1e6,
    )


def configuration(rounds):
    text = sanskey.CredentialConfig.from_provider(PROVIDER, source="aws").to_json()
    row(
        "a configuration, read and checked, µs",
        *turns(
            rounds,
            lambda: sanskey.CredentialConfig.from_json(text),
            lambda: google.auth.aws.Credentials.from_info(json.loads(text)),
        ),
        1e6,
    )


def processes(rounds):
    """From the start of an interpreter to its end, beyond what a bare one takes."""
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder) / "credentials.json")
        try:
            config = str(emulator.config_file)
            bare, *taken = turns_of_processes(
                max(rounds // 2, 1),
                "pass",
                "import sanskey",
                "import google.auth.aws, google.auth.transport.requests",
                GET_BY_SANSKEY.format(config=config),
                GET_BY_GOOGLE.format(config=config),
            )
        finally:
            emulator.stop()
    beyond = [seconds - bare for seconds in taken]
    print(f"| an interpreter that does nothing, ms | {bare * 1e3:.1f} | | |")
    row("and imports it, ms more", *beyond[:2], 1e3)
    row("and gets a first token as on EC2, ms more", *beyond[2:], 1e3)


def turns(rounds, *functions):
    """The median seconds of one call of each."""
    sizes = [batch_size(function) for function in functions]
    taken = [[] for _ in functions]
    for _ in range(rounds):
        for function, size, times in zip(functions, sizes, taken, strict=True):
            start = time.perf_counter()
            for _ in range(size):
                function()
            times.append((time.perf_counter() - start) / size)
    return [statistics.median(times) for times in taken]


def batch_size(function):
    """As many calls as take long enough to be timed."""
    size = 1
    while True:
        start = time.perf_counter()
        for _ in range(size):
            function()
        if time.perf_counter() - start > BATCH_SECONDS:
            return size
        size *= 2


def turns_of_processes(rounds, *programs):
    taken = [[] for _ in programs]
    for _ in range(rounds):
        for program, times in zip(programs, taken, strict=True):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def row(what, ours, theirs, unit):
    # Less than a tenth of the unit is noise.
    ratio = f"{theirs / ours:.1f}" if ours * unit > 0.1 else f"more than {theirs * unit:.0f}"
    print(f"| {what} | {ours * unit:.2f} | {theirs * unit:.2f} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()

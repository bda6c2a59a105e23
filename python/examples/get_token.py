"""Gets an access token and tells how, but never the token.

    GOOGLE_APPLICATION_CREDENTIALS=aws-credentials.json python examples/get_token.py

With SANSKEY_ENDPOINTS=loopback the configuration may lead to this machine, as the emulator's does.
"""

import os
import sys
import time

import sanskey


def main() -> int:
    requests = 0

    def show(step: sanskey.StepReport) -> None:
        nonlocal requests
        method = ""
        if isinstance(step.action, sanskey.HttpRequest):
            requests += 1
            method = f"{step.action.method} "
        result = step.failure or step.status or "done"
        print(f"  {step.ask_id:<16} {method}{result}  {step.duration * 1000:.0f} ms")

    loopback = os.environ.get("SANSKEY_ENDPOINTS") == "loopback"
    try:
        config = sanskey.CredentialConfig.from_env()
        token = sanskey.fetch_token(config, endpoints="loopback" if loopback else "google", on_step=show)
    except sanskey.SanskeyError as error:
        print(f"{error.code}: {error.message}\n{error.hint}", file=sys.stderr)
        return 1
    print(f"requests: {requests}")
    seconds_left = token.expires_at.timestamp() - time.time()
    print(f"token expires at {token.expires_at:%Y-%m-%dT%H:%M:%SZ} (in {seconds_left:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

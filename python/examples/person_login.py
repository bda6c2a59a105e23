"""A person's login, as `gcloud auth application-default login --login-config=FILE` writes it: whose it is, and its end.

    python examples/person_login.py application_default_credentials.json
    python examples/person_login.py application_default_credentials.json revoke

To ask for a token may replace the login's refresh token, and the old one is of no use then. So the new one is kept
before anything else is done.
"""

import os
import sys
import tempfile
from pathlib import Path

import sanskey


def keep(path: Path, config: sanskey.CredentialConfig) -> None:
    """Replaces the file in one step: whoever reads it finds the old login or the new one. Only its owner may."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(config.to_json())
    os.replace(name, path)


def main() -> int:
    path = Path(sys.argv[1]).resolve()
    loopback = os.environ.get("SANSKEY_ENDPOINTS") == "loopback"
    endpoints: sanskey.Endpoints = "loopback" if loopback else "google"
    try:
        config = sanskey.CredentialConfig.from_file(path)
        if sys.argv[2:] == ["revoke"]:
            sanskey.revoke_login(config, endpoints=endpoints)
            print("the login is over")
            return 0
        token = sanskey.fetch_token(config, endpoints=endpoints)
        if token.refresh_token is not None:
            config = config.with_refresh_token(token.refresh_token)
            keep(path, config)
        info = sanskey.introspect_token(config, token, endpoints=endpoints)
    except sanskey.SanskeyError as error:
        print(f"{error.code}: {error.message}\n{error.hint}", file=sys.stderr)
        return 1
    print(f"{info.username} until {token.expires_at:%Y-%m-%dT%H:%M:%SZ}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

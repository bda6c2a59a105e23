"""Writes a credential configuration from its parts, as gcloud would.

    python examples/without_gcloud.py NUMBER POOL PROVIDER SOURCE [SERVICE_ACCOUNT] >credentials.json

SOURCE is `aws`, `azure`, `github_actions`, `gitlab` and so on; `file:PATH` is a file that holds a token. A program that
runs where the identity is needs no file: it gives what `from_parts` makes to `fetch_token`.
"""

import sys
from typing import Any

import sanskey


def main() -> int:
    if len(sys.argv) not in (5, 6):
        print(__doc__, file=sys.stderr)
        return 2
    number, pool, provider, name, *account = sys.argv[1:]
    # A str of any kind: the core says which names there are.
    source: Any = sanskey.sources.File(name.removeprefix("file:")) if name.startswith("file:") else name
    try:
        config = sanskey.CredentialConfig.from_parts(
            number, pool, provider, source=source, service_account=account[0] if account else None
        )
    except sanskey.SanskeyError as error:
        print(f"{error.code}: {error.message}\n{error.hint}", file=sys.stderr)
        return 1
    print(config.to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env bash
# Makes .venv and installs into it what the Python package, its tests and the oracles are developed with.
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
say "installing the Python tools into .venv (about 20 s)"
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
requirements=()
for file in python/requirements-dev.txt tests/oracle/requirements.txt; do
    [ -e "$file" ] && requirements+=(--requirement "$file")
done
.venv/bin/python -m pip install --quiet --disable-pip-version-check "${requirements[@]}"

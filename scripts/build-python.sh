#!/usr/bin/env bash
# Compiles the Python extension.
#
#   scripts/build-python.sh develop        for this checkout: .venv imports the package from python/src
#   scripts/build-python.sh wheel FOLDER   for others: the wheel, in FOLDER
. "$(dirname "$0")/lib.sh"
cd "$ROOT/python"

maturin=("$ROOT/.venv/bin/maturin")
options=(--quiet --locked --release)
export VIRTUAL_ENV="$ROOT/.venv" CARGO_ENCODED_RUSTFLAGS
CARGO_ENCODED_RUSTFLAGS="$(published_rustflags)"

# The package takes every LICENSE* that lies beside its pyproject.toml.
"${PYTHON:-python3}" "$ROOT/scripts/third-party-notices.py" sanskey-python >LICENSE-THIRD-PARTY

case "${1:-}" in
develop)
    say "building the Python extension (about 30 s the first time)"
    "${maturin[@]}" develop "${options[@]}"
    refuse_private_paths src/sanskey/_native.*
    ;;
wheel)
    [ $# -eq 2 ] || die "usage: scripts/build-python.sh wheel FOLDER"
    say "building the wheel (about 30 s the first time)"
    "${maturin[@]}" build "${options[@]}" --out "$2"
    ;;
*) die "usage: scripts/build-python.sh develop | wheel FOLDER" ;;
esac

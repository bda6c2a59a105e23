#!/usr/bin/env bash
# What a machine must have before anything else: Rust, Python and Node. The rest is installed from here.
. "$(dirname "$0")/lib.sh"

# The emulator, which the demo and the tests need, asks for more than the published crates do.
rust_wanted="$(sed -n 's/^rust-version = "\([^"]*\)".*/\1/p' "$ROOT/crates/sanskey-emulator/Cargo.toml")"
python="${PYTHON:-python3}"
missing=0

want() { # want NAME FOUND WANTED HOW_TO_GET_IT
    if [ -z "$2" ]; then
        printf 'missing: %s %s or newer. %s\n' "$1" "$3" "$4" >&2
        missing=1
    elif ! at_least "$2" "$3"; then
        printf 'too old: %s %s, and %s or newer is needed. %s\n' "$1" "$2" "$3" "$4" >&2
        missing=1
    else
        note "$1 $2"
    fi
}

say "checking what this machine has"
cd "$ROOT"
want Rust "$(rustc --version 2>/dev/null | cut -d' ' -f2 || true)" "$rust_wanted" "See https://rustup.rs"
want Python "$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null || true)" 3.10 \
    "See https://www.python.org/downloads or set PYTHON"
want Node "$(node --version 2>/dev/null | tr -d v || true)" 20 "See https://nodejs.org"
for part in cargo npm cc; do
    have "$part" || { printf 'missing: %s\n' "$part" >&2; missing=1; }
done
for part in fmt clippy; do
    cargo "$part" --version >/dev/null 2>&1 || {
        printf 'missing: cargo %s. rustup component add %s\n' "$part" "${part/fmt/rustfmt}" >&2
        missing=1
    }
done
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    { printf "missing: Python's venv module. On Debian: apt-get install python3-venv\n" >&2; missing=1; }
exit "$missing"

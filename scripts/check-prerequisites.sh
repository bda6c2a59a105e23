#!/usr/bin/env bash
# What a machine must have before anything else: Rust, a C compiler, Python and Node. The rest is installed from here.
. "$(dirname "$0")/lib.sh"

# The emulator and the tests need a newer compiler than the packages do.
rust_wanted="$(manifest_field rust-version crates/sanskey-emulator/Cargo.toml)"
python="${PYTHON:-python3}"
missing=0

lack() { # lack MESSAGE
    printf '%s\n' "$1" >&2
    missing=1
}

want() { # want NAME FOUND WANTED HOW_TO_GET_IT
    if [ -z "$2" ]; then
        lack "missing: $1 $3 or newer. $4"
    elif ! at_least "$2" "$3"; then
        lack "too old: $1 $2, and $3 or newer is needed. $4"
    else
        note "$1 $2"
    fi
}

want_program() { # want_program PROGRAM HOW_TO_GET_IT
    if have "$1"; then note "$1"; else lack "missing: $1. $2"; fi
}

want_component() { # want_component RUSTUP_NAME CARGO_COMMAND
    if cargo "$2" --version >/dev/null 2>&1; then
        note "$1"
    else
        lack "missing: $1, a part of Rust. With rustup: rustup component add $1"
    fi
}

say "checking what this machine has"
cd "$ROOT"
want Rust "$(rustc --version 2>/dev/null | cut -d' ' -f2 || true)" "$rust_wanted" \
    "With rustup: rustup update stable. Without: https://rustup.rs"
want_program cargo "It comes with Rust: https://rustup.rs"
want_component rustfmt fmt
want_component clippy clippy
# rustc links with it, and some of the tools and tests compile C.
want_program cc "It is the C compiler. On Debian: apt-get install gcc libc6-dev; on macOS: xcode-select --install"
want Python "$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null || true)" 3.10 \
    "See https://www.python.org/downloads or set PYTHON"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    lack "missing: Python's modules venv and ensurepip. On Debian: apt-get install python3-venv"
want Node "$(node --version 2>/dev/null | tr -d v || true)" 20 "See https://nodejs.org"
want_program npm "It comes with Node: https://nodejs.org"
exit "$missing"

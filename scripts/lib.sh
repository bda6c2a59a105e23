# What the scripts share. Sourced, never run.
# shellcheck shell=bash

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck disable=SC2034 # for those who source this
CACHE="${SANSKEY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sanskey}"
TARGET="${CARGO_TARGET_DIR:-$ROOT/target}"

# Everything that people should read goes to standard error; standard output is for answers that other scripts take.
say() { printf '==> %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$1" >&2
    shift
    local line
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# at_least 20.3 20: is the first version the second one or newer?
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# The version of a crate in the workspace's lock file.
locked_version() {
    awk -v want="$1" '
        $1 == "name" { name = $3; gsub(/"/, "", name) }
        $1 == "version" && name == want { version = $3; gsub(/"/, "", version); print version; exit }
    ' "$ROOT/Cargo.lock"
}

# A text of a manifest: `manifest_field rust-version crates/sanskey-emulator/Cargo.toml`.
manifest_field() { sed -n "s/^$1 *= *\"\([^\"]*\)\".*/\\1/p" "$ROOT/$2" | head -n 1; }

# What cargo takes as CARGO_ENCODED_RUSTFLAGS in every build that is meant for publishing. Panic messages carry source
# paths: without these rules a library would tell whose machine built it, and would differ from one machine to the next.
# All bindings are built with the same flags, so that cargo compiles what they share once.
published_rustflags() { # published_rustflags [RUSTC]
    local separator=$'\x1f' flags="${CARGO_ENCODED_RUSTFLAGS:-}"
    # Of several rules that fit, rustc takes the last.
    flags+="${flags:+$separator}--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=/crates"
    flags+="$separator--remap-path-prefix=$("${1:-rustc}" --print sysroot)=/rust"
    flags+="$separator--remap-path-prefix=$ROOT=/sanskey"
    flags+="$separator--remap-path-prefix=$TARGET=/built"
    printf '%s' "$flags"
}

# What is published must not tell whose machine built it. Looks for what lies in the folders and not for the folders'
# own names, which may be as short as /src.
refuse_private_paths() { # refuse_private_paths FILE...
    local file private
    for file in "$@"; do
        for private in "$ROOT"/{crates,bindings,python,node,wasm,target}/ "$TARGET"/{release,wasm32}/ \
            "${CARGO_HOME:-$HOME/.cargo}"/{registry,git}/ "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/"; do
            ! LC_ALL=C grep -qaF -- "$private" "$file" || die "$file contains the path $private"
        done
    done
}

# Installs Debian packages where that needs no question: as root, or with sudo that asks for no password.
# Fails, and says nothing, where it cannot.
apt_install() {
    local as_root=()
    have apt-get || return 1
    if [ "$(id -u)" -ne 0 ]; then
        have sudo && sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    local log="$TARGET/apt-get.log"
    mkdir -p "$TARGET"
    # The package lists of a fresh machine are empty or old.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update >"$log" 2>&1 </dev/null || true
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
        note "apt-get could not install $*; its output is in $log"
        return 1
    fi
}

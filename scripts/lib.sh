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

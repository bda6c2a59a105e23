#!/usr/bin/env bash
# Builds for wasm32-unknown-unknown, whose standard library does not come with every Rust.
#
#   scripts/wasm32.sh build PACKAGE    compiles PACKAGE and prints the path of the .wasm
#   scripts/wasm32.sh way              prints the way that a build takes, after setting it up
#
# Three ways, the first that works is taken; SANSKEY_WASM32=installed|rustup|debian forces one:
#   installed  the compiler on PATH has the target
#   rustup     `rustup target add`, which downloads it (about 20 MB)
#   debian     Debian's rustc-web and friends, which compile the standard library themselves
. "$(dirname "$0")/lib.sh"

triple=wasm32-unknown-unknown
debian_packages=(rustc-web cargo-web rust-web-src lld)
# Without a network, or behind a proxy that rustup does not know, a download fails slowly. One that failed is not tried
# again on each build, as long as Debian's packages do instead. The name carries the compiler, so that another compiler
# gets its own try.
failed="$CACHE/wasm32-rustup-failed-$(rustc --version 2>/dev/null | cut -d' ' -f2 || true)"

is_installed() {
    local libraries
    libraries="$(rustc --print target-libdir --target "$triple" 2>/dev/null)" || return 1
    compgen -G "$libraries/libstd-*.rlib" >/dev/null
}

add_with_rustup() {
    have rustup || return 1
    say "adding the target $triple with rustup (a few seconds)"
    mkdir -p "$CACHE"
    # A firewall may let a download hang instead of failing. (macOS has no `timeout`, and no such limit.)
    local limit=()
    ! have timeout || limit=(timeout 90)
    if ${limit[@]+"${limit[@]}"} rustup target add "$triple" >"$CACHE/rustup.log" 2>&1 </dev/null && is_installed; then
        rm -f "$failed"
    else
        note "rustup could not: $(tail -n 1 "$CACHE/rustup.log")"
        touch "$failed"
        return 1
    fi
}

has_debian_packages() {
    have dpkg-query || return 1
    local package
    for package in "${debian_packages[@]}"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
    done
}

add_with_debian() {
    has_debian_packages && return
    say "installing ${debian_packages[*]} from Debian (about a minute)"
    apt_install "${debian_packages[@]}"
}

choose() {
    case "${SANSKEY_WASM32:-}" in
    installed) is_installed || die "SANSKEY_WASM32=installed, but $(rustc --version) has no $triple" ;;
    rustup) add_with_rustup || die "SANSKEY_WASM32=rustup, but rustup could not add $triple" \
        "$(tail -n 1 "$CACHE/rustup.log" 2>/dev/null || echo 'There is no rustup on PATH.')" ;;
    debian) add_with_debian || die "SANSKEY_WASM32=debian, but its packages are not here and cannot be installed" \
        "As root: apt-get update && apt-get install --no-install-recommends ${debian_packages[*]}" ;;
    "")
        if is_installed; then
            SANSKEY_WASM32=installed
        elif { [ ! -e "$failed" ] || ! has_debian_packages; } && add_with_rustup; then
            SANSKEY_WASM32=rustup
        elif add_with_debian; then
            SANSKEY_WASM32=debian
        else
            die "there is no Rust standard library for $triple" \
                "With rustup:  rustup target add $triple" \
                "With Debian, as root:  apt-get update && apt-get install --no-install-recommends ${debian_packages[*]}"
        fi
        ;;
    *) die "SANSKEY_WASM32 is '$SANSKEY_WASM32', and can be installed, rustup or debian" ;;
    esac
}

build() {
    local package="$1" folder="$TARGET/$triple" rustc=rustc how_long="about 20 s the first time"
    local cargo=(cargo build) extra=()
    choose
    if [ "$SANSKEY_WASM32" = debian ]; then
        # A folder of its own: two compilers in one would undo each other's work.
        folder="$TARGET/wasm32-debian/$triple"
        how_long="about 60 s the first time"
        # Debian's std for this target is source only, and compiling it needs a switch that is off on stable compilers.
        cargo=(env "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=/usr/bin/wasm-ld" RUSTC_BOOTSTRAP=1
            RUSTC=/usr/bin/rustc "CARGO_TARGET_DIR=$TARGET/wasm32-debian" /usr/bin/cargo build)
        extra=("-Zbuild-std=std,panic_abort")
        rustc=/usr/bin/rustc
    fi
    say "compiling $package for $triple, the '$SANSKEY_WASM32' way ($how_long)"
    (cd "$ROOT" && CARGO_ENCODED_RUSTFLAGS="$(published_rustflags "$rustc")" "${cargo[@]}" --locked --quiet --profile wasm \
        --package "$package" --target "$triple" ${extra[@]+"${extra[@]}"}) >&2
    printf '%s\n' "$folder/wasm/${package//-/_}.wasm"
}

case "${1:-}" in
build)
    [ $# -eq 2 ] || die "usage: scripts/wasm32.sh build PACKAGE"
    build "$2"
    ;;
way)
    choose
    printf '%s\n' "$SANSKEY_WASM32"
    ;;
*) die "usage: scripts/wasm32.sh build PACKAGE | way" ;;
esac

#!/usr/bin/env bash
# `scripts/tool.sh NAME` prints the path of a build tool, after installing it if need be.
# A tool on PATH is taken if its version fits. Otherwise it is compiled once per user and version, in a cache folder
# of its own, so that a second clone finds it and nothing that the user installed is touched.
. "$(dirname "$0")/lib.sh"

cargo_deny_version=0.20.2
aws_lambda_ric_version=4.0.2

# cached NAME BINARY VERSION HOW_LONG: the binary of crate NAME at exactly VERSION.
cached() {
    local name="$1" binary="$2" version="$3" how_long="$4"
    local home="$CACHE/tools/$name-$version" log="$CACHE/tools/$name-$version.log"
    if [ ! -x "$home/bin/$binary" ]; then
        say "compiling $name $version ($how_long, once per user)"
        mkdir -p "$CACHE/tools"
        # With its author's lock file, or, where a company's mirror of crates.io lacks a version which that names, with
        # compatible ones.
        cargo_install "$home" "$name" "$version" --locked >"$log" 2>&1 ||
            cargo_install "$home" "$name" "$version" >>"$log" 2>&1 ||
            { cat "$log" >&2 && die "$name $version could not be installed"; }
    fi
    printf '%s\n' "$home/bin/$binary"
}

cargo_install() {
    local home="$1" name="$2" version="$3"
    shift 3
    # Built in a scratch folder and moved: a build that is cut off leaves nothing that looks finished.
    local scratch
    scratch="$(mktemp -d)"
    # From /, because cargo would otherwise obey the configuration of the folder that it is called in.
    if (cd / && env -u CARGO_TARGET_DIR cargo install --quiet --root "$scratch" "$@" \
        "$name" --version "=$version") </dev/null; then
        rm -rf "$home"
        mv "$scratch" "$home"
    else
        rm -rf "$scratch"
        return 1
    fi
}

# The client that AWS runs Node functions with: its package, with the addon that it is compiled to.
aws_lambda_ric() {
    local home="$CACHE/tools/aws-lambda-ric-$aws_lambda_ric_version"
    if [ ! -d "$home" ]; then
        { have c++ && have make && have xz; } || apt_install g++ make xz-utils ||
            die "aws-lambda-ric is compiled with c++, make and xz" "On Debian and its kin: apt-get install g++ make xz-utils"
        say "compiling aws-lambda-ric $aws_lambda_ric_version (about a minute, once per user)"
        mkdir -p "$CACHE/tools"
        local scratch
        scratch="$(mktemp -d)"
        "$ROOT/scripts/build-lambda-client.sh" "$scratch" "$aws_lambda_ric_version" </dev/null >"$home.log" 2>&1 ||
            { rm -rf "$scratch" && tail -n 50 "$home.log" >&2 && die "aws-lambda-ric could not be compiled: see $home.log"; }
        mv "$scratch/node_modules/aws-lambda-ric" "$home"
        rm -rf "$scratch"
    fi
    printf '%s\n' "$home/index.mjs"
}

case "${1:-}" in
wasm-bindgen)
    # The command line tool and the library must be of one version.
    version="$(locked_version wasm-bindgen)"
    [ -n "$version" ] || die "Cargo.lock names no wasm-bindgen"
    if have wasm-bindgen && [ "$(wasm-bindgen --version)" = "wasm-bindgen $version" ]; then
        command -v wasm-bindgen
    else
        cached wasm-bindgen-cli wasm-bindgen "$version" "about 2 minutes"
    fi
    ;;
cargo-deny)
    if have cargo-deny && at_least "$(cargo-deny --version | cut -d' ' -f2)" "$cargo_deny_version"; then
        command -v cargo-deny
    else
        cached cargo-deny cargo-deny "$cargo_deny_version" "about 3 minutes"
    fi
    ;;
chromium)
    for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        [ -n "$browser" ] && have "$browser" && command -v "$browser" && exit
    done
    say "installing Chromium from Debian's packages (about a minute)"
    apt_install chromium && command -v chromium && exit
    die "the browser tests need Chromium" "Install Chromium or Chrome, or set CHROMIUM to the path of one." \
        "On Debian and its kin: apt-get install chromium"
    ;;
aws-lambda-ric)
    aws_lambda_ric
    ;;
*)
    die "usage: scripts/tool.sh wasm-bindgen|cargo-deny|chromium|aws-lambda-ric"
    ;;
esac

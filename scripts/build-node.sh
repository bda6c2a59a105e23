#!/usr/bin/env bash
# Compiles the Node addon and puts it where the npm package looks for it: node/sanskey.PLATFORM-ARCH[-LIBC].node.
. "$(dirname "$0")/lib.sh"

say "compiling the Node addon (about 60 s the first time)"
cd "$ROOT"
cargo build --locked --quiet --release --package sanskey-node

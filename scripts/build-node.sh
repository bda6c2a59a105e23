#!/usr/bin/env bash
# Compiles the Node addon and puts it where the npm package looks for it: node/sanskey.PLATFORM-ARCH[-musl].node.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

say "compiling the Node addon (about 20 s the first time)"
CARGO_ENCODED_RUSTFLAGS="$(published_rustflags)" cargo build --locked --quiet --release --package sanskey-node

case "$(uname -s)" in
Darwin) library=libsanskey_node.dylib ;;
Linux) library=libsanskey_node.so ;;
*) library=sanskey_node.dll ;;
esac
# shellcheck disable=SC2016 # the program is JavaScript
platform="$(node --print '
    const musl = process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
    `${process.platform}-${process.arch}${musl ? "-musl" : ""}`')"
addon="node/sanskey.$platform.node"
# Moved into place, since a process that has the old one loaded must not see it change.
cp "$TARGET/release/$library" "$addon.new"
refuse_private_paths "$addon.new"
mv "$addon.new" "$addon"
note "$addon"

#!/usr/bin/env bash
# Compiles the wasm binding and wraps it for JavaScript: wasm/pkg/sanskey.js and wasm/pkg/sanskey_bg.wasm.
. "$(dirname "$0")/lib.sh"

out="$ROOT/wasm/pkg"
wasm_bindgen="$("$ROOT/scripts/tool.sh" wasm-bindgen)"
compiled="$("$ROOT/scripts/wasm32.sh" build sanskey-wasm)"

# `web` leaves loading to the caller, so that one file serves every runtime. wasm-opt has no part in this: it saves
# half a per cent of the compressed size, and some versions of it break the tables that wasm-bindgen writes.
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
"$wasm_bindgen" --target web --out-dir "$scratch" --out-name sanskey \
    --remove-name-section --remove-producers-section "$compiled"
module="$scratch/sanskey_bg.wasm"

refuse_private_paths "$module"

mkdir -p "$out"
cp "$scratch"/* "$out/"
note "wasm/pkg/sanskey_bg.wasm: $(wc -c <"$module" | tr -d ' ') bytes"

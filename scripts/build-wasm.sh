#!/usr/bin/env bash
# Compiles the wasm binding and wraps it for JavaScript: wasm/pkg/sanskey.js and wasm/pkg/sanskey_bg.wasm.
. "$(dirname "$0")/lib.sh"

out="$ROOT/wasm/pkg"
wasm_bindgen="$("$ROOT/scripts/tool.sh" wasm-bindgen)"
wasm_opt="$("$ROOT/scripts/tool.sh" wasm-opt)"
compiled="$("$ROOT/scripts/wasm32.sh" build sanskey-wasm)"

# `web` leaves loading to the caller, so that one file serves every runtime.
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
"$wasm_bindgen" --target web --out-dir "$scratch" --out-name sanskey \
    --remove-name-section --remove-producers-section "$compiled"
module="$scratch/sanskey_bg.wasm"

if [ -n "$wasm_opt" ]; then
    say "shrinking the module with wasm-opt (about 5 s)"
    "$wasm_opt" -Oz "$module" -o "$module.small"
    mv "$module.small" "$module"
fi

# What is published must not tell whose machine built it.
for private in "$ROOT" "${CARGO_HOME:-$HOME/.cargo}"; do
    ! LC_ALL=C grep -qaF -- "$private" "$module" || die "the module contains the path $private"
done

mkdir -p "$out"
cp "$scratch"/* "$out/"
note "wasm/pkg/sanskey_bg.wasm: $(wc -c <"$module" | tr -d ' ') bytes"

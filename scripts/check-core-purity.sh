#!/usr/bin/env bash
# The core computes and does nothing else. Four proofs:
#   1. clippy finds nothing that crates/sanskey/clippy.toml bans in the library, and no exception to it either;
#   2. clippy does find everything that tests/core-purity/offender does wrong, so that the bans are known to bite;
#   3. the core stands on no crate but those of crates/sanskey/deny.toml, and that list refuses the bridge's tree;
#   4. compiled to WebAssembly, a whole exchange runs in a module that imports nothing from its host.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

say "core purity: clippy on the library (a few seconds)"
# Forbidden, and not only denied: an #[allow] in the source is an error too. Everything else is `make lint-rust`.
cargo clippy --locked --quiet --package sanskey --lib -- --allow clippy::all --allow clippy::pedantic \
    --forbid clippy::disallowed-methods --forbid clippy::disallowed-types --forbid clippy::disallowed-macros \
    --forbid clippy::print-stdout --forbid clippy::print-stderr --forbid clippy::dbg-macro \
    --forbid clippy::iter-over-hash-type --forbid unsafe-code

say "core purity: the bans bite"
offender=tests/core-purity/offender
scratch="$TARGET/core-purity"
# Without what an earlier run left there, clippy has to look again.
rm -rf "$scratch"
mkdir -p "$scratch"
CLIPPY_CONF_DIR="$ROOT/crates/sanskey" CARGO_TARGET_DIR="$scratch" \
    cargo clippy --locked --quiet --manifest-path "$offender/Cargo.toml" --message-format short \
    >"$scratch/clippy.txt" 2>&1 || { cat "$scratch/clippy.txt" >&2; die "clippy could not read $offender"; }
sed -n 's/^.*src\/lib\.rs:\([0-9]*\):.*use of a disallowed .*/\1/p' "$scratch/clippy.txt" | sort -nu >"$scratch/flagged"
grep -n '// BANNED$' "$offender/src/lib.rs" | cut -d: -f1 >"$scratch/expected"
[ -s "$scratch/expected" ] || die "$offender marks no line as BANNED"
diff "$scratch/expected" "$scratch/flagged" >&2 ||
    die "in $offender/src/lib.rs, '<' lines should be flagged and are not, '>' lines the other way round"
! grep 'clippy\.toml' "$scratch/clippy.txt" >&2 || die "crates/sanskey/clippy.toml names something that does not exist"
note "all $(wc -l <"$scratch/expected" | tr -d ' ') marked lines are flagged, and no other"

say "core purity: the crates that it stands on"
cargo_deny="$("$ROOT/scripts/tool.sh" cargo-deny)"
deny() { "$cargo_deny" --locked --config crates/sanskey/deny.toml --manifest-path "crates/$1/Cargo.toml" check bans; }
deny sanskey >"$scratch/deny.txt" 2>&1 || { cat "$scratch/deny.txt" >&2; die "see crates/sanskey/deny.toml"; }
if deny sanskey-bridge >"$scratch/deny.txt" 2>&1 || ! grep -q "getrandom" "$scratch/deny.txt"; then
    cat "$scratch/deny.txt" >&2
    die "crates/sanskey/deny.toml lets the bridge's random source pass"
fi
note "only those that crates/sanskey/deny.toml lists; the bridge, which draws random numbers, is refused by it"

say "core purity: the module that imports nothing"
module="$("$ROOT/scripts/wasm32.sh" build sanskey-no-imports)"
node tests/core-purity/no-imports/check.mjs "$module"

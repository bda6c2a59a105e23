#!/usr/bin/env bash
# Builds what is published, out of what `make build` made: the wheel, both npm packages and the crate.
#
#   scripts/build-packages.sh FOLDER    empties FOLDER, and leaves four files there
. "$(dirname "$0")/lib.sh"

[ $# -eq 1 ] || die "usage: scripts/build-packages.sh FOLDER"
mkdir -p "$1"
out="$(cd "$1" && pwd)"
rm -f "$out"/*.whl "$out"/*.tgz "$out"/*.crate

"$ROOT/scripts/build-python.sh" wheel "$out"
say "packing the npm packages and the crate (a few seconds)"
for package in wasm node; do
    (cd "$ROOT/$package" && npm pack --silent --ignore-scripts --pack-destination "$out" >/dev/null)
done
# Without asking the registry, unless something from it is missing here.
crate() { (cd "$ROOT" && cargo package --locked --quiet --allow-dirty --package sanskey "$@"); }
crate --offline 2>/dev/null || crate
cp "$TARGET"/package/sanskey-[0-9]*.crate "$out"

# What is published must not tell whose machine built it.
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
for file in "$out"/*.whl "$out"/*.tgz "$out"/*.crate; do
    unpacked="$scratch/$(basename "$file")"
    mkdir "$unpacked"
    case "$file" in
    *.whl) "${PYTHON:-python3}" -m zipfile --extract "$file" "$unpacked" ;;
    *) tar -xzf "$file" -C "$unpacked" ;;
    esac
    while IFS= read -r one; do refuse_private_paths "$one"; done < <(find "$unpacked" -type f)
    note "$(basename "$file"): $(wc -c <"$file" | tr -d ' ') bytes"
done

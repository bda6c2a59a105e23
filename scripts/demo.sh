#!/usr/bin/env bash
# Gets an access token through the hosts that are named (python, node, wasm, rust), one after the other.
#
#   scripts/demo.sh emulator HOST...   as an EC2 workload, against the emulator on loopback
#   scripts/demo.sh real HOST...       against AWS and Google, with GOOGLE_APPLICATION_CREDENTIALS
#
# Each host's program reads the configuration that GOOGLE_APPLICATION_CREDENTIALS names, and prints its steps but never
# the token.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

where="${1:-}"
[ $# -ge 2 ] || die "usage: scripts/demo.sh emulator|real HOST..."
shift

work="$(mktemp -d)"
emulator_pid=""
clean_up() {
    [ -z "$emulator_pid" ] || kill "$emulator_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

start_emulator() {
    local config="$work/credentials.json" log="$work/emulator.log" url=""
    # The lifetime bounds it, should this script be killed before it can clean up.
    "$TARGET/release/sanskey-emulator" --config-out "$config" --lifetime-seconds 300 >"$log" 2>&1 </dev/null &
    emulator_pid=$!
    for _ in $(seq 100); do
        url="$(sed -n 's/^listening on //p' "$log")"
        [ -z "$url" ] || break
        kill -0 "$emulator_pid" 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$url" ] || { cat "$log" >&2; die "the emulator did not start"; }
    export GOOGLE_APPLICATION_CREDENTIALS="$config" SANSKEY_ENDPOINTS=loopback
    # This is an EC2 machine without keys in its environment, whatever the shell that calls us has.
    local name
    for name in $(compgen -e AWS_ || true); do unset "$name"; done
    # Nor does a proxy stand between it and its metadata server.
    unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
    printf 'The emulator plays EC2, AWS STS and Google on %s.\n' "$url"
}

choose_program() {
    case "$1" in
    python) program=(.venv/bin/python python/examples/get_token.py) ;;
    # Without its wasm fallback, which comes next by itself.
    node) program=(env SANSKEY_BACKEND=native node node/examples/token.mjs) ;;
    wasm) program=(node wasm/examples/token.mjs) ;;
    rust) program=("$TARGET/release/examples/token") ;;
    *) die "there is no host named $1: python, node, wasm and rust are" ;;
    esac
}

title() {
    case "$1" in
    python) echo "Python" ;;
    node) echo "Node (native addon)" ;;
    wasm) echo "wasm in Node" ;;
    rust) echo "Rust" ;;
    esac
}

case "$where" in
emulator) start_emulator ;;
real)
    [ -n "${GOOGLE_APPLICATION_CREDENTIALS:-}" ] || die "GOOGLE_APPLICATION_CREDENTIALS is not set" \
        "Set it to the path of the credential configuration of your workload identity pool. This writes one:" \
        "gcloud iam workload-identity-pools create-cred-config --help"
    [ -r "$GOOGLE_APPLICATION_CREDENTIALS" ] ||
        die "GOOGLE_APPLICATION_CREDENTIALS names $GOOGLE_APPLICATION_CREDENTIALS, which cannot be read"
    ;;
*) die "usage: scripts/demo.sh emulator|real HOST..." ;;
esac

passed=0
failed=0
for host in "$@"; do
    choose_program "$host"
    printf '\n%s\n' "$(title "$host")"
    out="$work/$host"
    status=0
    "${program[@]}" </dev/null 2>&1 | tee "$out" || status=$?
    requests="$(sed -n 's/^ *requests: *//p' "$out" | tail -n 1)"
    expiry="$(sed -n 's/^ *token expires at //p' "$out" | tail -n 1)"
    # A program that says nothing has shown nothing, whatever its exit status.
    if [ "$status" -eq 0 ] && [ -n "$requests" ] && [ -n "$expiry" ]; then
        verdict=ok
        passed=$((passed + 1))
    else
        verdict=FAILED
        failed=$((failed + 1))
    fi
    printf '%-20s  %-6s  %8s  %s\n' "$(title "$host")" "$verdict" "${requests:--}" "${expiry:--}" >>"$work/summary"
done

printf '\n%-20s  %-6s  %8s  %s\n' host result requests 'token expires at'
cat "$work/summary"
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]

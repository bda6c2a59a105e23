#!/usr/bin/env bash
# `scripts/setup-node.sh FOLDER`: installs the Node packages that FOLDER/package.json names.
. "$(dirname "$0")/lib.sh"

cd "$ROOT/$1"
say "installing the Node packages of $1/ (about 10 s)"
options=(--no-audit --no-fund --loglevel=error)
# A lock file that was written on one platform may lack the optional packages of another: `npm ci` refuses it then.
npm ci "${options[@]}" >/dev/null 2>&1 || npm install --no-save "${options[@]}" >/dev/null

#!/usr/bin/env bash
# `scripts/build-lambda-client.sh FOLDER VERSION`: the client that AWS runs Node functions with, below FOLDER.
# It is compiled on the machine that it is for, with two libraries in C and C++ that its package brings. Linux only.
. "$(dirname "$0")/lib.sh"

cmake_version=4.4.4 # where there is none
python="${PYTHON:-python3}"

cd "$1"
if ! have cmake && ! have cmake3; then
    "$python" -m venv cmake
    cmake/bin/python -m pip install --quiet --disable-pip-version-check "cmake==$cmake_version"
    PATH="$PWD/cmake/bin:$PATH"
fi
# Node's headers are fetched from its site, unless they came with it.
node_home="$(node -p 'path.resolve(process.execPath, "../..")')"
[ ! -e "$node_home/include/node/node_api.h" ] || export npm_config_nodedir="$node_home"
export npm_config_python="$python"

# Its manifest asks for Node 22; Node 20 runs it too.
npm install --prefix . --ignore-scripts --no-audit --no-fund --engine-strict=false "aws-lambda-ric@$2"
# The package's own scripts and no others, whatever this version of npm thinks of them.
cd node_modules/aws-lambda-ric
sh scripts/preinstall.sh
sh scripts/postinstall.sh
[ -e rapid-client.node ] || die "the addon is not there"

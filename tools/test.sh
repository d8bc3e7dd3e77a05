#!/bin/sh
# Installs what is missing, builds the release, and runs every test. Arguments go to ctest: tools/test.sh -R ops/
set -eu
cd "$(dirname "$0")/.."

tools/install_dependencies.sh
cmake --preset release
cmake --build --preset release
ctest --preset release -j "$(nproc)" "$@"

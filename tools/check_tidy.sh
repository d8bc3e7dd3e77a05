#!/bin/sh
# Runs clang-tidy with the checks in .clang-tidy over every source file outside the tests.
set -eu
cd "$(dirname "$0")/.."

cmake --preset tidy >/dev/null
# What the compile commands need: the code that protoc generates.
cmake --build build-tidy --target plgraph_proto >/dev/null
find core graph ops serialization tools -name '*.cc' | sort |
  xargs -P "$(nproc)" -n 4 clang-tidy -p build-tidy --quiet --warnings-as-errors='*' \
    --extra-arg=-Wno-unknown-warning-option 2>build-tidy/clang-tidy.log
echo "clang-tidy: passed"

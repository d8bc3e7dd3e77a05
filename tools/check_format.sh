#!/bin/sh
# Fails if a C++ file is not formatted as .clang-format says. `tools/check_format.sh --fix` formats them.
set -eu
cd "$(dirname "$0")/.."

mode="--dry-run -Werror"
[ "${1:-}" = --fix ] && mode="-i"
# shellcheck disable=SC2086  # two options
find core graph ops serialization tools tests -name '*.h' -o -name '*.cc' | sort | xargs clang-format $mode
echo "format check: passed"

#!/bin/sh
# From a bare Debian 12 to a trained plastic network: installs, builds, trains, and says what came of it.
set -eu
cd "$(dirname "$0")/.."

model=models/pattern_reconstruction.pbtxt
run=runs/pattern_reconstruction

tools/install_dependencies.sh
mkdir -p build
cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 1; }
cmake --build --preset release --target plgraph

rm -rf "$run"
echo "Training $model into $run ..."
build/plgraph train "$model" --run-dir "$run"

result=$(build/plgraph eval "$model" --checkpoint "$run/last.ckpt" --json)
error_rate=$(printf '%s' "$result" | sed 's/.*"error_rate":\([0-9.eE+-]*\).*/\1/')
episodes=$(printf '%s' "$result" | sed 's/.*"episodes":\([0-9]*\).*/\1/')
LC_ALL=C awk -v error="$error_rate" -v episodes="$episodes" 'BEGIN {
  printf "The trained network restored %.3f%% of the elements of %d patterns that it had never seen, " \
         "each shown to it with half of its elements missing.\n", 100 * (1 - error), episodes
}'

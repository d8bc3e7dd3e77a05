#!/bin/sh
# Runs every fuzzer for some seconds, one after the other, and prints what it did.
# usage: [SEED=1] [TIMEOUT=1] tests/fuzz/run.sh [SECONDS [FUZZER...]]     e.g. tests/fuzz/run.sh 7200 plan_fuzz
# Without SEED every run draws other inputs; its log says which seed it had.
# Fails with the first input that crashes, leaks, takes over TIMEOUT seconds (more than 1 only where the machine is busy
# with other things), or needs over 256 MB beyond what the sanitizers take.
# What was found stays in build-fuzz/corpus/, so that the next run goes on from there; the faults in build-fuzz/.
set -eu
cd "$(dirname "$0")/../.."

seconds="${1:-30}"
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- model_fuzz set_fuzz plan_fuzz checkpoint_fuzz npy_fuzz images_fuzz

# One allocation may not be larger than 256 MB; the process has the shadow memory and the quarantine on top.
limits="-timeout=${TIMEOUT:-1} -malloc_limit_mb=256 -rss_limit_mb=1024 -max_len=8192 -seed=${SEED:-0}"

seeds_of() {
  case "$1" in
    model_fuzz) echo models tests/errors ;;
    images_fuzz) echo tests/data tests/serialization/data ;;
    npy_fuzz) echo tests/serialization/data ;;
  esac
  [ ! -d "tests/fuzz/corpus/$1" ] || echo "tests/fuzz/corpus/$1"
}

for fuzzer in "$@"; do
  corpus="build-fuzz/corpus/$fuzzer"
  mkdir -p "$corpus"
  log="build-fuzz/$fuzzer.log"
  # shellcheck disable=SC2046,SC2086  # one word a folder, one a limit
  if ! ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=1 "build-fuzz/$fuzzer" $limits -max_total_time="$seconds" \
      -print_final_stats=1 -artifact_prefix="build-fuzz/$fuzzer-" "$corpus" $(seeds_of "$fuzzer") >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "$fuzzer: a fault; the input is in build-fuzz/$fuzzer-*" >&2
    exit 1
  fi
  awk -v name="$fuzzer" '
    /stat::number_of_executed_units/ { units = $2 }
    /stat::slowest_unit_time_sec/ { slowest = $2 }
    /stat::peak_rss_mb/ { peak = $2 }
    END { printf "%-16s %10d inputs, the slowest %d s, at most %d MB\n", name, units, slowest, peak }' "$log"
done

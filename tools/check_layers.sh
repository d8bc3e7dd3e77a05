#!/bin/sh
# Includes run one way: core <- graph <- ops, core <- graph <- serialization, all <- tools <- tests. Libraries that
# one layer hides from the others stay there. Fails with the lines that break a rule.
set -eu
cd "$(dirname "$0")/.."

failed=0
# complain RULE LINES
complain() {
  [ -z "$2" ] && return 0
  printf 'layer check: %s\n%s\n' "$1" "$2" >&2
  failed=1
}

# may_include FOLDER ALLOWED: what FOLDER includes in quotes must lie in one of the folders ALLOWED.
may_include() {
  [ -d "$1" ] || return 0
  complain "$1/ may include only from: $2" "$(grep -rnE --include='*.h' --include='*.cc' \
    '^ *# *include "' "$1" | grep -vE "include \"($(echo "$2" | tr ' ' '|'))/" || true)"
}
may_include core "core"
may_include graph "core graph"
# Within graph/: ir <- passes <- plan <- run, and compile above them.
may_include graph/ir "core graph/ir"
may_include graph/passes "core graph/ir graph/passes"
may_include graph/plan "core graph/ir graph/plan"
may_include graph/run "core graph/ir graph/plan graph/run"
may_include ops "core graph ops"
may_include serialization "core graph serialization"
may_include tools "core graph ops serialization tools"
# Within tools/: the training loop with its data and what it writes <- the reports <- the command line.
for room in training observe data; do
  may_include tools/$room "core graph serialization tools/training tools/observe tools/data"
done
may_include tools/report "core graph serialization tools/training tools/report"
may_include tools/bench "core ops tools/bench"
may_include tests "core graph ops serialization tools tests"

# only_in PATTERN WHERE REASON: lines that include PATTERN must lie in files that match WHERE.
only_in() {
  complain "$3" "$(grep -rnE --include='*.h' --include='*.cc' "^ *# *include [<\"]($1)" \
    core graph ops serialization tools tests | grep -vE "^($2)" || true)"
}
only_in 'blis|cblas' 'ops/kernels/' 'BLIS is included in ops/kernels/ only'
only_in 'hwy/' '(ops/kernels|tests/ops)/' 'Highway is included in ops/kernels/ and its tests only'
only_in 'boost/graph' 'graph/ir/graph\.cc:' 'Boost.Graph is included in graph/ir/graph.cc only'
only_in 'google/protobuf|serialization/.*\.pb\.h' '(serialization|tools|tests)/' \
  'protobuf is included in serialization/ and above only'
only_in 'ops/' '(ops|tests)/|tools/bench/machine_rates\.cc:' 'the ops are reached through their registry; only machine_rates measures a kernel'
only_in 'png\.h' '(serialization|tools/data|tests)/' 'libpng is included where pictures are read or written only'
only_in 'CLI/' 'tools/cli/' 'the command line is read in tools/cli/ only'
only_in 'fstream|filesystem|unistd|fcntl|sys/' \
  '(core|tests)/|tools/observe/progress\.cc:|serialization/language/initializer\.cc:' 'files are reached through core/file_system.h'
only_in 'chrono|ctime' '(core|tests|tools/bench)/' 'the time is reached through core/clock.h'
complain 'text is printed through core/print.h, which never throws' "$(grep -nrE --include='*.h' --include='*.cc' \
  'fmt::print|std::cout|std::cerr|printf\(|\<f?puts\(' core graph ops serialization tools || true)"
only_in 'random>' 'tests/' 'random numbers come from core/random.h'

[ "$failed" -eq 0 ] && echo "layer check: passed"
exit "$failed"

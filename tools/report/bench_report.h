#ifndef PLGRAPH_TOOLS_REPORT_BENCH_REPORT_H_
#define PLGRAPH_TOOLS_REPORT_BENCH_REPORT_H_

#include <string>

#include "tools/training/update_bench.h"

namespace plgraph {

/// A table for people: the phases of an update with their nodes, in the order in which they run.
std::string BenchText(const std::string& model, int threads, const UpdateCost& cost);

/// The same as one JSON object.
std::string BenchJson(const std::string& model, int threads, const UpdateCost& cost);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_REPORT_BENCH_REPORT_H_

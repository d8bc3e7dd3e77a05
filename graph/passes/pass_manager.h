#ifndef PLGRAPH_GRAPH_PASSES_PASS_MANAGER_H_
#define PLGRAPH_GRAPH_PASSES_PASS_MANAGER_H_

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"

namespace plgraph {

/// A step of the compiler from graph to graph.
struct Pass {
  enum Need { kNeeded, kOptional };

  std::string_view name;
  void (*run)(const PlannedFor& planned, Graph& graph);
  Need need = kNeeded;
};

/// A pass that has run.
struct PassRun {
  int index = 0;  ///< from 1 on
  std::string_view name;
  double seconds = 0;  ///< 0 without a clock
  const Graph& graph;  ///< after it
};

/// Which passes run, and who looks on.
struct PassControl {
  std::set<std::string> disabled = {};  ///< names of passes that are left out
  const Clock* clock = nullptr;         ///< times the passes; null: nobody does
  /// Called after each pass, e.g. to write `03-autodiff.txt`.
  std::function<void(const PassRun& run)> on_pass = {};
};

/// Runs the passes in their order and verifies the graph after each. A breach is an internal fault that names the pass
/// and a file with the graph. Throws Error(kInvalid) for a disabled pass that is needed or that nobody knows.
void RunPasses(std::span<const Pass> passes, const PlannedFor& planned, const PassControl& control,
               Graph& graph);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_PASS_MANAGER_H_

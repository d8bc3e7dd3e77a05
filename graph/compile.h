#ifndef PLGRAPH_GRAPH_COMPILE_H_
#define PLGRAPH_GRAPH_COMPILE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"
#include "core/dtype.h"
#include "graph/ir/graph.h"
#include "graph/plan/memory_plan.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// What the passes see of the options. A compiled graph depends on nothing else beside its model, so that a graph that
/// was compiled for this is right for any batch, number type and optimizer. The fields are those of CompileOptions.
struct PlannedFor {
  bool training = true;
  std::int64_t steps = 1;
  bool continued = false;
  std::vector<std::string> outputs = {};

  friend bool operator==(const PlannedFor&, const PlannedFor&) = default;
};

struct CompileOptions {
  bool training = true;  ///< with the adjoint; false: the forward phases only
  DType dtype = DType::kFloat;
  std::int64_t batch = 1;   ///< samples run side by side
  std::int64_t steps = 1;   ///< steps of one run (an episode, or one window of it)
  int optimizer_slots = 0;  ///< numbers that the optimizer keeps for each element of a parameter
  bool accumulate = false;  ///< gradients are summed over several runs before an update
  bool continued = false;   ///< a run may go on from the states of the run before (windows of an episode)
  bool sweeps = true;  ///< nodes pass over the same matrices together; false: each by itself, to be observed
  /// Values kept for all steps, to be read after a run.
  std::vector<std::string> outputs = {};
  /// Called with the graph after each pass, e.g. to write `03-autodiff.txt`.
  std::function<void(int index, std::string_view pass, const Graph& graph)> on_pass = {};

  PlannedFor planned_for() const { return {training, steps, continued, outputs}; }
};

/// A graph that is ready to run: what runs when and where each value lives.
struct Executable {
  Graph graph;
  Schedule schedule;
  MemoryPlan memory;
  CompileOptions options;
};

/// Reports every fault of a model's graph: cycles without a state, shapes that do not fit, states without
/// `next`, losses that no parameter reaches. Shapes and variances of the sound nodes are filled in.
void CheckGraph(Graph& graph, Diagnostics& diagnostics);

/// The whole compiler. The graph must have passed CheckGraph.
Executable Compile(Graph graph, const CompileOptions& options);

/// The last half of the compiler, for a graph that has been through the passes with the same `planned_for()` (a loaded
/// plan).
Executable PlanExecution(Graph compiled, const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_COMPILE_H_

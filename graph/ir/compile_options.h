#ifndef PLGRAPH_GRAPH_IR_COMPILE_OPTIONS_H_
#define PLGRAPH_GRAPH_IR_COMPILE_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "graph/ir/trace_choice.h"

namespace plgraph {

/// What the passes see of the options. A compiled graph depends on nothing else beside its model, so that a graph that
/// was compiled for this is right for any batch, number type and optimizer. The fields are those of CompileOptions.
struct PlannedFor {
  bool training = true;
  std::int64_t steps = 1;
  bool continued = false;
  std::vector<std::string> outputs = {};
  std::vector<ForcedForm> trace_forms = {};

  friend bool operator==(const PlannedFor&, const PlannedFor&) = default;
};

/// What a graph is compiled for.
struct CompileOptions {
  bool training = true;  ///< with the adjoint; false: the forward phases only
  DType dtype = DType::kFloat;
  std::int64_t batch = 1;   ///< samples run side by side
  std::int64_t steps = 1;   ///< steps of one run (an episode, or one window of it)
  int optimizer_slots = 0;  ///< numbers that the optimizer keeps for each element of a parameter
  bool accumulate = false;  ///< gradients are summed over several runs before an update
  bool continued = false;   ///< a run may go on from the states of the run before (windows of an episode)
  bool fused_loops =
      true;  ///< nodes pass over the same matrices together; false: each by itself, to be observed
  /// Values kept for all steps, to be read after a run.
  std::vector<std::string> outputs = {};
  /// Forms that traces have to have, whatever they cost.
  std::vector<ForcedForm> trace_forms = {};

  PlannedFor planned_for() const { return {training, steps, continued, outputs, trace_forms}; }
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_COMPILE_OPTIONS_H_

#ifndef PLGRAPH_TOOLS_TRAINING_NUMBER_TRACE_H_
#define PLGRAPH_TOOLS_TRAINING_NUMBER_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "graph/run/executor.h"
#include "tools/training/loaded_model.h"
#include "tools/training/not_finite.h"
#include "tools/training/services.h"

namespace plgraph {

/// From where a number that is not finite came.
struct NumberOrigin {
  std::string text;  ///< some lines, indented: the node and its operands, or the input, parameter or state
  NotFiniteError::Cause cause = NotFiniteError::Cause::kTraining;
};

/// A run that went wrong, as it began.
struct FailedRun {
  Executor<float>& executor;  ///< with the inputs and the parameters of the run
  RunContext context;
  std::vector<std::vector<float>>
      states;  ///< by place in Graph::states, where it went on from the run before
  std::int64_t update = 0;
};

/// Where a node's origin stands in the model file, for messages: `m.pbtxt:4:1: `; of a plan the path alone.
std::string PlaceOf(const LoadedModel& loaded, const Node& node);

/// Does a run again on one thread, every node by itself, in another executor, and looks at the result of each call.
/// The first that is not finite is told with its node, step, episode and operands, and with what helps: by whether the op
/// is defined for its operands (OperandDef::domain), and whether anything has been trained yet. What no loss and no gradient depends on
/// is not looked at: a metric may be infinite. Where there is no memory for that, the text says so.
NumberOrigin TraceNotFinite(const LoadedModel& loaded, const Services& services, const FailedRun& run);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_NUMBER_TRACE_H_

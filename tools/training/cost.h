#ifndef PLGRAPH_TOOLS_TRAINING_COST_H_
#define PLGRAPH_TOOLS_TRAINING_COST_H_

#include <cstdint>
#include <span>
#include <vector>

#include "graph/compile.h"
#include "tools/training/data_source.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// How often a node's kernel runs for one batch of whole runs: once for each sample and step along which it, or
/// what it reads, varies.
std::int64_t InstancesOf(const Graph& graph, const Node& node, const CompileOptions& options);

/// Floating-point operations of a node for one instance.
std::int64_t FlopsOfInstance(const Graph& graph, const Node& node);

/// The bytes of operands and results that a node touches, each once a call, however often its kernel comes back to
/// them.
struct Traffic {
  std::int64_t call_bytes = 0;      ///< for each call: what all instances share, such as a parameter
  std::int64_t instance_bytes = 0;  ///< for each instance
};

/// Of a node on its own, or of the members of a fused loop: what several touch counts for the first of them.
std::vector<Traffic> TrafficOf(const Executable& executable, std::span<const ScheduledNode> order);

/// Floating-point operations for one episode, without the optimizer's. What is done once an update is shared among
/// the samples of the batch.
double FlopsPerEpisode(const Executable& executable, std::int64_t episode_steps);

/// What `train` takes at its peak, in bytes.
struct PeakMemory {
  std::int64_t process = 0;  ///< the program and its libraries
  std::int64_t graph = 0;    ///< the model, its graph and what it is compiled to
  std::int64_t arenas = 0;   ///< of training and of the evaluations
  std::int64_t data = 0;     ///< of both; reading them takes no more
  /// Beside the arenas: the checkpoint that is being written, or, where that is more, a parameter that is being made.
  std::int64_t copies = 0;
  /// What is taken after the model and the data were read.
  std::int64_t running() const { return arenas + copies; }
  std::int64_t total() const { return process + graph + arenas + data + copies; }
};
/// `evaluation` is null if the model does not ask for evaluations.
PeakMemory PredictPeakMemory(const LoadedModel& loaded, const Executable& training,
                             const Executable* evaluation, std::int64_t data_bytes);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_COST_H_

#ifndef PLGRAPH_TOOLS_TRAINING_COST_H_
#define PLGRAPH_TOOLS_TRAINING_COST_H_

#include <cstdint>
#include <span>
#include <vector>

#include "graph/compile.h"
#include "tools/training/data_source.h"

namespace plgraph {

/// How often a node's kernel runs for one batch of whole runs: once for each sample and step along which it, or
/// what it reads, varies.
std::int64_t RowsOf(const Graph& graph, const Node& node, const CompileOptions& options);

/// Floating-point operations of a node for one row.
std::int64_t FlopsOfRow(const Graph& graph, const Node& node);

/// The bytes of operands and results that a node touches, each once a call, however often its kernel comes back to
/// them.
struct Traffic {
  std::int64_t call_bytes = 0;  ///< for each call: what all rows share, such as a parameter
  std::int64_t row_bytes = 0;   ///< for each row
};

/// Of a node on its own, or of the members of a sweep: what several touch counts for the first of them.
std::vector<Traffic> TrafficOf(const Executable& executable, std::span<const Turn> turns);

/// Floating-point operations for one episode, without the optimizer's. What is done once an update is shared among
/// the samples of the batch.
double FlopsPerEpisode(const Executable& executable, std::int64_t episode_steps);

/// What `train` takes at its peak, in bytes: the process itself, the arenas of training and (null: none) of the
/// evaluations, the data, and the checkpoint that is being written.
struct PeakMemory {
  std::int64_t process = 0;
  std::int64_t arenas = 0;
  std::int64_t data = 0;
  std::int64_t checkpoint = 0;
  std::int64_t total() const { return process + arenas + data + checkpoint; }
};
PeakMemory PredictPeakMemory(const Executable& training, const Executable* evaluation,
                             std::int64_t data_bytes);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_COST_H_

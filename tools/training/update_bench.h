#ifndef PLGRAPH_TOOLS_TRAINING_UPDATE_BENCH_H_
#define PLGRAPH_TOOLS_TRAINING_UPDATE_BENCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tools/training/loaded_model.h"
#include "tools/training/services.h"

namespace plgraph {

/// What a node, or a fused loop with its members, takes in one update.
struct NodeCost {
  std::string name;
  std::string op;
  std::int64_t calls = 0;  ///< of a fused loop: how often it runs
  double seconds = 0;      ///< the median; members of a fused loop have no time of their own
  double bytes = 0;        ///< as in Traffic
  double flops = 0;
  std::vector<NodeCost> members = {};
};

/// A phase of the executor, or "update" (the optimizer) or "data" (filling the inputs), which have no nodes.
struct PhaseCost {
  std::string name;
  double seconds = 0;  ///< the median
  std::vector<NodeCost> nodes = {};
};

struct UpdateCost {
  std::int64_t updates = 0;   ///< of which the medians are taken
  std::int64_t episodes = 0;  ///< in one update
  std::int64_t batch = 0;
  std::int64_t steps = 0;   ///< of an episode
  double seconds = 0;       ///< the median of whole updates
  double node_seconds = 0;  ///< the same with a clock at every node, as the times of nodes are taken
  std::vector<PhaseCost> phases = {};
};

/// Trains from the model's start for 1 + 2 `updates` updates: one to warm up; then those whose phases are timed;
/// then those whose nodes are. An update takes batch x accumulate episodes, as in Trainer. Throws Error(kInvalid)
/// when the model cannot be trained. `init`: a checkpoint whose parameters it starts from; "": the initializers.
UpdateCost BenchUpdates(const LoadedModel& loaded, const Services& services, std::int64_t updates,
                        const std::string& init = "");

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_UPDATE_BENCH_H_

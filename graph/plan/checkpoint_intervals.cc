#include "graph/plan/checkpoint_intervals.h"

#include <algorithm>
#include <cmath>

#include "graph/ir/compile_options.h"
#include "graph/ir/known_ops.h"
#include "graph/ir/node_map.h"
#include "graph/ir/tuning.h"

namespace plgraph {
namespace {

bool ReadsSnapshotOf(const Node& reader, Value value) {
  return SnapshotSteps(reader) > 0 && reader.operands[static_cast<size_t>(reader.op->snapshot)] == value;
}

}  // namespace

std::int64_t SnapshotSteps(const Node& reader) {
  return reader.op->snapshot < 0 ? 0 : AttributeOf<std::int64_t>(reader, kSnapshotEvery);
}

std::vector<Value> ReadersAtItsStep(const Graph& graph, Value value) {
  std::vector<Value> readers = graph.Users(value);
  std::erase_if(readers, [&](Value user) { return ReadsSnapshotOf(graph.node(user), value); });
  return readers;
}

std::int64_t SnapshotSteps(const Graph& graph, Value state) {
  for (const Value user : graph.Users(state)) {
    if (ReadsSnapshotOf(graph.node(user), state)) return SnapshotSteps(graph.node(user));
  }
  return 0;
}

std::vector<Value> RecomputedOps(const Graph& graph) {
  std::vector<Value> ops = graph.TopologicalOrder();
  std::erase_if(ops, [&](Value value) {
    const Node& node = graph.node(value);
    return node.kind != NodeKind::kOp || !node.recomputed;
  });
  return ops;
}

CheckpointIntervals::CheckpointIntervals(const Graph& graph, const Schedule& schedule,
                                         const CompileOptions& options)
    : graph_(graph), pipelined_(graph.size()) {
  for (const ScheduledNode& scheduled : schedule.order(Phase::kStepAdjoint))
    pipelined_[scheduled.node] = scheduled.pipelined;
  bool any = false;
  for (int id = 0; id < graph.size(); ++id) {
    if (!graph.node(Value{id}).recomputed) continue;
    any = true;
    if (!ReadOnlyInLoops(Value{id})) return;
  }
  if (!any || !options.training) return;
  const std::int64_t longest = LongestOuterInterval();
  steps_ = BestSteps(std::min(options.steps, longest));
  if (options.steps > longest) outer_interval_ = (longest + steps_ - 1) / steps_ * steps_;
}

// The backward pass has a slot of one step more where a pipelined node reads: of the checkpoint interval that it
// has left.
std::int64_t CheckpointIntervals::RingOf(const State& state) const {
  return steps_ - 1 + (IsReadPipelined(state.next) ? 1 : 0);
}

std::int64_t CheckpointIntervals::RingOf(Value op) const { return steps_ + (IsReadPipelined(op) ? 1 : 0); }

bool CheckpointIntervals::ReadOnlyInLoops(Value value) const {
  const std::vector<Value> users = graph_.Users(value);
  return std::all_of(users.begin(), users.end(), [&](Value user) { return IsLoop(graph_.node(user).phase); });
}

bool CheckpointIntervals::IsReadPipelined(Value value) const {
  const std::vector<Value> users = graph_.Users(value);
  return std::any_of(users.begin(), users.end(), [&](Value user) { return pipelined_[user]; });
}

std::int64_t CheckpointIntervals::LongestOuterInterval() const {
  std::int64_t longest = tuning::kLeastOuterInterval;
  for (const State& state : graph_.states) {
    const Node& node = graph_.node(state.value);
    if (node.recomputed) longest = std::max(longest, node.shape.dim(0));
  }
  return longest;
}

// A state takes `all / steps` snapshots and `steps` slots, an op that is read back only the latter.
std::int64_t CheckpointIntervals::BestSteps(std::int64_t all) const {
  double snapshots = 0;
  double rings = 0;
  NodeMap<bool> next(graph_.size());
  for (const State& state : graph_.states) {
    if (!graph_.node(state.value).recomputed) continue;
    next[state.next] = true;
    snapshots += static_cast<double>(graph_.node(state.value).shape.NumElements());
  }
  for (const Value op : RecomputedOps(graph_)) {
    const std::vector<Value> users = graph_.Users(op);
    const bool read_back = std::any_of(users.begin(), users.end(), [&](Value user) {
      return graph_.node(user).phase == Phase::kStepAdjoint;
    });
    if (!next[op] && read_back) rings += static_cast<double>(graph_.node(op).shape.NumElements());
  }
  const double share = snapshots / std::max(snapshots + rings, 1.0);
  const double best = std::sqrt(static_cast<double>(all) * share);
  return std::min(all, std::max<std::int64_t>(tuning::kLeastInterval, std::llround(best)));
}

}  // namespace plgraph

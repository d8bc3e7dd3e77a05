#ifndef PLGRAPH_GRAPH_PLAN_CHECKPOINT_INTERVALS_H_
#define PLGRAPH_GRAPH_PLAN_CHECKPOINT_INTERVALS_H_

#include <cstdint>
#include <vector>

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// Every how many steps a snapshot is kept for a node that reads one (OpDef::snapshot); 0: it reads none.
std::int64_t SnapshotSteps(const Node& reader);

/// The nodes that read a value at its own step: all users but those that read a snapshot of it.
std::vector<Value> ReadersAtItsStep(const Graph& graph, Value value);

/// Every how many steps a snapshot of a state is kept for a reader; 0: none is.
std::int64_t SnapshotSteps(const Graph& graph, Value state);

/// The op nodes that run again in the backward pass (Node::recomputed), every node after its operands.
std::vector<Value> RecomputedOps(const Graph& graph);

/// How the steps are cut into checkpoint intervals, each recomputed as a whole when the backward pass reaches it,
/// and how many slots of memory that takes. The checkpoint intervals of a long run are gathered into outer
/// intervals. Of an outer interval only the first step has a snapshot that lasts; the backward pass recomputes
/// the others when it reaches the outer interval. So every step runs at most three times. What does not last takes
/// the same memory in a run of any length; the snapshots that last, one in at least as many steps as a trace has
/// rows, take no more than vectors that are kept at every step.
class CheckpointIntervals {
 public:
  CheckpointIntervals(const Graph& graph, const Schedule& schedule, const CompileOptions& options);

  /// The steps of a checkpoint interval (the last one may have fewer), such that snapshots and one checkpoint
  /// interval take the least memory together; 0: nothing is recomputed, everything is kept for all steps.
  std::int64_t steps() const { return steps_; }
  /// The steps of an outer interval, a multiple of those of a checkpoint interval; 0: the run is one outer interval.
  std::int64_t outer_interval() const { return outer_interval_; }
  bool Recomputes(Value value) const { return steps_ > 0 && graph_.node(value).recomputed; }
  /// Slots for the steps of a checkpoint interval without a snapshot of the state.
  std::int64_t RingOf(const State& state) const;
  /// Slots for what a recomputed op makes in a checkpoint interval, if the backward pass reads it.
  std::int64_t RingOf(Value op) const;
  /// Whether the backward pass reads what a recomputed op made at the first step of a checkpoint interval, or the
  /// state that this is the `next` of, when it is in the checkpoint interval before. What recomputes more than that
  /// checkpoint interval must put it aside.
  bool IsReadPipelined(Value op) const;

 private:
  bool ReadOnlyInLoops(Value value) const;
  std::int64_t LongestOuterInterval() const;
  std::int64_t BestSteps(std::int64_t all) const;

  const Graph& graph_;
  NodeMap<bool> pipelined_;  // in the backward pass, by node
  std::int64_t steps_ = 0;
  std::int64_t outer_interval_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_CHECKPOINT_INTERVALS_H_

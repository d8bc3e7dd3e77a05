#ifndef PLGRAPH_GRAPH_PLAN_LIFETIMES_H_
#define PLGRAPH_GRAPH_PLAN_LIFETIMES_H_

#include <vector>

#include "graph/ir/graph.h"
#include "graph/ir/node_map.h"
#include "graph/plan/checkpoint_intervals.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// When each value of a run is made and read for the last time. Positions count the scheduled nodes of all phases
/// in their order; every phase has one for its end behind those of its nodes.
class Lifetimes {
 public:
  /// `kept`: by node, what is to be read after the run.
  Lifetimes(const Graph& graph, const Schedule& schedule, const CheckpointIntervals& intervals,
            NodeMap<bool> kept);

  const ScheduledNode& scheduled(Value value) const { return order_[value]; }
  int position(Value value) const { return position_[value]; }
  /// In a loop, or a block of instances, of what comes from before it: until its last round.
  int last_use(Value value) const { return last_use_[value]; }
  int end(Phase phase) const { return ends_[static_cast<int>(phase)]; }
  bool IsKept(Value value) const { return kept_[value]; }
  /// Whether a value is read, at its own step, in another phase than its own or on a recomputation, or at other steps.
  bool IsReadOutsideItsLoop(Value value) const;
  /// Whether a value passes only from node to node of one block of instances (ScheduledNode::block).
  bool IsWithinBlock(Value value) const { return within_block_[value]; }

 private:
  void NumberPositions(const Schedule& schedule);
  bool PassesWithinBlock(Value value) const;
  int LastUse(Value value) const;
  int LastNeed(Value value, Value user) const;
  int EndOfRecomputation() const { return end(Phase::kStepAdjoint); }

  const Graph& graph_;
  const CheckpointIntervals& intervals_;
  NodeMap<bool> kept_;
  NodeMap<ScheduledNode> order_;
  NodeMap<int> position_;
  NodeMap<int> last_use_;
  NodeMap<bool> within_block_;
  std::vector<int> block_ends_;  // by ScheduledNode::block: the position of its last node
  int ends_[kPhaseCount] = {};
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_LIFETIMES_H_

#ifndef PLGRAPH_GRAPH_SEGMENTS_H_
#define PLGRAPH_GRAPH_SEGMENTS_H_

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "graph/schedule.h"

namespace plgraph {

struct CompileOptions;

/// Every how many steps a snapshot is kept for a node that reads one (OpDef::snapshot); 0: it reads none.
std::int64_t SnapshotSteps(const Node& reader);

/// The nodes that read a value at its own step: all users but those that read a snapshot of it.
std::vector<Value> ReadersAtItsStep(const Graph& graph, Value value);

/// Every how many steps a snapshot of a state is kept for a reader; 0: none is.
std::int64_t SnapshotSteps(const Graph& graph, Value state);

/// The op nodes that run again on the way back (Node::replayed), every node after its operands.
std::vector<Value> ReplayedOps(const Graph& graph);

/// How the steps are cut into segments, each replayed as a whole when the way back reaches it, and how many slots
/// of memory that takes.
class Segments {
 public:
  Segments(const Graph& graph, const Schedule& schedule, const CompileOptions& options);

  /// The steps of a segment (the last one may have fewer), such that snapshots and one segment take the least
  /// memory together; 0: nothing is replayed, everything is kept for all steps.
  std::int64_t steps() const { return steps_; }
  bool Replays(Value value) const { return steps_ > 0 && graph_.node(value).replayed; }
  /// Slots for the steps of a segment without a snapshot of the state.
  std::int64_t RingOf(const State& state) const;
  /// Slots for what a replayed op makes in a segment, if the way back reads it.
  std::int64_t RingOf(Value op) const;

 private:
  bool ReadOnlyInLoops(Value value) const;
  bool IsReadLate(Value value) const;
  std::int64_t BestSteps(std::int64_t all) const;

  const Graph& graph_;
  std::vector<bool> late_;  // on the way back, by node
  std::int64_t steps_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_SEGMENTS_H_

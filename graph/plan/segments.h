#ifndef PLGRAPH_GRAPH_PLAN_SEGMENTS_H_
#define PLGRAPH_GRAPH_PLAN_SEGMENTS_H_

#include <cstdint>
#include <vector>

#include "graph/ir/graph.h"
#include "graph/plan/schedule.h"

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
/// of memory that takes. The segments of a long run are gathered into stretches. Of a stretch only the first step has
/// a snapshot that lasts; the way back makes the others anew when it reaches the stretch. So every step runs at most
/// three times. What does not last takes the same memory in a run of any length; the snapshots that last, one in at
/// least as many steps as a trace has lines, take no more than vectors that are kept at every step.
class Segments {
 public:
  Segments(const Graph& graph, const Schedule& schedule, const CompileOptions& options);

  /// The steps of a segment (the last one may have fewer), such that snapshots and one segment take the least
  /// memory together; 0: nothing is replayed, everything is kept for all steps.
  std::int64_t steps() const { return steps_; }
  /// The steps of a stretch, a multiple of those of a segment; 0: the run is one stretch.
  std::int64_t stretch() const { return stretch_; }
  bool Replays(Value value) const { return steps_ > 0 && graph_.node(value).replayed; }
  /// Slots for the steps of a segment without a snapshot of the state.
  std::int64_t RingOf(const State& state) const;
  /// Slots for what a replayed op makes in a segment, if the way back reads it.
  std::int64_t RingOf(Value op) const;
  /// Whether the way back reads what a replayed op made at the first step of a segment, or the state that this is
  /// the `next` of, when it is in the segment before. What replays more than that segment must put it aside.
  bool IsReadLate(Value op) const;

 private:
  bool ReadOnlyInLoops(Value value) const;
  std::int64_t LongestStretch() const;
  std::int64_t BestSteps(std::int64_t all) const;

  const Graph& graph_;
  std::vector<bool> late_;  // on the way back, by node
  std::int64_t steps_ = 0;
  std::int64_t stretch_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_SEGMENTS_H_

#ifndef PLGRAPH_GRAPH_PLAN_LIFETIMES_H_
#define PLGRAPH_GRAPH_PLAN_LIFETIMES_H_

#include <vector>

#include "graph/ir/graph.h"
#include "graph/plan/schedule.h"
#include "graph/plan/segments.h"

namespace plgraph {

/// When each value of a run is made and read for the last time. Positions count the turns of all phases in their
/// order; every phase has one for its end behind those of its nodes.
class Lifetimes {
 public:
  /// `kept`: by node, what is to be read after the run.
  Lifetimes(const Graph& graph, const Schedule& schedule, const Segments& segments, std::vector<bool> kept);

  const Turn& turn(Value value) const { return turns_[Index(value)]; }
  int position(Value value) const { return position_[Index(value)]; }
  /// In a loop, or a block of rows, of what comes from before it: until its last round.
  int last_use(Value value) const { return last_use_[Index(value)]; }
  int end(Phase phase) const { return ends_[static_cast<int>(phase)]; }
  bool IsKept(Value value) const { return kept_[Index(value)]; }
  /// Whether a value is read, at its own step, in another phase than its own or on a replay, or at other steps.
  bool IsReadOutsideItsLoop(Value value) const;
  /// Whether a value passes only from node to node of one block of rows (Turn::block).
  bool IsWithinBlock(Value value) const { return within_block_[Index(value)]; }

 private:
  static size_t Index(Value value) { return static_cast<size_t>(value.id); }
  void NumberPositions(const Schedule& schedule);
  bool PassesWithinBlock(Value value) const;
  int LastUse(Value value) const;
  int LastNeed(Value value, Value user) const;
  int EndOfReplay() const { return end(Phase::kStepAdjoint); }

  const Graph& graph_;
  const Segments& segments_;
  std::vector<bool> kept_;
  std::vector<Turn> turns_;  // by node
  std::vector<int> position_;
  std::vector<int> last_use_;
  std::vector<bool> within_block_;
  std::vector<int> block_ends_;  // by Turn::block: the position of its last node
  int ends_[kPhaseCount] = {};
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_LIFETIMES_H_

#ifndef PLGRAPH_GRAPH_PLAN_RUN_FACTS_H_
#define PLGRAPH_GRAPH_PLAN_RUN_FACTS_H_

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/plan/checkpoint_intervals.h"
#include "graph/plan/lifetimes.h"
#include "graph/plan/loop_plan.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// All that is decided of a run before its memory is planned.
struct RunFacts {
  const Graph& graph;
  const Schedule& schedule;
  const LoopPlans& loops;
  const CompileOptions& options;
  const CheckpointIntervals& intervals;
  const Lifetimes& lifetimes;

  /// How many steps a value has.
  std::int64_t StepsOf(const Node& node) const { return node.variance.step ? options.steps : 1; }
};

/// Whether a node of a loop collects over its rounds: no other value of the loop may use its memory.
inline bool OutlivesRound(const Node& node) { return IsLoop(node.phase) && !node.variance.step; }

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_RUN_FACTS_H_

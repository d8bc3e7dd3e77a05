#ifndef PLGRAPH_GRAPH_PLAN_EXECUTABLE_H_
#define PLGRAPH_GRAPH_PLAN_EXECUTABLE_H_

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"
#include "graph/plan/loop_plan.h"
#include "graph/plan/memory_plan.h"
#include "graph/plan/schedule.h"

namespace plgraph {

/// A graph that is ready to run: what runs when, together with what, and where each value lives. All decisions stand
/// here; who runs it or reports on it makes none.
struct Executable {
  Graph graph;
  Schedule schedule;
  LoopPlans loops;
  MemoryPlan memory;
  CompileOptions options;

  const LoopPlan& loop(Phase phase) const { return loops.of(phase); }
};

/// Plans a graph that has been through the passes with the same `planned_for()` (by Compile, or before a plan was
/// written). Throws Error(kInvalid) when the memory overflows.
Executable PlanExecution(Graph compiled, const CompileOptions& options);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_EXECUTABLE_H_

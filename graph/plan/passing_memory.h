#ifndef PLGRAPH_GRAPH_PLAN_PASSING_MEMORY_H_
#define PLGRAPH_GRAPH_PLAN_PASSING_MEMORY_H_

#include "graph/plan/memory_plan.h"
#include "graph/plan/run_facts.h"

namespace plgraph {

/// All values that have no place yet, one after the other in the memory of those that are done.
void PlacePassingResults(const RunFacts& run, MemoryPlan& plan);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_PASSING_MEMORY_H_

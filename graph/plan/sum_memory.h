#ifndef PLGRAPH_GRAPH_PLAN_SUM_MEMORY_H_
#define PLGRAPH_GRAPH_PLAN_SUM_MEMORY_H_

#include "graph/plan/memory_plan.h"
#include "graph/plan/run_facts.h"

namespace plgraph {

/// Memory in which sums are taken part by part: by the parts of a fused loop, by the sample groups, and over many
/// steps in double (sum_totals.h).
void PlaceSums(const RunFacts& run, MemoryPlan& plan);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_SUM_MEMORY_H_

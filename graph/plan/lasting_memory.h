#ifndef PLGRAPH_GRAPH_PLAN_LASTING_MEMORY_H_
#define PLGRAPH_GRAPH_PLAN_LASTING_MEMORY_H_

#include "graph/plan/memory_plan.h"
#include "graph/plan/run_facts.h"

namespace plgraph {

/// Memory that belongs to one value for the whole run. Parameters, inputs and controls:
void PlaceSources(const RunFacts& run, MemoryPlan& plan);

/// The states, each in a ring with its `next`: of all steps where the backward pass or the caller reads them, of
/// snapshots and a checkpoint interval where they are recomputed, and of as few steps as will do otherwise.
void PlaceStates(const RunFacts& run, MemoryPlan& plan);

/// What has to stay from one phase to a later one, past a loop, from round to round of a loop, or until the run is
/// over.
void PlaceLastingResults(const RunFacts& run, MemoryPlan& plan);

/// The moments of the optimizer, and the sums of gradients over several runs.
void PlaceOptimizer(const RunFacts& run, MemoryPlan& plan);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_LASTING_MEMORY_H_

#ifndef PLGRAPH_GRAPH_PLAN_OVERWRITING_H_
#define PLGRAPH_GRAPH_PLAN_OVERWRITING_H_

#include <cstdint>

#include "graph/ir/graph.h"
#include "graph/plan/run_facts.h"

namespace plgraph {

/// Whether the result of a node may be written where an operand of it stands. It may not if the operand is also read
/// as one for which the op does not permit that (OpDef::inplace).
bool MayTakeOver(const Node& node, Value operand);

/// The fewest slots with which nothing reads a value of the state after it is overwritten.
std::int64_t FewestSlots(const RunFacts& run, const State& state);

/// The fewest slots with which pipelined nodes find a value of the round before; 0: none reads it.
std::int64_t FewestSlotsForPipelined(const RunFacts& run, Value value);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_OVERWRITING_H_

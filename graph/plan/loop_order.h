#ifndef PLGRAPH_GRAPH_PLAN_LOOP_ORDER_H_
#define PLGRAPH_GRAPH_PLAN_LOOP_ORDER_H_

#include <vector>

#include "graph/plan/schedule.h"

namespace plgraph {

/// The row use of a node, by its op.
RowUse RowUseOf(const Graph& graph, const Node& node);

/// Whether `reader` reads `value` row by row: for row i of its result, or of its sum, row i is enough.
bool ReadsByRows(const Graph& graph, Value reader, Value value);

/// Orders the nodes of a loop for the least traffic to memory. What passes over matrices that every sample has
/// (traces, their gradients) is gathered into fused loops, which go through the rows of all their matrices once.
/// The update of a trace needs the outcome of the step, but its next read needs the updated trace: run at the
/// start of the next round, update and read are one fused loop. The same holds for the gradient of a trace. The order
/// is by id where nothing else decides.
std::vector<ScheduledNode> OrderLoop(const Graph& graph, Phase phase);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_LOOP_ORDER_H_

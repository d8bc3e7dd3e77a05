#ifndef PLGRAPH_GRAPH_IR_CHECK_H_
#define PLGRAPH_GRAPH_IR_CHECK_H_

#include "core/diagnostics.h"
#include "graph/ir/graph.h"

namespace plgraph {

/// Reports every fault of a model's graph: cycles without a state, shapes that do not fit, states without
/// `next`, losses that no parameter reaches. Shapes and variances of the sound nodes are filled in.
void CheckGraph(Graph& graph, Diagnostics& diagnostics);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_CHECK_H_

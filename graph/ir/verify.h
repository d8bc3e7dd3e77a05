#ifndef PLGRAPH_GRAPH_IR_VERIFY_H_
#define PLGRAPH_GRAPH_IR_VERIFY_H_

#include <string_view>

#include "graph/ir/graph.h"

namespace plgraph {

/// Holds a graph to what every pass owes the next: operands are there, shapes and variances are those of the
/// rules, states have a next of their shape, and, with `phases`, no node runs before its operands. A breach
/// is an internal fault that names the pass.
void VerifyGraph(const Graph& graph, std::string_view pass, bool phases);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_VERIFY_H_

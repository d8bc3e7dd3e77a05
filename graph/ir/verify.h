#ifndef PLGRAPH_GRAPH_IR_VERIFY_H_
#define PLGRAPH_GRAPH_IR_VERIFY_H_

#include <string>

#include "graph/ir/graph.h"

namespace plgraph {

/// The first thing in which a graph is not what every pass owes the next: operands are there, shapes and variances are
/// those of the rules, states have a next of their shape, and, with `phases`, no node runs before its operands. "" if
/// there is none; anything else is an internal fault.
std::string FaultOf(const Graph& graph, bool phases);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_VERIFY_H_

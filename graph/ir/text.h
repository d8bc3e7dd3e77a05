#ifndef PLGRAPH_GRAPH_IR_TEXT_H_
#define PLGRAPH_GRAPH_IR_TEXT_H_

#include <string>

#include "graph/ir/graph.h"

namespace plgraph {

/// One line for each node, for people and golden tests. Nodes stand after their operands.
std::string ToText(const Graph& graph);

/// The graph in the language of Graphviz.
std::string ToDot(const Graph& graph);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_TEXT_H_

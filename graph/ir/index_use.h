#ifndef PLGRAPH_GRAPH_IR_INDEX_USE_H_
#define PLGRAPH_GRAPH_IR_INDEX_USE_H_

#include <cstdint>
#include <optional>

#include "graph/ir/graph.h"

namespace plgraph {

/// A scalar operand of a node that is the number of a class or of a row (OperandDef::index_below).
struct NodeIndex {
  Value operand;
  std::int64_t count = 0;
};
/// No value for a node without one.
std::optional<NodeIndex> IndexOf(const Graph& graph, const Node& node);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_INDEX_USE_H_

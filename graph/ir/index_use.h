#ifndef PLGRAPH_GRAPH_IR_INDEX_USE_H_
#define PLGRAPH_GRAPH_IR_INDEX_USE_H_

#include <cstdint>
#include <optional>

#include "graph/ir/graph.h"

namespace plgraph {

/// An operand of an op that, where it is a scalar, is the number of a class or of a line: whole, from 0 on, and less
/// than `count`.
struct IndexUse {
  int operand = -1;
  std::int64_t (*count)(const ShapeArgs& args) = nullptr;
};

/// Registers what an op uses as an index; stands in the op's file, behind its definition.
#define PLGRAPH_REGISTER_INDEX_USE(op, ...) \
  [[maybe_unused]] const bool op##_index_use = ::plgraph::RegisterIndexUse(op, __VA_ARGS__)

bool RegisterIndexUse(const OpDef& op, const IndexUse& use);

/// A scalar operand of a node that is an index.
struct NodeIndex {
  Value operand;
  std::int64_t count = 0;
};
/// No value for a node without one.
std::optional<NodeIndex> IndexOf(const Graph& graph, const Node& node);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_INDEX_USE_H_

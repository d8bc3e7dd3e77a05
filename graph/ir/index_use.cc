#include "graph/ir/index_use.h"

#include <vector>

namespace plgraph {

std::optional<NodeIndex> IndexOf(const Graph& graph, const Node& node) {
  if (node.op == nullptr) return std::nullopt;
  for (size_t i = 0; i < node.op->operands.size() && i < node.operands.size(); ++i) {
    const Value operand = node.operands[i];
    const auto below = node.op->operands[i].index_below;
    if (below == nullptr || !operand || graph.node(operand).shape.rank() != 0) continue;
    std::vector<const Shape*> shapes;
    for (const Value value : node.operands) shapes.push_back(value ? &graph.node(value).shape : nullptr);
    return NodeIndex{operand, below({shapes, node.attributes})};
  }
  return std::nullopt;
}

}  // namespace plgraph

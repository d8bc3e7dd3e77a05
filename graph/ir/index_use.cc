#include "graph/ir/index_use.h"

#include <map>
#include <vector>

namespace plgraph {
namespace {

std::map<const OpDef*, IndexUse>& Uses() {
  static std::map<const OpDef*, IndexUse> uses;
  return uses;
}

}  // namespace

bool RegisterIndexUse(const OpDef& op, const IndexUse& use) { return Uses().try_emplace(&op, use).second; }

std::optional<NodeIndex> IndexOf(const Graph& graph, const Node& node) {
  const auto use = Uses().find(node.op);
  if (use == Uses().end()) return std::nullopt;
  const Value operand = node.operands[static_cast<size_t>(use->second.operand)];
  if (!operand || graph.node(operand).shape.rank() != 0) return std::nullopt;
  std::vector<const Shape*> shapes;
  for (const Value value : node.operands) shapes.push_back(value ? &graph.node(value).shape : nullptr);
  return NodeIndex{operand, use->second.count({shapes, node.attributes})};
}

}  // namespace plgraph

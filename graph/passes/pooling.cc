// Relu(x) grows with x, so that the largest Relu of a window is the Relu of its largest element: pooling goes first, and
// a Relu has only what is left of it to do, here and on the way back. The gradient is the same to the last bit: elements
// that a Relu makes equal are 0, and none of them gets any.
#include <algorithm>

#include "graph/ir/node_builder.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/pass.h"

namespace plgraph {
namespace {

// For each node, whether it is the pooling of a Relu that no other node reads.
std::vector<bool> PoolingsOfRelu(const Graph& graph) {
  std::vector<bool> found(static_cast<size_t>(graph.size()));
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (!IsOp(node, "MaxPool2D")) continue;
    const Value x = node.operands[0];
    found[static_cast<size_t>(id)] = IsOp(graph.node(x), "Relu") && graph.Users(x).size() == 1;
  }
  return found;
}

Value PoolFirst(Rewriter& rewriter, const Node& pooling) {
  const Value x = rewriter.from().node(pooling.operands[0]).operands[0];
  NodeBuilder builder(rewriter.to(), pooling);
  const Value relu =
      builder.Apply("Relu", {builder.Apply("MaxPool2D", {rewriter.Map(x)}, pooling.attributes)});
  rewriter.to().Rename(relu, pooling.name);
  return relu;
}

}  // namespace

void PoolBeforeRelu(const PlannedFor& /*options*/, Graph& graph) {
  const std::vector<bool> poolings = PoolingsOfRelu(graph);
  if (std::find(poolings.begin(), poolings.end(), true) == poolings.end()) return;
  Rewriter rewriter(graph);
  graph = rewriter.Run(std::vector<bool>(poolings.size(), true), [&](Value old) {
    return poolings[static_cast<size_t>(old.id)] ? PoolFirst(rewriter, rewriter.from().node(old))
                                                 : rewriter.Copy(old);
  });
}

}  // namespace plgraph

// Relu(x) grows with x, so that the largest Relu of a window is the Relu of its largest element: pooling goes
// first, and a Relu has only what is left of it to do, here and in the backward pass. The gradient is the same to
// the last bit: elements that a Relu makes equal are 0, and none of them gets any.
#include <algorithm>

#include "graph/ir/known_ops.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

// For each node, whether it is the pooling of a Relu that no other node reads.
NodeMap<bool> PoolingsOfRelu(const Graph& graph) {
  NodeMap<bool> found(graph.size());
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (!IsOp(node, Ops().max_pool2d)) continue;
    const Value x = node.operands[0];
    found[Value{id}] = IsOp(graph.node(x), Ops().relu) && graph.Users(x).size() == 1;
  }
  return found;
}

Value PoolFirst(Rewriter& rewriter, const Node& pooling) {
  const Value x = rewriter.to().node(rewriter.Map(pooling.operands[0])).operands[0];
  NodeBuilder builder(rewriter.to(), pooling);
  const Value relu = builder.Apply("Relu", {builder.Apply("MaxPool2D", {x}, pooling.attributes)});
  rewriter.to().Rename(relu, pooling.name);
  return relu;
}

}  // namespace

void PoolBeforeRelu(const PlannedFor& /*options*/, Graph& graph) {
  const NodeMap<bool> poolings = PoolingsOfRelu(graph);
  if (std::find(poolings.begin(), poolings.end(), true) == poolings.end()) return;
  Rewriter rewriter(graph);
  graph = rewriter.Run(NodeMap<bool>(poolings.size(), true), [&](Value old) {
    return poolings[old] ? PoolFirst(rewriter, rewriter.from().node(old)) : rewriter.Keep(old);
  });
}

}  // namespace plgraph

#include <algorithm>

#include "graph/ir/infer.h"
#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/ir/rewriter.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

Value Expand(Rewriter& rewriter, Value old, bool in_loop) {
  const Node& node = rewriter.from().node(old);
  if (node.kind != NodeKind::kOp || node.op->compose == nullptr) return rewriter.Keep(old);
  const int before = rewriter.to().size();
  OpBuilder builder(rewriter.to(), node, rewriter.Map(node.operands), in_loop);
  const Value composed = node.op->compose(builder);
  if (composed.id >= before) rewriter.to().Rename(composed, node.name);
  return composed;
}

template <typename Condition>
bool HasOp(const Graph& graph, const Condition& condition) {
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.op != nullptr && condition(*node.op)) return true;
  }
  return false;
}

}  // namespace

void DropTrainingOps(const PlannedFor&, Graph& graph) {
  graph.updates.clear();
  if (!HasOp(graph, [](const OpDef& op) { return op.training_only; })) return;
  Rewriter rewriter(graph);
  graph = rewriter.Run(NodeMap<bool>(graph.size(), true), [&](Value old) {
    const Node& node = rewriter.from().node(old);
    const bool drop = node.op != nullptr && node.op->training_only;
    return drop ? rewriter.Map(node.operands[0]) : rewriter.Keep(old);
  });
  InferShapes(graph);  // what was one for each step may now be one for all
}

void ExpandCompositions(const PlannedFor&, Graph& graph) {
  do {  // a composition may use compositions
    Rewriter rewriter(graph);
    const NodeMap<bool> in_loop = InLoop(graph);
    graph = rewriter.Run(NodeMap<bool>(graph.size(), true),
                         [&](Value old) { return Expand(rewriter, old, in_loop[old]); });
  } while (HasOp(graph, [](const OpDef& op) { return op.compose != nullptr; }));
}

}  // namespace plgraph

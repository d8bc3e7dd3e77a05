#include <algorithm>

#include "graph/node_builder.h"
#include "graph/passes/pass.h"
#include "graph/rewriter.h"

namespace plgraph {
namespace {

Value Expand(const CompileOptions& options, Rewriter& rewriter, Value old) {
  const Node& node = rewriter.from().node(old);
  if (node.kind != NodeKind::kOp) return rewriter.Copy(old);
  if (node.op->training_only && !options.training) return rewriter.Map(node.operands[0]);
  if (node.op->compose == nullptr) return rewriter.Copy(old);
  const int before = rewriter.to().size();
  OpBuilder builder(rewriter.to(), node, rewriter.Map(node.operands));
  const Value composed = node.op->compose(builder);
  if (composed.id >= before) rewriter.to().Rename(composed, node.name);
  return composed;
}

bool HasCompositions(const Graph& graph) {
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.op != nullptr && node.op->compose != nullptr) return true;
  }
  return false;
}

}  // namespace

void ExpandCompositions(const CompileOptions& options, Graph& graph) {
  do {  // a composition may use compositions
    Rewriter rewriter(graph);
    graph = rewriter.Run(std::vector<bool>(static_cast<size_t>(graph.size()), true),
                         [&](Value old) { return Expand(options, rewriter, old); });
  } while (HasCompositions(graph));
}

}  // namespace plgraph

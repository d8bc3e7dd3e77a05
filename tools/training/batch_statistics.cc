#include "tools/training/batch_statistics.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/diagnostics.h"
#include "graph/ir/reach.h"

namespace plgraph {
namespace {

bool FollowsTheBatch(const Node& node) {
  return node.op != nullptr &&
         std::ranges::any_of(node.op->operands, [](const OperandDef& operand) { return operand.updated; });
}

// Whether a batch has one number of each channel of the operand.
bool HasOneNumber(const Node& x, bool in_loop, const CompileOptions& options) {
  const bool one_sample = !x.variance.sample || options.batch == 1;
  const bool one_step = !x.variance.step || in_loop || options.steps == 1;
  return one_sample && one_step && x.shape.NumElements() == x.shape.dim(0);
}

}  // namespace

void CheckBatchStatistics(const LoadedModel& loaded, const CompileOptions& options) {
  const Graph& graph = loaded.graph;
  const NodeMap<bool> in_loop = InLoop(graph);
  Diagnostics diagnostics(loaded.path);
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (!FollowsTheBatch(node)) continue;
    const Node& x = graph.node(node.operands[0]);
    if (!HasOneNumber(x, in_loop[Value{id}], options)) continue;
    diagnostics.AddError(
        node.location,
        fmt::format("node \"{}\" ({}): in training each channel of operand \"{}\" has a single number, whose "
                    "variance is 0, so that nothing before the node would learn (train.batch is {})",
                    node.name, node.op->name, node.op->operands[0].name, options.batch),
        "set train.batch to 2 or more, or take layer_norm or group_norm, which need no batch");
  }
  diagnostics.ThrowIfErrors();
}

}  // namespace plgraph

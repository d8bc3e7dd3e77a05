#include "tools/training/held_loss.h"

#include <algorithm>

#include "core/error.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

Graph ExpandedGraph(const LoadedModel& loaded) {
  Graph graph = loaded.graph;
  ExpandCompositions({.training = true}, graph);
  return graph;
}

// Dropout and batch normalisation: the loss of training is not the one of a plain run.
bool HasTrainingOnlyOps(const Graph& graph) {
  for (int id = 0; id < graph.size(); ++id) {
    const OpDef* op = graph.node(Value{id}).op;
    if (op != nullptr && op->training_only) return true;
  }
  return false;
}

void Copy(std::span<const double> from, std::span<double> to) {
  PLGRAPH_CHECK(from.size() == to.size(), "two graphs of one model lay out a value differently");
  std::copy(from.begin(), from.end(), to.begin());
}

void SetAll(const NamedTensors& parameters, Executor<double>& executor) {
  for (const NamedTensor& entry : parameters) {
    Copy(entry.tensor.As<double>(), executor.Parameter(executor.executable().graph.Find(entry.name)));
  }
}

}  // namespace

HeldLoss::HeldLoss(const LoadedModel& loaded, const Services& services)
    : loaded_(loaded),
      services_(services),
      graph_(ExpandedGraph(loaded)),
      held_(HoldConstants(graph_)),
      batch_(loaded, services, OptionsOf(held_.graph)) {}

FirstBatchOptions HeldLoss::OptionsOf(const Graph& graph) const {
  return {.training = HasTrainingOnlyOps(graph_), .graph = &graph};
}

void HeldLoss::MoveTo(const NamedTensors& parameters) {
  SetAll(parameters, batch_.executor());
  if (held_.held.empty()) return;
  FirstBatchOptions options = OptionsOf(graph_);
  for (const HeldValue& held : held_.held) options.outputs.push_back(held.value);
  FirstBatch<double> recording(loaded_, services_, options);
  SetAll(parameters, recording.executor());
  recording.Loss();
  const Graph& given = executable().graph;
  for (const HeldValue& held : held_.held) {
    const Value input = given.Find(held.input);
    const bool shared = given.node(input).kind == NodeKind::kParameter;
    Copy(recording.executor().Output(recording.executable().graph.Find(held.value)),
         shared ? batch_.executor().Parameter(input) : batch_.executor().Input(input));
  }
}

std::span<double> HeldLoss::Parameter(const std::string& name) {
  return batch_.executor().Parameter(executable().graph.Find(name));
}

}  // namespace plgraph

#include "graph/ir/verify.h"

#include <fmt/format.h>

#include "graph/ir/infer.h"

namespace plgraph {
namespace {

void VerifyNode(const Graph& graph, const Node& node, std::string_view pass) {
  const auto fault = [&](std::string_view what) {
    return fmt::format("after pass {}: {}: {}", pass, node.name, what);
  };
  if (node.kind != NodeKind::kOp) return;
  const std::vector<OperandDef>& operands = node.op->operands;
  const bool repeated = operands.size() == 1 && operands[0].repeated;
  PLGRAPH_CHECK(repeated || node.operands.size() == operands.size(), fault("the number of operands"));
  for (size_t i = 0; i < node.operands.size(); ++i) {
    PLGRAPH_CHECK(node.operands[i] || (!repeated && operands[i].optional), fault("an operand is missing"));
  }
  PLGRAPH_CHECK(node.attributes.size() == node.op->attributes.size(), fault("the number of attributes"));
  try {
    PLGRAPH_CHECK(InferShape(graph, node) == node.shape, fault("the shape"));
  } catch (const ShapeError& error) {
    PLGRAPH_CHECK(false, fault(error.what()));
  }
  PLGRAPH_CHECK(InferVariance(graph, node) == node.variance, fault("the variance"));
}

void VerifyPhases(const Graph& graph, const Node& node, std::string_view pass) {
  const bool can_replay = node.phase == Phase::kStep && node.variance == Variance{true, true};
  PLGRAPH_CHECK(!node.replayed || can_replay, fmt::format("after pass {}: {} is replayed", pass, node.name));
  if (node.kind != NodeKind::kOp) return;
  for (const Value operand : node.operands) {
    if (!operand) continue;
    const Node& source = graph.node(operand);
    const bool waits = source.kind == NodeKind::kOp && IsLoop(source.phase) && !source.variance.step;
    PLGRAPH_CHECK(waits ? source.phase < node.phase : source.phase <= node.phase,
                  fmt::format("after pass {}: {} ({}) runs before its operand {} ({})", pass, node.name,
                              NameOf(node.phase), source.name, NameOf(source.phase)));
  }
}

// A state node is the value of a state, or nothing ever writes it.
void VerifyStates(const Graph& graph, std::string_view pass) {
  std::vector<bool> written(static_cast<size_t>(graph.size()));
  for (const State& state : graph.states) written[static_cast<size_t>(state.value.id)] = true;
  for (int id = 0; id < graph.size(); ++id) {
    PLGRAPH_CHECK(graph.node(Value{id}).kind != NodeKind::kState || written[static_cast<size_t>(id)],
                  fmt::format("after pass {}: {} is of no state", pass, graph.node(Value{id}).name));
  }
}

}  // namespace

void VerifyGraph(const Graph& graph, std::string_view pass, bool phases) {
  for (const Value value : graph.TopologicalOrder()) {
    VerifyNode(graph, graph.node(value), pass);
    if (phases) VerifyPhases(graph, graph.node(value), pass);
  }
  VerifyStates(graph, pass);
  for (const ParameterUpdate& update : graph.updates) {
    const Node& next = graph.node(update.next);
    PLGRAPH_CHECK(graph.node(update.parameter).kind == NodeKind::kParameter &&
                      graph.node(update.parameter).shape == next.shape && next.variance == Variance{},
                  fmt::format("after pass {}: {} updates a parameter", pass, next.name));
  }
  for (const State& state : graph.states) {
    PLGRAPH_CHECK(state.value && state.next && graph.node(state.value).shape == graph.node(state.next).shape,
                  fmt::format("after pass {}: a state and its next", pass));
    PLGRAPH_CHECK(!graph.node(state.value).replayed || graph.node(state.next).replayed,
                  fmt::format("after pass {}: a state is replayed, its next is not", pass));
    if (!phases) continue;
    PLGRAPH_CHECK(
        graph.node(state.next).phase == (state.adjoint ? Phase::kStepAdjoint : Phase::kStep),
        fmt::format("after pass {}: {} is not computed in its loop", pass, graph.node(state.next).name));
  }
}

}  // namespace plgraph

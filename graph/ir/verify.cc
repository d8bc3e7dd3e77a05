#include "graph/ir/verify.h"

#include <fmt/format.h>

#include "graph/ir/infer.h"
#include "graph/ir/node_map.h"

namespace plgraph {
namespace {

std::string FaultOfOperands(const Node& node) {
  const std::vector<OperandDef>& operands = node.op->operands;
  const bool repeated = operands.size() == 1 && operands[0].repeated;
  if (!repeated && node.operands.size() != operands.size()) return "the number of operands";
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (!node.operands[i] && (repeated || !operands[i].optional)) return "an operand is missing";
  }
  return node.attributes.size() == node.op->attributes.size() ? "" : "the number of attributes";
}

std::string FaultOfNode(const Graph& graph, const Node& node) {
  if (node.kind != NodeKind::kOp) return "";
  if (std::string fault = FaultOfOperands(node); !fault.empty()) return fault;
  try {
    if (InferShape(graph, node) != node.shape) return "the shape";
  } catch (const ShapeError& error) {
    return error.what();
  }
  return InferVariance(graph, node) == node.variance ? "" : "the variance";
}

std::string FaultOfPhase(const Graph& graph, const Node& node) {
  const bool can_recompute = node.phase == Phase::kStep && node.variance == Variance{true, true};
  if (node.recomputed && !can_recompute) return "is recomputed";
  if (node.kind != NodeKind::kOp) return "";
  for (const Value operand : node.operands) {
    if (!operand) continue;
    const Node& source = graph.node(operand);
    const bool waits = source.kind == NodeKind::kOp && IsLoop(source.phase) && !source.variance.step;
    if (waits ? source.phase < node.phase : source.phase <= node.phase) continue;
    return fmt::format("runs ({}) before its operand {} ({})", NameOf(node.phase), source.name,
                       NameOf(source.phase));
  }
  return "";
}

std::string FaultOfState(const Graph& graph, const State& state, bool phases) {
  if (!state.value || !state.next || graph.node(state.value).shape != graph.node(state.next).shape)
    return "a state and its next";
  if (graph.node(state.value).recomputed && !graph.node(state.next).recomputed)
    return "a state is recomputed, its next is not";
  const Variance& variance = graph.node(state.value).variance;
  if (!variance.step && graph.node(state.next).variance.step)
    return "a state that is the same at all steps becomes what is not";
  const Phase loop = state.adjoint ? Phase::kStepAdjoint : Phase::kStep;
  const Phase phase = graph.node(state.next).phase;
  if (!phases || (variance.step ? phase == loop : !IsLoop(phase))) return "";
  return fmt::format("{} is not computed in its phase", graph.node(state.next).name);
}

// A state node is the value of a state, or nothing ever writes it.
std::string FaultOfStates(const Graph& graph, bool phases) {
  NodeMap<bool> written(graph.size());
  for (const State& state : graph.states) {
    if (std::string fault = FaultOfState(graph, state, phases); !fault.empty()) return fault;
    written[state.value] = true;
  }
  for (int id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(Value{id});
    if (node.kind == NodeKind::kState && !written[Value{id}])
      return fmt::format("{} is of no state", node.name);
  }
  return "";
}

std::string FaultOfUpdates(const Graph& graph) {
  for (const ParameterUpdate& update : graph.updates) {
    const Node& parameter = graph.node(update.parameter);
    const Node& next = graph.node(update.next);
    const bool fits = parameter.kind == NodeKind::kParameter && parameter.shape == next.shape &&
                      next.variance == Variance{};
    if (!fits) return fmt::format("{} updates a parameter", next.name);
  }
  return "";
}

}  // namespace

std::string FaultOf(const Graph& graph, bool phases) {
  for (const Value value : graph.TopologicalOrder()) {
    const Node& node = graph.node(value);
    std::string fault = FaultOfNode(graph, node);
    if (fault.empty() && phases) fault = FaultOfPhase(graph, node);
    if (!fault.empty()) return fmt::format("{}: {}", node.name, fault);
  }
  if (std::string fault = FaultOfStates(graph, phases); !fault.empty()) return fault;
  return FaultOfUpdates(graph);
}

}  // namespace plgraph

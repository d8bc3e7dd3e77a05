#include "graph/ir/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plgraph {
namespace {

std::string AttributeText(const AttributeValue& attribute) {
  return std::visit(
      [](const auto& v) -> std::string {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, std::monostate>)
          return "-";
        else if constexpr (std::is_same_v<V, IntegerList>)
          return fmt::format("[{}]", fmt::join(v, ", "));
        else
          return fmt::format("{}", v);
      },
      attribute);
}

std::string VarianceText(Variance v) { return fmt::format("{}{}", v.step ? "T" : "", v.sample ? "B" : ""); }

std::string_view KindText(NodeKind kind) {
  constexpr std::string_view kNames[] = {"op", "Input", "Parameter", "State", "Control"};
  return kNames[static_cast<int>(kind)];
}

std::string OperandsText(const Graph& graph, const Node& node) {
  std::vector<std::string> parts;
  for (const Value operand : node.operands) parts.push_back(operand ? graph.node(operand).name : "-");
  if (node.op != nullptr) {
    for (size_t i = 0; i < node.attributes.size(); ++i) {
      const std::string name = i < node.op->attributes.size() ? std::string(node.op->attributes[i]) : "?";
      parts.push_back(name + "=" + AttributeText(node.attributes[i]));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string ToText(const Graph& graph) {
  std::string text;
  for (const Value value : graph.TopologicalOrder()) {
    const Node& n = graph.node(value);
    text += fmt::format("{} = {}({}) {}{}{} @{}{}\n", n.name, n.op != nullptr ? n.op->name : KindText(n.kind),
                        OperandsText(graph, n), n.shape.ToString(),
                        n.variance.sample || n.variance.step ? " " : "", VarianceText(n.variance),
                        NameOf(n.phase), n.recomputed ? " recomputed" : "");
  }
  for (const State& state : graph.states) {
    text += fmt::format("state {}{} next {}\n", graph.node(state.value).name,
                        state.adjoint ? " (adjoint)" : "", graph.node(state.next).name);
  }
  for (const Term& term : graph.terms) {
    text +=
        fmt::format("{} {} = {}\n", term.is_loss ? "loss" : "metric", term.name, graph.node(term.value).name);
  }
  for (const ParameterGradient& g : graph.gradients) {
    text += fmt::format("gradient {} = {}\n", graph.node(g.parameter).name,
                        g.gradient ? graph.node(g.gradient).name : "none");
  }
  for (const ParameterUpdate& update : graph.updates) {
    text += fmt::format("update {} = {}\n", graph.node(update.parameter).name, graph.node(update.next).name);
  }
  return text;
}

std::string ToDot(const Graph& graph) {
  std::string text = "digraph model {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (int id = 0; id < graph.size(); ++id) {
    const Node& n = graph.node(Value{id});
    text += fmt::format("  n{} [label=\"{}\\n{} {}\"{}];\n", id, n.name,
                        n.op != nullptr ? n.op->name : KindText(n.kind), n.shape.ToString(),
                        n.op == nullptr ? ", shape=ellipse" : "");
    for (const Value operand : n.operands) {
      if (operand) text += fmt::format("  n{} -> n{};\n", operand.id, id);
    }
  }
  for (const State& state : graph.states) {
    text += fmt::format("  n{} -> n{} [style=dashed, constraint=false, label=\"next\"];\n", state.next.id,
                        state.value.id);
  }
  return text + "}\n";
}

}  // namespace plgraph

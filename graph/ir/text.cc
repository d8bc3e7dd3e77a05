#include <fmt/format.h>
#include <fmt/ranges.h>

#include "graph/ir/graph.h"

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

std::string_view NameOf(Phase phase) {
  constexpr std::string_view kNames[] = {"once",         "ahead",         "step",        "after",
                                         "step adjoint", "ahead adjoint", "once adjoint"};
  return kNames[static_cast<int>(phase)];
}

std::string Graph::ToText() const {
  std::string text;
  for (const Value value : TopologicalOrder()) {
    const Node& n = node(value);
    text += fmt::format("{} = {}({}) {}{}{} @{}{}\n", n.name, n.op != nullptr ? n.op->name : KindText(n.kind),
                        OperandsText(*this, n), n.shape.ToString(),
                        n.variance.sample || n.variance.step ? " " : "", VarianceText(n.variance),
                        NameOf(n.phase), n.recomputed ? " recomputed" : "");
  }
  for (const State& state : states) {
    text += fmt::format("state {}{} next {}\n", node(state.value).name, state.adjoint ? " (adjoint)" : "",
                        node(state.next).name);
  }
  for (const Term& term : terms) {
    text += fmt::format("{} {} = {}\n", term.is_loss ? "loss" : "metric", term.name, node(term.value).name);
  }
  for (const ParameterGradient& g : gradients) {
    text += fmt::format("gradient {} = {}\n", node(g.parameter).name,
                        g.gradient ? node(g.gradient).name : "none");
  }
  for (const ParameterUpdate& update : updates) {
    text += fmt::format("update {} = {}\n", node(update.parameter).name, node(update.next).name);
  }
  return text;
}

std::string Graph::ToDot() const {
  std::string text = "digraph model {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (int id = 0; id < size(); ++id) {
    const Node& n = node(Value{id});
    text += fmt::format("  n{} [label=\"{}\\n{} {}\"{}];\n", id, n.name,
                        n.op != nullptr ? n.op->name : KindText(n.kind), n.shape.ToString(),
                        n.op == nullptr ? ", shape=ellipse" : "");
    for (const Value operand : n.operands) {
      if (operand) text += fmt::format("  n{} -> n{};\n", operand.id, id);
    }
  }
  for (const State& state : states) {
    text += fmt::format("  n{} -> n{} [style=dashed, constraint=false, label=\"next\"];\n", state.next.id,
                        state.value.id);
  }
  return text + "}\n";
}

}  // namespace plgraph

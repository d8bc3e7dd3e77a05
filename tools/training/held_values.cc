#include "tools/training/held_values.h"

#include <algorithm>
#include <map>

#include "graph/ir/reach.h"
#include "graph/ir/rewriter.h"

namespace plgraph {
namespace {

NodeMap<bool> LeadsToLoss(const Graph& graph) {
  std::vector<Value> losses;
  for (const Term& term : graph.terms) {
    if (term.is_loss) losses.push_back(term.value);
  }
  return LeadsToInTime(graph, losses);
}

class Holder {
 public:
  explicit Holder(const Graph& graph)
      : graph_(graph),
        taken_(graph),
        rewriter_(taken_),
        trained_(DependsOnTrained(graph)),
        to_loss_(LeadsToLoss(graph)) {}

  HeldGraph Run() {
    HeldGraph result;
    const NodeMap<bool> all(graph_.size(), true);
    result.graph = rewriter_.Run(all, [&](Value old) { return Visit(old); });
    result.held = std::move(held_);
    return result;
  }

 private:
  Value Visit(Value old) {
    const Node& node = graph_.node(old);
    if (node.kind != NodeKind::kOp || !to_loss_[old]) return rewriter_.Keep(old);
    if (node.op->adjoint == NotDifferentiable && ReadsTrained(node)) return Given(old, node.name);
    const Value copy = rewriter_.Keep(old);
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const Value operand = node.operands[i];
      if (operand && trained_[operand] && Holds(node, i)) {
        rewriter_.to().SetOperand(copy, i, GivenOperand(operand));
      }
    }
    return copy;
  }

  bool ReadsTrained(const Node& node) const {
    return std::any_of(node.operands.begin(), node.operands.end(), [&](Value v) { return v && trained_[v]; });
  }

  static bool Holds(const Node& node, size_t operand) {
    return node.op->operands[std::min(operand, node.op->operands.size() - 1)].held;
  }

  // Once for all that hold it; others may read the value itself.
  Value GivenOperand(Value operand) {
    Value& given = operands_[operand.id];
    if (!given) given = Given(operand, graph_.node(operand).name + "/held");
    return given;
  }

  Value Given(Value old, const std::string& name) {
    const Node& node = graph_.node(old);
    Node given = MadeFor(node, name);
    given.kind = node.variance == Variance{} ? NodeKind::kParameter : NodeKind::kInput;
    given.shape = node.shape;
    given.variance = node.variance;
    const Value added = rewriter_.to().Add(std::move(given));
    held_.push_back({node.name, rewriter_.to().node(added).name});
    return added;
  }

  const Graph& graph_;
  Graph taken_;  // which the rewriter empties
  Rewriter rewriter_;
  NodeMap<bool> trained_;
  NodeMap<bool> to_loss_;
  std::map<std::int32_t, Value> operands_;
  std::vector<HeldValue> held_;
};

}  // namespace

HeldGraph HoldConstants(const Graph& expanded) { return Holder(expanded).Run(); }

}  // namespace plgraph

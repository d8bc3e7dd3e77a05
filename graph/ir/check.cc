#include "graph/ir/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "graph/ir/infer.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"

namespace plgraph {
namespace {

std::string Described(const Node& node) {
  return node.op != nullptr ? fmt::format("node \"{}\" ({})", node.name, node.op->name)
                            : fmt::format("\"{}\"", node.name);
}

// `parameter "w"`, `node "y" (Tanh)`.
std::string Titled(const Node& node) {
  switch (node.kind) {
    case NodeKind::kInput:
      return fmt::format("input \"{}\"", node.name);
    case NodeKind::kParameter:
      return fmt::format("parameter \"{}\"", node.name);
    case NodeKind::kState:
      return fmt::format("state \"{}\"", node.name);
    default:
      return Described(node);
  }
}

// The nodes after their operands; those on a cycle or behind one are left out.
std::vector<Value> AcyclicPart(const Graph& graph) {
  NodeMap<int> missing(graph.size());
  std::vector<Value> order;
  for (int id = 0; id < graph.size(); ++id) {
    for (const Value operand : graph.node(Value{id}).operands) missing[Value{id}] += operand ? 1 : 0;
    if (missing[Value{id}] == 0) order.push_back(Value{id});
  }
  for (size_t i = 0; i < order.size(); ++i) {
    for (const Value user : graph.Users(order[i])) {
      if (--missing[user] == 0) order.push_back(user);
    }
  }
  return order;
}

bool LacksOperand(const Node& node) {
  for (size_t i = 0; i < node.op->operands.size(); ++i) {
    const bool absent = i >= node.operands.size() || !node.operands[i];
    if (absent && !node.op->operands[i].optional) return true;
  }
  return node.op->operands.size() == 1 && node.op->operands[0].repeated &&
         std::any_of(node.operands.begin(), node.operands.end(), [](Value v) { return !v; });
}

class Checker {
 public:
  Checker(Graph& graph, Diagnostics& diagnostics)
      : graph_(graph), diagnostics_(diagnostics), sound_(graph.size()) {}

  void Run() {
    CheckCycles();
    for (const Value value : AcyclicPart(graph_)) CheckNode(value);
    for (int id = 0; id < graph_.size(); ++id) CheckUpdated(Value{id});
    for (const State& state : graph_.states) CheckState(state);
    for (const Term& term : graph_.terms) CheckTerm(term);
    if (diagnostics_.has_errors()) return;
    CheckReach();
    WarnOfUnused();
  }

 private:
  bool IsSound(Value value) const { return value && sound_[value]; }

  void CheckCycles() {
    for (const std::vector<Value>& cycle : graph_.Cycles()) {
      std::string path;
      for (const Value value : cycle) path += graph_.node(value).name + " -> ";
      path += graph_.node(cycle[0]).name;
      diagnostics_.AddError(
          graph_.node(cycle[0]).location,
          fmt::format("{} depends on itself within one step: {}", Described(graph_.node(cycle[0])), path),
          "put a state into the circle: it hands its value to the next step");
    }
  }

  // An unsound operand was reported where it is defined; what is behind it stays silent.
  void CheckNode(Value value) {
    Node& node = graph_.node(value);
    if (node.kind != NodeKind::kOp) {
      sound_[value] = true;
      return;
    }
    if (node.op == nullptr || LacksOperand(node)) return;
    for (const Value operand : node.operands) {
      if (operand && !IsSound(operand)) return;
    }
    try {
      node.shape = InferShape(graph_, node);
      node.variance = InferVariance(graph_, node);
      sound_[value] = true;
    } catch (const std::runtime_error& error) {
      diagnostics_.AddError(node.location, fmt::format("{}: {}", Described(node), error.what()));
    }
  }

  // A parameter that an op updates is nobody else's to change.
  void CheckUpdated(Value value) {
    const Node& node = graph_.node(value);
    if (node.op == nullptr || !IsSound(value)) return;
    for (size_t i = 0; i < node.op->operands.size() && i < node.operands.size(); ++i) {
      const OperandDef& operand = node.op->operands[i];
      if (!operand.updated) continue;
      const Node& source = graph_.node(node.operands[i]);
      const std::string what =
          fmt::format("{}: operand \"{}\" is \"{}\"", Described(node), operand.name, source.name);
      const SourceLocation location =
          i < node.operand_locations.size() ? node.operand_locations[i] : node.location;
      if (source.kind != NodeKind::kParameter) {
        diagnostics_.AddError(location, what + ", which is not a parameter",
                              "it is updated by the op: name a parameter with `trainable: false`");
      } else if (source.trainable) {
        diagnostics_.AddError(location, what + ", which is trained",
                              "it is updated by the op: add `trainable: false` to the parameter");
      } else if (const auto [first, is_new] = updated_.try_emplace(node.operands[i].id, &node); !is_new) {
        diagnostics_.AddError(location,
                              fmt::format("{}, which {} updates already", what, Described(*first->second)),
                              "give each its own parameter");
      }
    }
  }

  void CheckState(const State& state) {
    const Node& node = graph_.node(state.value);
    if (IsSound(state.next) && graph_.node(state.next).shape != node.shape) {
      diagnostics_.AddError(node.location,
                            fmt::format("state \"{}\" has shape {} but its next, \"{}\", has {}", node.name,
                                        node.shape.ToString(), graph_.node(state.next).name,
                                        graph_.node(state.next).shape.ToString()),
                            "a state and its next need the same shape");
    }
    if (state.initial && graph_.node(state.initial).shape != node.shape) {
      diagnostics_.AddError(node.location,
                            fmt::format("state \"{}\" has shape {} but its initial parameter, \"{}\", has {}",
                                        node.name, node.shape.ToString(), graph_.node(state.initial).name,
                                        graph_.node(state.initial).shape.ToString()),
                            "they need the same shape");
    }
  }

  void CheckTerm(const Term& term) {
    const std::string_view kind = term.is_loss ? "loss" : "metric";
    if (IsSound(term.value) && graph_.node(term.value).shape.rank() != 0) {
      diagnostics_.AddError(term.location,
                            fmt::format("{} \"{}\" has shape {}; a {} is a scalar", kind, term.name,
                                        graph_.node(term.value).shape.ToString(), kind),
                            "join its elements with sum or mean");
    }
    if (term.at == TermAt::kWeighted && IsSound(term.weight) && graph_.node(term.weight).shape.rank() != 0) {
      diagnostics_.AddError(
          term.location,
          fmt::format("{} \"{}\" is weighted by \"{}\" of shape {}; a weight is a scalar", kind, term.name,
                      graph_.node(term.weight).name, graph_.node(term.weight).shape.ToString()));
    }
  }

  void CheckReach() {
    const NodeMap<bool> trained = DependsOnTrained(graph_);
    for (const Term& term : graph_.terms) {
      if (!term.is_loss || trained[term.value]) continue;
      diagnostics_.AddError(
          term.location, fmt::format("loss \"{}\": no trainable parameter reaches it", term.name),
          "a gradient would be zero everywhere: take another value, or look for a missing operand");
    }
  }

  // Without losses and metrics what no node reads is a result.
  std::vector<Value> Results() const {
    std::vector<Value> results;
    for (const Term& term : graph_.terms) {
      results.push_back(term.value);
      if (term.weight) results.push_back(term.weight);
    }
    for (int id = 0; id < graph_.size() && graph_.terms.empty(); ++id) {
      if (graph_.node(Value{id}).kind == NodeKind::kOp && graph_.Users(Value{id}).empty()) {
        results.push_back(Value{id});
      }
    }
    return results;
  }

  std::vector<Value> Losses() const {
    std::vector<Value> losses;
    for (const Term& term : graph_.terms) {
      if (term.is_loss) losses.push_back(term.value);
    }
    return losses;
  }

  void WarnOfUnused() {
    const NodeMap<bool> used = LeadsToInTime(graph_, Results());
    const std::vector<Value> losses = Losses();
    const NodeMap<bool> trained = LeadsToInTime(graph_, losses);
    const std::string_view of = graph_.terms.empty() ? "no node" : "no loss and no metric";
    for (int id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(Value{id});
      if (!used[Value{id}]) {
        diagnostics_.AddWarning(node.location,
                                fmt::format("{} is not used: {} depends on it", Titled(node), of));
      } else if (node.trainable && !losses.empty() && !trained[Value{id}]) {
        diagnostics_.AddWarning(
            node.location,
            fmt::format("{} is trained, but no loss depends on it: it stays as it is", Titled(node)),
            "add `trainable: false`, or look for a missing operand");
      }
    }
  }

  Graph& graph_;
  Diagnostics& diagnostics_;
  NodeMap<bool> sound_;
  std::map<std::int32_t, const Node*> updated_;  // parameters, by the first node that updates them
};

}  // namespace

void CheckGraph(Graph& graph, Diagnostics& diagnostics) { Checker(graph, diagnostics).Run(); }

}  // namespace plgraph

#include "graph/ir/reach.h"

#include <algorithm>

#include "graph/ir/node_map.h"

namespace plgraph {
namespace {

NodeMap<bool> Marked(const Graph& graph, const std::vector<Value>& values) {
  NodeMap<bool> marks(graph.size());
  for (const Value value : values) marks[value] = true;
  return marks;
}

bool AnyOperand(const Node& node, const NodeMap<bool>& marks) {
  return std::any_of(node.operands.begin(), node.operands.end(), [&](Value v) { return v && marks[v]; });
}

std::vector<Value> Collect(const Graph& graph, bool adjoint, Value State::*member) {
  std::vector<Value> values;
  for (const State& state : graph.states) {
    if (state.adjoint == adjoint) values.push_back(state.*member);
  }
  return values;
}

}  // namespace

NodeMap<bool> DependsOn(const Graph& graph, const std::vector<Value>& sources) {
  NodeMap<bool> marks = Marked(graph, sources);
  for (const Value value : graph.TopologicalOrder()) {
    if (AnyOperand(graph.node(value), marks)) marks[value] = true;
  }
  return marks;
}

NodeMap<bool> LeadsTo(const Graph& graph, const std::vector<Value>& targets) {
  NodeMap<bool> marks = Marked(graph, targets);
  const std::vector<Value> order = graph.TopologicalOrder();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    if (!marks[*it]) continue;
    for (const Value operand : graph.node(*it).operands) {
      if (operand) marks[operand] = true;
    }
  }
  return marks;
}

NodeMap<bool> LeadsToInTime(const Graph& graph, std::vector<Value> targets) {
  NodeMap<bool> reaches = LeadsTo(graph, targets);
  for (bool changed = true; changed;) {
    changed = false;
    for (const State& state : graph.states) {
      if (reaches[state.value] && !reaches[state.next]) {
        targets.push_back(state.next);
        changed = true;
      }
    }
    if (changed) reaches = LeadsTo(graph, targets);
  }
  for (const State& state : graph.states) {
    if (state.initial && reaches[state.value]) reaches[state.initial] = true;
  }
  return reaches;
}

NodeMap<bool> DependsOnTrained(const Graph& graph) {
  NodeMap<bool> marks(graph.size());
  const std::vector<Value> order = graph.TopologicalOrder();
  for (bool changed = true; changed;) {  // each round carries the marks through one more state
    for (const Value value : order) {
      const Node& node = graph.node(value);
      const bool differentiable = node.op == nullptr || node.op->adjoint != NotDifferentiable;
      if (node.trainable || (differentiable && AnyOperand(node, marks))) marks[value] = true;
    }
    changed = false;
    for (const State& state : graph.states) {
      const bool from_initial = state.initial && marks[state.initial];
      if (!marks[state.value] && (marks[state.next] || from_initial)) {
        marks[state.value] = changed = true;
      }
    }
  }
  return marks;
}

std::vector<Value> Seeds(const Graph& graph) {
  std::vector<Value> seeds;
  for (const Term& term : graph.terms) {
    if (term.seed) seeds.push_back(term.seed);
  }
  return seeds;
}

std::vector<Value> StateValues(const Graph& graph, bool adjoint) {
  return Collect(graph, adjoint, &State::value);
}
std::vector<Value> StateNexts(const Graph& graph, bool adjoint) {
  return Collect(graph, adjoint, &State::next);
}

NodeMap<bool> InLoop(const Graph& graph) {
  NodeMap<bool> in_loop = DependsOn(graph, StateValues(graph, false));
  const NodeMap<bool> to_next = LeadsTo(graph, StateNexts(graph, false));
  for (int id = 0; id < graph.size(); ++id) {
    const Value value{id};
    in_loop[value] = in_loop[value] && to_next[value];
  }
  return in_loop;
}

NodeMap<bool> BackwardNodes(const Graph& graph) {
  std::vector<Value> sources = StateValues(graph, true);
  for (const Value seed : Seeds(graph)) sources.push_back(seed);
  return DependsOn(graph, sources);
}

bool IsAmong(const Graph& graph, const std::vector<std::string>& names, Value value) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return graph.Find(name) == value; });
}

}  // namespace plgraph

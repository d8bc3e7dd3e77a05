#include "graph/ir/reach.h"

#include <algorithm>

namespace plgraph {
namespace {

size_t Index(Value value) { return static_cast<size_t>(value.id); }

std::vector<bool> Marked(const Graph& graph, const std::vector<Value>& values) {
  std::vector<bool> marks(static_cast<size_t>(graph.size()));
  for (const Value value : values) marks[Index(value)] = true;
  return marks;
}

bool AnyOperand(const Node& node, const std::vector<bool>& marks) {
  return std::any_of(node.operands.begin(), node.operands.end(),
                     [&](Value v) { return v && marks[Index(v)]; });
}

std::vector<Value> Collect(const Graph& graph, bool adjoint, Value State::*member) {
  std::vector<Value> values;
  for (const State& state : graph.states) {
    if (state.adjoint == adjoint) values.push_back(state.*member);
  }
  return values;
}

}  // namespace

std::vector<bool> DependsOn(const Graph& graph, const std::vector<Value>& sources) {
  std::vector<bool> marks = Marked(graph, sources);
  for (const Value value : graph.TopologicalOrder()) {
    if (AnyOperand(graph.node(value), marks)) marks[Index(value)] = true;
  }
  return marks;
}

std::vector<bool> LeadsTo(const Graph& graph, const std::vector<Value>& targets) {
  std::vector<bool> marks = Marked(graph, targets);
  const std::vector<Value> order = graph.TopologicalOrder();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    if (!marks[Index(*it)]) continue;
    for (const Value operand : graph.node(*it).operands) {
      if (operand) marks[Index(operand)] = true;
    }
  }
  return marks;
}

std::vector<bool> LeadsToInTime(const Graph& graph, std::vector<Value> targets) {
  std::vector<bool> reaches = LeadsTo(graph, targets);
  for (bool changed = true; changed;) {
    changed = false;
    for (const State& state : graph.states) {
      if (reaches[Index(state.value)] && !reaches[Index(state.next)]) {
        targets.push_back(state.next);
        changed = true;
      }
    }
    if (changed) reaches = LeadsTo(graph, targets);
  }
  for (const State& state : graph.states) {
    if (state.initial && reaches[Index(state.value)]) reaches[Index(state.initial)] = true;
  }
  return reaches;
}

std::vector<bool> DependsOnTrained(const Graph& graph) {
  std::vector<bool> marks(static_cast<size_t>(graph.size()));
  const std::vector<Value> order = graph.TopologicalOrder();
  for (bool changed = true; changed;) {  // each round carries the marks through one more state
    for (const Value value : order) {
      const Node& node = graph.node(value);
      const bool differentiable = node.op == nullptr || node.op->adjoint != NotDifferentiable;
      if (node.trainable || (differentiable && AnyOperand(node, marks))) marks[Index(value)] = true;
    }
    changed = false;
    for (const State& state : graph.states) {
      const bool from_initial = state.initial && marks[Index(state.initial)];
      if (!marks[Index(state.value)] && (marks[Index(state.next)] || from_initial)) {
        marks[Index(state.value)] = changed = true;
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

std::vector<bool> InLoop(const Graph& graph) {
  std::vector<bool> in_loop = DependsOn(graph, StateValues(graph, false));
  const std::vector<bool> to_next = LeadsTo(graph, StateNexts(graph, false));
  for (size_t i = 0; i < in_loop.size(); ++i) in_loop[i] = in_loop[i] && to_next[i];
  return in_loop;
}

std::vector<bool> OnTheWayBack(const Graph& graph) {
  std::vector<Value> sources = StateValues(graph, true);
  for (const Value seed : Seeds(graph)) sources.push_back(seed);
  return DependsOn(graph, sources);
}

bool IsAmong(const Graph& graph, const std::vector<std::string>& names, Value value) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return graph.Find(name) == value; });
}

}  // namespace plgraph

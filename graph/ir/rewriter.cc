#include "graph/ir/rewriter.h"

#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"

namespace plgraph {

Rewriter::Rewriter(Graph& from) : from_(&from), map_(from.size()) { to_.Reserve(from.size()); }

std::vector<Value> Rewriter::Map(const std::vector<Value>& old) const {
  std::vector<Value> mapped;
  mapped.reserve(old.size());
  for (const Value value : old) mapped.push_back(Map(value));
  return mapped;
}

Node Rewriter::Take(Value old) {
  Node node = std::move(from_->node(old));
  from_->node(old).name = node.name;
  for (Value& operand : node.operands) operand = Map(operand);
  return node;
}

Graph Rewriter::Run(const NodeMap<bool>& keep, const std::function<Value(Value)>& visit) {
  for (const Value old : from_->TopologicalOrder()) {
    if (keep[old]) map_[old] = visit(old);
  }
  CarryOver();
  return std::move(to_);
}

void Rewriter::CarryOver() {
  to_.name = from_->name;
  for (State state : from_->states) {
    state.value = Map(state.value);
    state.next = Map(state.next);
    state.initial = Map(state.initial);
    state.resumes = Map(state.resumes);
    state.gradient_of = Map(state.gradient_of);
    if (state.value && state.next) to_.states.push_back(state);
  }
  for (Term term : from_->terms) {
    term.value = Map(term.value);
    term.weight = Map(term.weight);
    term.seed = Map(term.seed);
    to_.terms.push_back(std::move(term));
  }
  for (const ParameterGradient& g : from_->gradients) {
    to_.gradients.push_back({Map(g.parameter), Map(g.gradient)});
  }
  for (const ParameterUpdate& update : from_->updates) {
    to_.updates.push_back({Map(update.parameter), Map(update.next)});
  }
  for (int id = 0; id < from_->size(); ++id) CarryOverName(from_->node(Value{id}).name, Value{id});
  for (const auto& [alias, old] : from_->Aliases()) CarryOverName(alias, old);
  to_.last_step = Map(from_->last_step);
  to_.first_window = Map(from_->first_window);
  to_.first_run = Map(from_->first_run);
  to_.trace_choices = from_->trace_choices;
}

void Rewriter::CarryOverName(const std::string& name, Value old) {
  const Value value = Map(old);
  if (value && to_.node(value).name != name) to_.Alias(name, value);
}

NodeMap<bool> LiveNodes(const Graph& graph, const std::vector<std::string>& outputs) {
  std::vector<Value> roots;
  for (const Term& term : graph.terms) roots.push_back(term.value);
  for (const ParameterGradient& g : graph.gradients) {
    if (g.gradient) roots.push_back(g.gradient);
  }
  for (const ParameterUpdate& update : graph.updates) roots.push_back(update.next);
  for (const std::string& name : outputs) roots.push_back(graph.Find(name));
  // A state that nothing reads is dropped only if it does not live on: an adjoint state.
  for (const State& state : graph.states) {
    if (!state.adjoint) roots.push_back(state.next);
  }
  NodeMap<bool> live = LeadsTo(graph, roots);
  for (bool changed = true; changed;) {
    changed = false;
    for (const State& state : graph.states) {
      if (live[state.value] && !live[state.next]) {
        roots.push_back(state.next);
        changed = true;
      }
    }
    if (changed) live = LeadsTo(graph, roots);
  }
  for (int id = 0; id < graph.size(); ++id) {
    const NodeKind kind = graph.node(Value{id}).kind;
    if (kind == NodeKind::kInput || kind == NodeKind::kParameter) live[Value{id}] = true;
  }
  for (const State& state : graph.states) {
    if (!state.adjoint) live[state.value] = true;
  }
  for (const Term& term : graph.terms) {
    if (term.seed) live[term.seed] = true;
  }
  for (const Value control : {graph.last_step, graph.first_window, graph.first_run}) {
    if (control) live[control] = true;
  }
  return live;
}

void DropDeadNodes(Graph& graph, const std::vector<std::string>& outputs) {
  Rewriter rewriter(graph);
  graph = rewriter.Run(LiveNodes(graph, outputs), [&](Value old) { return rewriter.Keep(old); });
}

}  // namespace plgraph

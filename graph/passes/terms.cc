#include <algorithm>
#include <set>

#include "graph/ir/node_builder.h"
#include "graph/ir/node_map.h"
#include "graph/ir/reach.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

// A state and its next share memory, one step apart. So a next belongs to one state alone, is computed in the
// loop, and exists for every sample and step; where the model's own is not like that, a copy is.
void GiveStatesTheirOwnNext(Graph& graph) {
  const NodeMap<bool> from_state = DependsOn(graph, StateValues(graph, false));
  std::set<std::int32_t> taken;
  for (State& state : graph.states) {
    const Node& next = graph.node(state.next);
    const bool own = next.kind == NodeKind::kOp && next.variance == kFull && from_state[state.next] &&
                     taken.insert(state.next.id).second;
    if (!own) {
      const Node& node = graph.node(state.value);
      const std::string name = node.name + "/next";
      state.next = NodeBuilder(graph, MadeFor(node, name)).Apply("Copy", {state.next}, {true, true});
      graph.Rename(state.next, name);
    }
  }
}

// What terms add up over the steps.
std::vector<Value> TermsOfAllSteps(const Graph& graph) {
  std::vector<Value> values;
  for (const Term& term : graph.terms) {
    if (term.at != TermAt::kLastStep) values.push_back(term.value);
  }
  return values;
}

// Takes the last step of values as early as it can: what lies between the loop over the steps and a loss at
// the last step is then computed for that step only (a decoder, once in place of T times).
class LastStepSinker {
 public:
  explicit LastStepSinker(Graph& graph)
      : graph_(graph),
        order_(graph.TopologicalOrder()),
        feeds_state_(LeadsTo(graph, StateNexts(graph, false))),
        feeds_all_steps_(LeadsTo(graph, TermsOfAllSteps(graph))),
        needed_(graph.size()),
        at_last_(graph.size()),
        is_trace_(graph.size()) {
    for (const State& state : graph.states) is_trace_[state.value] = IsTrace(graph, state);
  }

  void Need(Value value) { needed_[value] = true; }

  void Run() {
    for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
      if (!IsNeeded(*it) || !Sinks(*it)) continue;
      for (const Value operand : graph_.node(*it).operands) {
        if (operand) Need(operand);
      }
    }
    for (const Value value : order_) {
      if (IsNeeded(value)) at_last_[value] = Take(value);
    }
  }

  Value AtLast(Value value) const { return value ? at_last_[value] : value; }

 private:
  bool IsNeeded(Value value) const { return needed_[value]; }
  bool Sinks(Value value) const {
    const Node& node = graph_.node(value);
    return node.kind == NodeKind::kOp && node.variance.step && node.op->instance_rule == InstanceRule::kMap &&
           !feeds_state_[value] && !IsProductAtEveryStep(value);
  }

  // A product with a trace. Where all of them are made anyway, the last one is at hand, while the trace at the last
  // step would have to be made.
  bool IsProductAtEveryStep(Value value) const {
    const std::vector<Value>& operands = graph_.node(value).operands;
    return feeds_all_steps_[value] &&
           std::any_of(operands.begin(), operands.end(), [&](Value v) { return v && IsTraceValue(v); });
  }

  // What the sinker itself adds is none.
  bool IsTraceValue(Value value) const { return is_trace_.Covers(value) && is_trace_[value]; }

  Value Take(Value value) {
    if (!graph_.node(value).variance.step) return value;
    Node copy = graph_.node(value);
    copy.name += "@last";
    copy.at_last_step = true;
    if (!Sinks(value)) {
      const Value last = NodeBuilder(graph_, copy).Apply("LastStep", {value});
      graph_.Rename(last, copy.name);
      return last;
    }
    for (Value& operand : copy.operands) operand = AtLast(operand);
    copy.variance.step = false;
    return graph_.Add(std::move(copy));
  }

  Graph& graph_;
  std::vector<Value> order_;
  NodeMap<bool> feeds_state_;
  NodeMap<bool> feeds_all_steps_;
  NodeMap<bool> needed_;
  NodeMap<Value> at_last_;
  NodeMap<bool> is_trace_;
};

Value AddControl(Graph& graph, const std::string& name, Variance variance) {
  Node node;
  node.name = name;
  node.kind = NodeKind::kControl;
  node.variance = variance;
  return graph.Add(std::move(node));
}

Value SumOverSteps(Graph& graph, const Term& term) {
  NodeBuilder builder(graph, MadeFor(graph.node(term.value), term.name));
  const Value value = term.weight ? builder.Mul(term.value, term.weight) : term.value;
  return builder.Apply("SumInstances", {value}, {false, true});
}

}  // namespace

void PrepareTerms(const PlannedFor&, Graph& graph) {
  GiveStatesTheirOwnNext(graph);
  for (Term& term : graph.terms) {
    if (!graph.node(term.value).variance.step && term.at == TermAt::kEveryStep) term.at = TermAt::kLastStep;
  }
  LastStepSinker sinker(graph);
  for (const Term& term : graph.terms) {
    if (term.at == TermAt::kLastStep) sinker.Need(term.value);
  }
  sinker.Run();
  for (Term& term : graph.terms) {
    if (term.at == TermAt::kLastStep) {
      term.value = sinker.AtLast(term.value);
    } else {
      term.value = SumOverSteps(graph, term);
    }
  }
  graph.last_step = AddControl(graph, "last_step", {.sample = false, .step = true});
  graph.first_window = AddControl(graph, "first_window", {});
}

}  // namespace plgraph
